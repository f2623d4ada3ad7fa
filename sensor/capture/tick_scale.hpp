// SPDX-License-Identifier: BSD-3-Clause
// pcapng's time stamps (if_tsresol, if_tsoffset) to nanoseconds. Every of the 256 resolutions has
// an exact, rounded down answer; what lies outside our range is moved to its border, so that
// hostile numbers overflow neither here nor where a time-out is added later.
#pragma once

#include <cstdint>

#include "sensor/base/time.hpp"

namespace exwire::capture {

class TickScale {
 public:
  /// The year 2255: seven years of room below what 63 bits of nanoseconds hold.
  static constexpr int64_t kLatestNs = 9'000'000'000 * kNanosPerSecond;
  static constexpr uint8_t kMicroseconds = 6;

  struct Converted {
    Timestamp time;
    bool moved;  ///< the true value is not to be held
  };

  /// `resolution`: a negative power of ten or, with its upper bit set, of two.
  constexpr explicit TickScale(uint8_t resolution = kMicroseconds,
                               int64_t offset_seconds = 0) noexcept
      : offset_seconds_(offset_seconds) {
    const unsigned exponent = resolution & 0x7fU;
    if (resolution & 0x80U) {
      shift_ = static_cast<uint8_t>(exponent);
      return;
    }
    // Beyond 10^-29 a full counter of 64 bits is less than a nanosecond.
    constexpr unsigned kFinest = 29;
    multiplier_ = 1;
    for (unsigned power = exponent; power < 9; ++power) multiplier_ *= 10;
    for (unsigned power = 9; power < exponent && power < kFinest; ++power) divisor_ *= 10;
  }

  constexpr Converted to_time(uint64_t ticks) const noexcept {
    Wide ns = Wide{ticks} * multiplier_;  // below 2^64 * 2^30
    if (divisor_ != 1) ns /= divisor_;
    const SignedWide sum =
        static_cast<SignedWide>(ns >> shift_) + SignedWide{offset_seconds_} * kNanosPerSecond;
    if (sum < 0) return {{0}, true};
    if (sum > kLatestNs) return {{kLatestNs}, true};
    return {{static_cast<int64_t>(sum)}, false};
  }

 private:
  using Wide = unsigned __int128;
  using SignedWide = __int128;

  uint64_t multiplier_ = static_cast<uint64_t>(kNanosPerSecond);
  Wide divisor_ = 1;
  int64_t offset_seconds_;
  uint8_t shift_ = 0;
};

}  // namespace exwire::capture
