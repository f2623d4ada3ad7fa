// SPDX-License-Identifier: BSD-3-Clause
// The connections of one server at one stage: how many, how old, and whose. A ring of seconds
// counts by the time a stage was entered, so that a change costs O(1) and nothing is kept per
// connection; whose they are stands in a table of sources.
#pragma once

#include <array>
#include <cstdint>
#include <span>

#include "sensor/detect/stall_sources.hpp"

namespace exwire::detect {

class StagePopulation {
 public:
  static constexpr uint32_t kSeconds = 1024;  ///< longest memory
  static constexpr uint32_t kMostThreshold = 512;

  /// A connection `threshold_s` at the stage is stalled; one `window_s` there is forgotten: its end
  /// was not seen, or its server has given it up long ago.
  StagePopulation(uint32_t threshold_s, uint32_t window_s) noexcept;

  void enter(const StallClient& client, uint16_t port, uint32_t since_s) noexcept;
  void leave(const StallClient& client, uint32_t since_s) noexcept;
  void advance(uint32_t now_s) noexcept;

  uint32_t threshold_s() const noexcept { return threshold_s_; }
  uint32_t present() const noexcept { return present_; }
  uint32_t stalled() const noexcept { return stalled_; }
  /// Connections that have been at the stage for `age_s` (few seconds, at most the threshold).
  uint32_t older_than(uint32_t age_s) const noexcept;
  /// Whether most of those that entered within the last seconds are still here.
  bool most_remain() const noexcept;
  /// How many have ever become stalled.
  uint64_t became_stalled() const noexcept { return became_stalled_; }
  uint32_t oldest_s() const noexcept;
  /// Distinct clients as in top(); a lower bound once sources were displaced.
  uint32_t sources(bool young_too) const noexcept {
    return sources_.count(young_too || counts_all());
  }
  bool sources_displaced() const noexcept { return sources_.displaced() > 0; }
  /// Connections whose source could not be kept, ever.
  uint64_t sources_shed() const noexcept { return sources_.shed(); }
  /// Fills `list` with those that hold most, largest first; returns how many. Connections count
  /// that are certainly stalled, or all: with `young_too`, and while the former are not known and
  /// it makes little difference.
  size_t top(std::span<StallSource> list, bool young_too) const noexcept {
    return sources_.top(list, young_too || counts_all());
  }
  /// Connections of the `count` (at most 16) largest sources, stalled or not yet.
  uint32_t held_by(size_t count) const noexcept { return sources_.held_by(count); }

 private:
  static constexpr uint32_t kRecent = 16;  ///< seconds, power of two
  bool counts_all() const noexcept;

  bool remembered(uint32_t since_s) const noexcept {
    return now_s_ < since_s || now_s_ - since_s < window_s_;
  }
  bool is_stalled(uint32_t since_s) const noexcept {
    return now_s_ >= since_s && now_s_ - since_s >= threshold_s_;
  }
  uint32_t& second(uint32_t time_s) noexcept { return ring_[time_s % kSeconds]; }
  void forget_all() noexcept;

  uint32_t threshold_s_, window_s_, slot_s_;
  uint32_t now_s_ = 0;
  uint32_t present_ = 0, stalled_ = 0;
  uint64_t became_stalled_ = 0;
  bool stale_ = false;  ///< sources hold connections that the ring has forgotten
  std::array<uint32_t, kSeconds> ring_{};
  std::array<uint32_t, kRecent> entered_{};  ///< within each of the last seconds
  StallSources sources_;
};

}  // namespace exwire::detect
