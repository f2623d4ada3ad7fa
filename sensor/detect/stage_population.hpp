// SPDX-License-Identifier: BSD-3-Clause
// The connections of one server at one stage: how many, how old, and whose. A ring of seconds
// counts by the time a stage was entered, so that a change costs O(1) and nothing is kept per
// connection; sources stand in a table of fixed size in which heavy ones outlive light ones.
#pragma once

#include <array>
#include <cstdint>
#include <span>

#include "sensor/wire/flow_key.hpp"

namespace exwire::detect {

/// One client address and how many of its connections are certainly stalled.
struct StallSource {
  wire::Address address{};
  uint8_t ip_version = 4;
  uint16_t port = 0;  ///< of its newest connection
  uint32_t connections = 0;
};

class StagePopulation {
 public:
  static constexpr uint32_t kSeconds = 1024;  ///< longest memory
  static constexpr uint32_t kMostThreshold = 512;
  static constexpr uint32_t kSources = 512;

  /// A connection `threshold_s` at the stage is stalled; one `window_s` there is forgotten: its end
  /// was not seen, or its server has given it up long ago.
  StagePopulation(uint32_t threshold_s, uint32_t window_s) noexcept;

  void enter(const wire::Address& client, uint8_t ip_version, uint16_t port,
             uint32_t since_s) noexcept;
  void leave(const wire::Address& client, uint8_t ip_version, uint32_t since_s) noexcept;
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
  uint32_t sources() const noexcept;
  bool sources_displaced() const noexcept { return displaced_ > 0; }
  /// Fills `list` with those that hold most, largest first; returns how many. Connections count
  /// that are certainly stalled, or all while that is not known and it makes little difference.
  size_t top(std::span<StallSource> list) const noexcept;
  /// Connections of the `count` (at most 16) largest sources, stalled or not yet.
  uint32_t held_by(size_t count) const noexcept;

 private:
  static constexpr uint32_t kSlots = 14;
  static constexpr uint32_t kProbes = 8;
  static constexpr uint32_t kRecent = 16;  ///< seconds, power of two
  struct Source {
    wire::Address address{};
    uint32_t old = 0;                      ///< certainly stalled
    std::array<uint32_t, kSlots> young{};  ///< by the time of entering, in slots
    uint16_t port = 0;
    uint8_t ip_version = 0;  ///< 0: free

    uint64_t total() const noexcept;
  };
  bool counts_all() const noexcept;

  bool remembered(uint32_t since_s) const noexcept {
    return now_s_ < since_s || now_s_ - since_s < window_s_;
  }
  bool is_stalled(uint32_t since_s) const noexcept {
    return now_s_ >= since_s && now_s_ - since_s >= threshold_s_;
  }
  uint32_t& second(uint32_t time_s) noexcept { return ring_[time_s % kSeconds]; }
  Source* find(const wire::Address& client, uint8_t ip_version) noexcept;
  Source* find_or_add(const wire::Address& client, uint8_t ip_version) noexcept;
  uint32_t& count_of(Source& source, uint32_t since_s) noexcept;
  void age_sources() noexcept;
  void forget_all() noexcept;

  uint32_t threshold_s_, window_s_, slot_s_;
  uint32_t now_s_ = 0;
  uint32_t oldest_young_ = 0;  ///< slots before it are old
  uint32_t present_ = 0, stalled_ = 0;
  uint64_t became_stalled_ = 0, displaced_ = 0;
  bool stale_ = false;  ///< sources hold connections that the ring has forgotten
  std::array<uint32_t, kSeconds> ring_{};
  std::array<uint32_t, kRecent> entered_{};  ///< within each of the last seconds
  std::array<Source, kSources> sources_{};
};

}  // namespace exwire::detect
