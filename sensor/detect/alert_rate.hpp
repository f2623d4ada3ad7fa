// SPDX-License-Identifier: BSD-3-Clause
// How many alert lines may leave: at most 85 in any second of packet time, 70 of them at once. With
// the sums at the end of a capture, 15 a second by their own times, none has more than 100. Whoever
// provokes findings provokes no more lines than a person, or a SIEM, can take.
#pragma once

#include <algorithm>
#include <cstdint>

#include "sensor/base/time.hpp"

namespace exwire::detect {

/// A token bucket whose tokens are packet time.
class AlertRate {
 public:
  static constexpr int64_t kPerSecond = 15, kAtOnce = 70;

  /// The next file of a replay may be older than the last one: it begins with all its lines.
  void advance(Timestamp to) noexcept {
    const int64_t passed = to.ns - now_.ns;
    if (passed > -kStepBackNs && passed <= 0) return;
    credit_ = passed < 0 ? kMost : credit_ + std::min(passed, kMost - credit_);
    now_ = to;
  }
  /// Goes on from an earlier time with what is left.
  void rewind(Timestamp to) noexcept { now_ = to; }
  Timestamp now() const noexcept { return now_; }

  /// Whether a line may leave, and `reserve` lines of others after it.
  bool allows(int64_t reserve) const noexcept { return credit_ >= (1 + reserve) * kCost; }
  bool take(int64_t reserve) noexcept {
    if (!allows(reserve)) return false;
    credit_ -= kCost;
    return true;
  }
  /// A line that leaves in any case.
  void charge() noexcept { credit_ = std::max<int64_t>(credit_ - kCost, 0); }

 private:
  static constexpr int64_t kCost = kNanosPerSecond / kPerSecond;
  static constexpr int64_t kMost = kAtOnce * kCost;
  static constexpr int64_t kStepBackNs = 3600 * kNanosPerSecond;

  Timestamp now_;
  int64_t credit_ = kMost;
};

}  // namespace exwire::detect
