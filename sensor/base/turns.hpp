// SPDX-License-Identifier: BSD-3-Clause
// Order between threads that work on one batch. Each says at which place of the batch it is; who
// must do something in the order of the batch waits until all others are beyond its own place. Who
// is at the smallest place waits for nobody, so that all get there. No lock and no atomic
// read-modify-write: going on is one store to a line of one's own.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <limits>
#include <thread>
#include <vector>

namespace exwire {

class Turns {
 public:
  static constexpr uint32_t kDone = std::numeric_limits<uint32_t>::max();
  /// Looks, with pauses, before a thread that waits sleeps: some hundred microseconds.
  static constexpr uint32_t kPatience = 1U << 14;

  explicit Turns(uint32_t threads) : places_(threads) {}

  uint32_t threads() const noexcept { return static_cast<uint32_t>(places_.size()); }
  /// Thread `who` has done everything before `place`.
  void reach(uint32_t who, uint32_t place) noexcept {
    places_[who].at.store(place, std::memory_order_release);
  }
  /// To be asked by the thread itself.
  uint32_t place_of(uint32_t who) const noexcept {
    return places_[who].at.load(std::memory_order_relaxed);
  }
  /// Returns when all others are beyond the place of `who`; what they did before it is visible
  /// then, and none of them gets past a wait of its own before `who` goes on.
  void wait(uint32_t who) const noexcept {
    const uint32_t mine = place_of(who);
    if (mine == kDone) return;  // outside of batches, where one thread runs at a time
    for (uint32_t other = 0; other < threads(); ++other) {
      if (other != who) wait_until(other, mine + 1);
    }
  }
  /// Returns when all but `who` have done their part of the batch.
  void wait_for_all(uint32_t who) const noexcept {
    for (uint32_t other = 0; other < threads(); ++other) {
      if (other != who) wait_until(other, kDone);
    }
  }
  /// Tells the processor that a thread only waits.
  static void pause() noexcept {
#if defined(__x86_64__)
    __builtin_ia32_pause();
#endif
  }

 private:
  struct alignas(64) Place {
    std::atomic<uint32_t> at{kDone};
  };

  // The others are about to come: who sleeps loses more time than they need. Where they do not run
  // at all, a short sleep gives them the processor; to yield it would cost a place in its queue.
  void wait_until(uint32_t other, uint32_t place) const noexcept {
    constexpr std::chrono::microseconds kNap{50};
    for (uint32_t look = 0; places_[other].at.load(std::memory_order_acquire) < place; ++look) {
      if (look < kPatience) {
        pause();
      } else {
        std::this_thread::sleep_for(kNap);
      }
    }
  }

  std::vector<Place> places_;
};

}  // namespace exwire
