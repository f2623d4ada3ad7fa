// SPDX-License-Identifier: BSD-3-Clause
#include "sensor/flow/recent_segments.hpp"

#include <array>
#include <cstring>

#include "sensor/base/quick_digest.hpp"

namespace exwire::flow {
namespace {

constexpr uint32_t kStart = 16;

// Of the first octets alone, for copies that are shorter: two words, no second pass.
uint32_t start_of(uint64_t seed, Bytes octets) noexcept {
  std::array<uint64_t, 2> words{};
  if (octets.size >= kStart) {
    std::memcpy(words.data(), octets.data, kStart);
  } else if (octets.size > 0) {
    std::memcpy(words.data(), octets.data, octets.size);
  }
  return static_cast<uint32_t>(quick_mix(quick_mix(seed, words[0]), words[1]) >> 16);
}

}  // namespace

RecentSegments::RecentSegments(Budget& budget) {
  budget.take(kEntries * sizeof(Entry));
  entries_ = std::make_unique<Entry[]>(kEntries);
}

uint64_t RecentSegments::key_of(uint64_t flow_hash, uint32_t seq) noexcept {
  return quick_mix(flow_hash, seq) | 1;  // never the 0 of an empty entry
}

void RecentSegments::remember(uint64_t flow_hash, uint32_t seq, Bytes octets) noexcept {
  const uint64_t key = key_of(flow_hash, seq);
  entries_[key >> 32 & (kEntries - 1)] = {key, quick_digest(flow_hash, octets), octets.size,
                                          start_of(flow_hash, octets)};
}

bool RecentSegments::differs(uint64_t flow_hash, uint32_t seq, Bytes octets) const noexcept {
  const uint64_t key = key_of(flow_hash, seq);
  const Entry& known = entries_[key >> 32 & (kEntries - 1)];
  if (known.key != key) return false;
  if (octets.size >= known.size)
    return quick_digest(flow_hash, octets.first(known.size)) != known.digest;
  return octets.size >= kStart && start_of(flow_hash, octets) != known.start;
}

}  // namespace exwire::flow
