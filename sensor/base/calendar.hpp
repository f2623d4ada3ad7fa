// SPDX-License-Identifier: BSD-3-Clause
// Dates as logs write them, without the C library: its calendar looks the time zone up each time.
#pragma once

#include <chrono>
#include <cstdint>

#include "sensor/base/decimal.hpp"

namespace exwire {

inline constexpr size_t kDateOctets = 19;
inline constexpr int64_t kSecondsPerDay = 86400;

/// Writes "2026-01-31T", ten digits and marks and one: for years 0 to 9999.
inline void put_day(char* at, int64_t days) noexcept {
  const std::chrono::year_month_day day{std::chrono::sys_days(std::chrono::days(days))};
  const auto year = static_cast<uint64_t>(int{day.year()});
  put_two_digits(at, year / 100);
  put_two_digits(at + 2, year % 100);
  put_two_digits(at + 5, unsigned{day.month()});
  put_two_digits(at + 8, unsigned{day.day()});
  at[4] = at[7] = '-';
  at[10] = 'T';
}

/// Writes "23:59:59".
inline void put_time_of_day(char* at, uint32_t second) noexcept {
  put_two_digits(at, second / 3600);
  put_two_digits(at + 3, second / 60 % 60);
  put_two_digits(at + 6, second % 60);
  at[2] = at[5] = ':';
}

/// Writes "2026-01-31T23:59:59", UTC: kDateOctets characters. False, and nothing written, for years
/// that have not four digits.
inline bool put_date(char* at, int64_t seconds) noexcept {
  constexpr int64_t kFirst = -62167219200, kLast = 253402300799;  // years 0 and 9999
  if (seconds < kFirst || seconds > kLast) return false;
  const int64_t since_first = seconds - kFirst;  // whole days as well
  put_day(at, since_first / kSecondsPerDay + kFirst / kSecondsPerDay);
  put_time_of_day(at + 11, static_cast<uint32_t>(since_first % kSecondsPerDay));
  return true;
}

}  // namespace exwire
