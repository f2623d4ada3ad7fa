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

/// Four lanes, so that the multiplications do not wait for each other. What 32 does not divide is
/// read with some of the octets before it once more: a copy would be read before it is written.
inline uint64_t quick_digest(uint64_t seed, Bytes octets) noexcept {
  std::array<uint64_t, 4> lanes{seed, seed + 1, seed + 2, seed + 3};
  const uint8_t* at = octets.data;
  uint32_t left = octets.size;
  for (; left >= 32; at += 32, left -= 32) {
    std::array<uint64_t, 4> words;
    std::memcpy(words.data(), at, 32);
    for (size_t lane = 0; lane < 4; ++lane) lanes[lane] = quick_mix(lanes[lane], words[lane]);
  }
  std::array<uint64_t, 4> rest{};
  if (octets.size >= 32) {
    std::memcpy(rest.data(), octets.end() - 32, 32);
  } else if (left > 0) {
    std::memcpy(rest.data(), at, left);
  }
  uint64_t sum = quick_mix(seed, octets.size);
  for (size_t lane = 0; lane < 4; ++lane) sum = quick_mix(sum, quick_mix(lanes[lane], rest[lane]));
  return sum;
}

}  // namespace exwire
