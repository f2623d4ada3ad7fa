// SPDX-License-Identifier: BSD-3-Clause
#include "sensor/flow/recent_segments.hpp"

#include <array>
#include <cstring>

namespace exwire::flow {
namespace {

constexpr uint64_t kOdd = 0x9e3779b97f4a7c15ULL;
constexpr uint32_t kStart = 16;

uint64_t mix(uint64_t state, uint64_t word) noexcept {
  state = (state ^ word) * kOdd;
  return state ^ (state >> 29);
}

// Four lanes, so that the multiplications do not wait for each other. What 32 does not divide is
// read with some of the octets before it once more: a copy would be read before it is written.
uint64_t digest_of(uint64_t seed, Bytes octets) noexcept {
  std::array<uint64_t, 4> lanes{seed, seed + 1, seed + 2, seed + 3};
  const uint8_t* at = octets.data;
  uint32_t left = octets.size;
  for (; left >= 32; at += 32, left -= 32) {
    std::array<uint64_t, 4> words;
    std::memcpy(words.data(), at, 32);
    for (size_t lane = 0; lane < 4; ++lane) lanes[lane] = mix(lanes[lane], words[lane]);
  }
  std::array<uint64_t, 4> rest{};
  if (octets.size >= 32) {
    std::memcpy(rest.data(), octets.end() - 32, 32);
  } else if (left > 0) {
    std::memcpy(rest.data(), at, left);
  }
  uint64_t sum = mix(seed, octets.size);
  for (size_t lane = 0; lane < 4; ++lane) sum = mix(sum, mix(lanes[lane], rest[lane]));
  return sum;
}

// Of the first octets alone, for copies that are shorter: two words, no second pass.
uint32_t start_of(uint64_t seed, Bytes octets) noexcept {
  std::array<uint64_t, 2> words{};
  if (octets.size >= kStart) {
    std::memcpy(words.data(), octets.data, kStart);
  } else if (octets.size > 0) {
    std::memcpy(words.data(), octets.data, octets.size);
  }
  return static_cast<uint32_t>(mix(mix(seed, words[0]), words[1]) >> 16);
}

}  // namespace

RecentSegments::RecentSegments(Budget& budget) {
  budget.take(kEntries * sizeof(Entry));
  entries_ = std::make_unique<Entry[]>(kEntries);
}

uint64_t RecentSegments::key_of(uint64_t flow_hash, uint32_t seq) noexcept {
  return mix(flow_hash, seq) | 1;  // never the 0 of an empty entry
}

void RecentSegments::remember(uint64_t flow_hash, uint32_t seq, Bytes octets) noexcept {
  const uint64_t key = key_of(flow_hash, seq);
  entries_[key >> 32 & (kEntries - 1)] = {key, digest_of(flow_hash, octets), octets.size,
                                          start_of(flow_hash, octets)};
}

bool RecentSegments::differs(uint64_t flow_hash, uint32_t seq, Bytes octets) const noexcept {
  const uint64_t key = key_of(flow_hash, seq);
  const Entry& known = entries_[key >> 32 & (kEntries - 1)];
  if (known.key != key) return false;
  if (octets.size >= known.size)
    return digest_of(flow_hash, octets.first(known.size)) != known.digest;
  return octets.size >= kStart && start_of(flow_hash, octets) != known.start;
}

}  // namespace exwire::flow
