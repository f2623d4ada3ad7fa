// SPDX-License-Identifier: BSD-3-Clause
// Numbers in decimal, two digits at a time from a table: what events are mostly made of.
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

constexpr uint32_t count_decimals(uint64_t value) noexcept {
  constexpr std::array<uint64_t, kMostDecimals> kPowers = [] {
    std::array<uint64_t, kMostDecimals> powers{};
    uint64_t power = 1;
    for (size_t exponent = 1; exponent < kMostDecimals; ++exponent) powers[exponent] = power *= 10;
    return powers;
  }();
  // 1233 / 4096 is little more than log 2: the guess is right or one too low.
  const auto guess = static_cast<uint32_t>(std::bit_width(value | 1)) * 1233 >> 12;
  return guess + (value >= kPowers[guess] ? 1 : 0);
}

/// Writes the number without leading zeros, at most kMostDecimals octets; what follows them.
inline char* put_decimal(char* at, uint64_t value) noexcept {
  char* const end = at + (value < 10 ? 1 : count_decimals(value));
  char* place = end;
  for (; value >= 100; value /= 100) put_two_digits(place -= 2, value % 100);
  if (value >= 10) {
    put_two_digits(place - 2, value);
  } else {
    place[-1] = static_cast<char>('0' + value);
  }
  return end;
}

}  // namespace exwire
