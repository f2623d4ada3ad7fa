// SPDX-License-Identifier: BSD-3-Clause
// Time stamps of packets as far as they can be believed. A packet a little behind its predecessor
// gets its predecessor's time, so that no duration becomes negative; one that lies years off gets
// it too, unless the packet beside it agrees: a second file, a quiet month and a clock that was set
// are real, one packet from the year 2056 is not.
#pragma once

#include "sensor/base/time.hpp"

namespace exwire {

class PacketStamps {
 public:
  static constexpr int64_t kBehindNs = 60 * kNanosPerSecond;
  static constexpr int64_t kAheadNs = 24 * 3600 * kNanosPerSecond;

  static bool follows(Timestamp stamp, Timestamp before) noexcept {
    const int64_t ahead = stamp.ns - before.ns;
    return ahead >= -kBehindNs && ahead <= kAheadNs;
  }
  /// `next`: the stamp of the packet behind it, null when that is not known yet.
  Timestamp believe(Timestamp stamp, const Timestamp* next) noexcept {
    if (!started_ || follows(stamp, last_)) {
      started_ = true;
      suspected_ = false;
      backward_steps_ += stamp < last_;
      if (stamp > last_) last_ = stamp;
      return last_;
    }
    ++(stamp < last_ ? backward_steps_ : odd_jumps_);
    const bool confirmed = (suspected_ && follows(stamp, suspect_)) ||
                           (next != nullptr && follows(*next, stamp) && !follows(*next, last_));
    suspected_ = !confirmed;
    suspect_ = stamp;
    if (confirmed) last_ = stamp;
    return last_;
  }
  /// What follows may begin at any other time.
  void restart() noexcept {
    last_ = {};
    started_ = suspected_ = false;
  }
  uint64_t backward_steps() const noexcept { return backward_steps_; }
  uint64_t odd_jumps() const noexcept { return odd_jumps_; }

 private:
  Timestamp last_, suspect_;
  bool started_ = false, suspected_ = false;
  uint64_t backward_steps_ = 0, odd_jumps_ = 0;
};

}  // namespace exwire
