// SPDX-License-Identifier: BSD-3-Clause
// Numbers in decimal, several digits at a time and without a branch for each: events are full of
// them.
#pragma once

#include <array>
#include <bit>
#include <cstdint>
#include <cstring>

namespace exwire {

/// Octets of the longest 64-bit number.
inline constexpr size_t kMostDecimals = 20;

/// Writes both digits of a number below 100.
inline void put_two_digits(char* at, uint64_t value) noexcept {
  static constexpr std::array<char, 200> kPairs = [] {
    std::array<char, 200> pairs{};
    for (size_t number = 0; number < 100; ++number) {
      pairs[2 * number] = static_cast<char>('0' + number / 10);
      pairs[2 * number + 1] = static_cast<char>('0' + number % 10);
    }
    return pairs;
  }();
  std::memcpy(at, kPairs.data() + 2 * value, 2);
}

/// The eight digits of a number below 10^8, a value from 0 to 9 in each octet, first digit lowest:
/// halves, quarters and eighths of the word are divided side by side.
constexpr uint64_t eight_digits(uint32_t value) noexcept {
  constexpr uint32_t kHalf = 10000;
  uint64_t digits = value / kHalf | uint64_t{value % kHalf} << 32;
  uint64_t tens = (digits * 10486 >> 20) & 0x0000007f'0000007f;  // hundredths of each
  digits = tens | (digits - tens * 100) << 16;
  tens = (digits * 103 >> 10) & 0x000f000f'000f000f;  // tenths
  return tens | (digits - tens * 10) << 8;
}

/// How many digits a number has, by its highest bit: what is added for that carries into the upper
/// half as many as there are, one more from the power of ten on that shares the bit.
inline uint32_t decimal_digits(uint32_t value) noexcept {
  static constexpr std::array<uint64_t, 32> kAdded = [] {
    std::array<uint64_t, 32> added{};
    uint64_t power = 10, digits = 1;
    for (size_t bit = 0; bit < added.size(); ++bit) {
      const bool shared = power >> (bit + 1) == 0;
      added[bit] = shared ? ((digits + 1) << 32) - power : digits << 32;
      if (shared) power *= 10;
      if (shared) ++digits;
    }
    return added;
  }();
  return static_cast<uint32_t>((value + kAdded[std::bit_width(value | 1) - 1]) >> 32);
}

/// Writes the number without leading zeros; what follows it. Up to seven octets behind it are
/// overwritten as well. Its length is not taken from the digits, which take long to be there: what
/// is written next waits for it.
inline char* put_decimal(char* at, uint64_t value) noexcept {
  constexpr uint32_t kEightDigits = 100'000'000;
  constexpr uint64_t kZeros = 0x30303030'30303030;
  if (value < 10) {
    *at = static_cast<char>('0' + value);
    return at + 1;
  }
  uint64_t digits = 0;
  if (value >= kEightDigits) {
    at = put_decimal(at, value / kEightDigits);
    digits = eight_digits(static_cast<uint32_t>(value % kEightDigits)) | kZeros;
    std::memcpy(at, &digits, sizeof digits);
    return at + sizeof digits;
  }
  const uint32_t length = decimal_digits(static_cast<uint32_t>(value));
  digits = (eight_digits(static_cast<uint32_t>(value)) | kZeros) >> 8 * (sizeof digits - length);
  std::memcpy(at, &digits, sizeof digits);
  return at + length;
}

}  // namespace exwire
