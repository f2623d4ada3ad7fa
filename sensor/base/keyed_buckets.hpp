// SPDX-License-Identifier: BSD-3-Clause
// Memories of fixed size, such as "was this told already": entries found by a keyed print, in
// buckets, so that a stranger can neither fill the memory nor aim at another's place in it. Two
// prints that share a bucket do not push each other out; of too many, the least worth goes.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <type_traits>

namespace exwire {

/// The first entry of the bucket for `print`.
template <size_t kBucket, typename Entries>
auto& bucket_of(Entries& entries, uint64_t print) noexcept {
  constexpr size_t kPlaces = std::tuple_size_v<std::remove_const_t<Entries>>;
  static_assert(kPlaces % kBucket == 0);
  return entries[print % (kPlaces / kBucket) * kBucket];
}

/// The entry whose member `print` equals `print`, else the one of its bucket with the least
/// `worth` (a member or a function of Entry), which the caller overwrites.
template <size_t kBucket, typename Entry, size_t kPlaces, typename Worth>
Entry& place_of(std::array<Entry, kPlaces>& entries, uint64_t print, Worth worth) noexcept {
  Entry* const bucket = &bucket_of<kBucket>(entries, print);
  for (Entry* entry = bucket; entry != bucket + kBucket; ++entry) {
    if (entry->print == print) return *entry;
  }
  Entry* least = bucket;
  auto lowest = std::invoke(worth, *bucket);
  for (Entry* entry = bucket + 1; entry != bucket + kBucket; ++entry) {
    const auto value = std::invoke(worth, *entry);
    const bool lower = value < lowest;  // chosen without a branch, which nobody could predict
    least = lower ? entry : least;
    lowest = lower ? value : lowest;
  }
  return *least;
}

}  // namespace exwire
