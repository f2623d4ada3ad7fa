// SPDX-License-Identifier: BSD-3-Clause
// Time is packet time. PacketClock is the engine's only clock: it never runs back, and one step
// forward is at most 60 s, so that a single absurd time stamp cannot expire every flow at once.
#pragma once

#include <algorithm>
#include <compare>
#include <cstdint>

namespace exwire {

inline constexpr int64_t kNanosPerSecond = 1'000'000'000;
inline constexpr int64_t kNanosPerMilli = 1'000'000;

/// Nanoseconds since 1970-01-01 00:00:00 UTC.
struct Timestamp {
  int64_t ns = 0;
  friend auto operator<=>(Timestamp, Timestamp) = default;
};

class PacketClock {
 public:
  static constexpr int64_t kLargestStepNs = 60 * kNanosPerSecond;

  Timestamp now() const noexcept { return now_; }
  bool started() const noexcept { return started_; }
  uint64_t backward_steps() const noexcept { return backward_steps_; }
  uint64_t capped_steps() const noexcept { return capped_steps_; }

  void advance(Timestamp to) noexcept {
    if (!started_) {
      now_ = to;
      started_ = true;
    } else if (to < now_) {
      ++backward_steps_;
    } else if (to.ns - now_.ns > kLargestStepNs && !confirmed(to)) {
      ++capped_steps_;
      now_.ns += kLargestStepNs;
    } else {
      now_ = to;
    }
  }

 private:
  // A jump is believed once a second packet agrees with it: a quiet night in a capture is real,
  // one packet from the year 2056 is not.
  bool confirmed(Timestamp to) noexcept {
    const int64_t distance = to.ns > suspect_.ns ? to.ns - suspect_.ns : suspect_.ns - to.ns;
    suspect_ = to;
    return distance <= kLargestStepNs;
  }

  Timestamp now_;
  Timestamp suspect_;
  bool started_ = false;
  uint64_t backward_steps_ = 0;
  uint64_t capped_steps_ = 0;
};

}  // namespace exwire
