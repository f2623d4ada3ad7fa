// SPDX-License-Identifier: BSD-3-Clause
// Times as every reader of EVE agrees on: UTC with six digits and +0000. Neighbouring events are of
// the same day, so the calendar is asked once a day.
#pragma once

#include <algorithm>
#include <array>
#include <cstring>

#include "sensor/base/calendar.hpp"
#include "sensor/base/time.hpp"

namespace exwire::report {

class TimestampText {
 public:
  static constexpr size_t kOctets = 31;

  /// Writes kOctets of plain text; what follows them.
  char* put(char* at, Timestamp time) noexcept {
    // From 1970, for what lies before is no capture time, to 2262, where 64 bits end.
    const int64_t ns = std::max<int64_t>(time.ns, 0);
    const int64_t second = ns / kNanosPerSecond;
    if (const int64_t day = second / kSecondsPerDay; day != day_) {
      day_ = day;
      put_day(text_.data(), day);
    }
    std::memcpy(at, text_.data(), kOctets);
    put_time_of_day(at + 11, static_cast<uint32_t>(second % kSecondsPerDay));
    const auto micros = static_cast<uint32_t>(ns % kNanosPerSecond / 1000);
    put_two_digits(at + 20, micros / 10000);
    put_two_digits(at + 22, micros / 100 % 100);
    put_two_digits(at + 24, micros % 100);
    return at + kOctets;
  }

 private:
  std::array<char, kOctets + 1> text_{"1970-01-01T00:00:00.000000+0000"};  ///< of some time of day
  int64_t day_ = 0;
};

}  // namespace exwire::report
