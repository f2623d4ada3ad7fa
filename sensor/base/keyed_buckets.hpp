// SPDX-License-Identifier: BSD-3-Clause
// Memories of fixed size, such as "was this told already": entries found by a keyed print, in
// buckets, so that a stranger can neither fill the memory nor aim at another's place in it. Two
// prints that share a bucket do not push each other out; of too many, the least worth goes.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <functional>

namespace exwire {

/// The entry whose member `print` equals `print`, else the one of its bucket with the least
/// `worth` (a member or a function of Entry), which the caller overwrites.
template <size_t kBucket, typename Entry, size_t kPlaces, typename Worth>
Entry& place_of(std::array<Entry, kPlaces>& entries, uint64_t print, Worth worth) noexcept {
  static_assert(kPlaces % kBucket == 0);
  Entry* const bucket = &entries[print % (kPlaces / kBucket) * kBucket];
  Entry* least = bucket;
  for (Entry* entry = bucket; entry != bucket + kBucket; ++entry) {
    if (entry->print == print) return *entry;
    if (std::invoke(worth, *entry) < std::invoke(worth, *least)) least = entry;
  }
  return *least;
}

}  // namespace exwire
