// SPDX-License-Identifier: BSD-3-Clause
// Dates as logs write them, without the C library: its calendar looks the time zone up each time.
#pragma once

#include <chrono>
#include <cstdint>

namespace exwire {

inline constexpr size_t kDateOctets = 19;

inline void put_digits(char* at, int64_t value, int width) noexcept {
  for (int place = width - 1; place >= 0; --place, value /= 10) {
    at[place] = static_cast<char>('0' + value % 10);
  }
}

/// Writes "2026-01-31T23:59:59", UTC: kDateOctets characters. False, and nothing written, for years
/// that have not four digits.
inline bool put_date(char* at, int64_t seconds) noexcept {
  constexpr int64_t kFirst = -62167219200, kLast = 253402300799;  // years 0 and 9999
  if (seconds < kFirst || seconds > kLast) return false;
  const std::chrono::sys_seconds clock{std::chrono::seconds(seconds)};
  const auto midnight = std::chrono::floor<std::chrono::days>(clock);
  const std::chrono::year_month_day day(midnight);
  const int64_t second = (clock - midnight).count();
  put_digits(at, int{day.year()}, 4);
  put_digits(at + 5, unsigned{day.month()}, 2);
  put_digits(at + 8, unsigned{day.day()}, 2);
  put_digits(at + 11, second / 3600, 2);
  put_digits(at + 14, second / 60 % 60, 2);
  put_digits(at + 17, second % 60, 2);
  at[4] = at[7] = '-';
  at[10] = 'T';
  at[13] = at[16] = ':';
  return true;
}

}  // namespace exwire
