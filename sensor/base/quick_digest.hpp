// SPDX-License-Identifier: BSD-3-Clause
// A digest of some hundred octets at the price of reading them: to find what is then compared octet
// for octet, or, with a seed that no sender knows, to see that two copies differ. No table may be
// searched by it: SipHash is for that.
#pragma once

#include <array>
#include <cstdint>
#include <cstring>

#include "sensor/base/bytes.hpp"

namespace exwire {

inline uint64_t quick_mix(uint64_t state, uint64_t word) noexcept {
  state = (state ^ word) * 0x9e3779b97f4a7c15ULL;
  return state ^ (state >> 29);
}

/// Both halves of a product of two words: each bit of either counts.
inline uint64_t quick_fold(uint64_t a, uint64_t b) noexcept {
  using Wide = unsigned __int128;
  const Wide product = Wide{a} * b;
  return static_cast<uint64_t>(product) ^ static_cast<uint64_t>(product >> 64);
}

/// Eight octets in the machine's own order, straight into a register.
inline uint64_t load_word(const uint8_t* at) noexcept {
  uint64_t word;
  std::memcpy(&word, at, sizeof word);
  return word;
}

/// Two lanes, so that the multiplications do not wait for each other. A word that makes a factor 0
/// would hide what came before it: only who knows the seed can choose it. What 32 does not divide
/// is read with some of the octets before it once more: a copy would be read before it is written.
inline uint64_t quick_digest(uint64_t seed, Bytes octets) noexcept {
  const uint64_t first_key = quick_mix(seed, 1), second_key = quick_mix(seed, 2);
  uint64_t first = seed, second = ~seed;
  const auto take = [&](const uint8_t* at) {
    first = quick_fold(load_word(at) ^ first_key, load_word(at + 8) ^ first);
    second = quick_fold(load_word(at + 16) ^ second_key, load_word(at + 24) ^ second);
  };
  constexpr uint32_t kStep = 32;
  const uint8_t* at = octets.data;
  uint32_t left = octets.size;
  for (; left >= kStep; at += kStep, left -= kStep) take(at);
  if (octets.size >= kStep) {
    take(octets.end() - kStep);
  } else {
    std::array<uint8_t, kStep> rest{};
    if (left > 0) std::memcpy(rest.data(), at, left);
    take(rest.data());
  }
  return quick_mix(quick_mix(first, second), octets.size);
}

}  // namespace exwire
