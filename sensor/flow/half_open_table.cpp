// SPDX-License-Identifier: BSD-3-Clause
#include "sensor/flow/half_open_table.hpp"

#include <algorithm>
#include <bit>
#include <utility>

namespace exwire::flow {
namespace {

constexpr unsigned kFirstBits = 44;

void add_saturating(uint8_t& counter) noexcept {
  if (counter != 0xff) ++counter;
}

}  // namespace

HalfOpenTable::HalfOpenTable(Budget& budget, uint32_t entries)
    : buckets_(std::bit_ceil(std::max(entries, kBucket)) / kBucket), entries_(places() + 1) {
  budget.take(entries_.octets() + buckets_.octets());
}

HalfOpen* HalfOpenTable::find(const wire::FlowKey& key, uint64_t hash) noexcept {
  const Bucket& bucket = bucket_of(hash);
  const Glance tag = tag_of(hash);
  for (uint32_t place = 0; place < kBucket; ++place) {
    if ((bucket.glances[place] & kTagMask) != tag) continue;
    HalfOpen& entry = entries_[bucket.slots[place]];
    if (entry.key == key) return &entry;
  }
  return nullptr;
}

// Strays and refused ones go before handshakes, then the one silent for longest. Of the two halves
// of the circle of times one is the past, so that a step back makes no entry the oldest. Where it
// matters without branches: in a flood nobody could foretell them.
uint32_t HalfOpenTable::place_in(const Bucket& bucket) noexcept {
  if (has_room(bucket)) {
    uint32_t place = 0;
    while (bucket.glances[place] != kFree) ++place;
    return place;
  }
  constexpr Glance kCircle = Glance{1} << (32 - kSeenShift), kCheapRank = kCircle,
                   kFreeRank = 2 * kCheapRank;
  const Glance now = bucket.glances[0] >> kSeenShift;
  int32_t highest = 0;  // rank and, from the back, place
  for (uint32_t at = 0; at < kBucket; ++at) {
    const Glance glance = bucket.glances[at];
    const Glance age = (now + kCircle / 2 - (glance >> kSeenShift)) & (kCircle - 1);
    const Glance rank =
        age + (glance & kCheap ? kCheapRank : 0) + (glance == kFree ? kFreeRank : 0);
    highest = std::max(highest, static_cast<int32_t>(rank * kBucket + (kBucket - 1 - at)));
  }
  return kBucket - 1 - static_cast<uint32_t>(highest) % kBucket;
}

HalfOpen& HalfOpenTable::insert(const wire::FlowKey& key, uint64_t hash, Timestamp now) noexcept {
  // Some slack for steps back; whole microseconds, so that no start is rounded across one.
  if (in_use_ == 0) epoch_ = {(now.ns - kTimeoutNs) / 1000 * 1000};
  Bucket& bucket = bucket_of(hash);
  const uint32_t place = place_in(bucket);
  if (bucket.glances[place] == kFree) {
    ++in_use_;
    bucket.slots[place] = take_slot();
  } else {
    ++shed_;
  }
  HalfOpen& entry = entries_[bucket.slots[place]];
  entry = HalfOpen{};
  entry.key = key;
  const int64_t since_us = std::max<int64_t>(0, now.ns - epoch_.ns) / 1000;
  entry.first_us = static_cast<uint64_t>(since_us) & ((uint64_t{1} << kFirstBits) - 1);
  bucket.glances[place] = tag_of(hash);
  return entry;
}

uint32_t HalfOpenTable::take_slot() noexcept {
  if (free_ == 0) return ++made_;
  return std::exchange(free_, entries_[free_].client_next);
}

void HalfOpenTable::free_place(Bucket& bucket, size_t place) noexcept {
  const uint32_t slot = std::exchange(bucket.slots[place], 0);
  bucket.glances[place] = kFree;
  entries_[slot].client_next = std::exchange(free_, slot);
  --in_use_;
}

uint32_t HalfOpenTable::place_of(const HalfOpen& entry, const Bucket& bucket) const noexcept {
  const auto slot = static_cast<uint32_t>(&entry - entries_.begin());
  uint32_t place = 0;
  while (place + 1 < kBucket && bucket.slots[place] != slot) ++place;
  return place;
}

HalfOpenTable::Glance HalfOpenTable::glance_of(const HalfOpen& entry, Glance tag) noexcept {
  constexpr uint64_t kSeenUs = 10000;
  const auto seen = static_cast<Glance>(entry.first_us / kSeenUs + entry.last_10ms);
  return seen << kSeenShift | (entry.is_cheap() ? kCheap : 0) | tag;
}

bool HalfOpenTable::covers(Timestamp now) const noexcept {
  constexpr int64_t kSpanNs = (int64_t{1} << (kFirstBits - 1)) * 1000;  // 101 days
  return in_use_ == 0 || (now >= epoch_ && now.ns - epoch_.ns < kSpanNs);
}

void HalfOpenTable::erase(const HalfOpen& entry, uint64_t hash) noexcept {
  Bucket& bucket = bucket_of(hash);
  free_place(bucket, place_of(entry, bucket));
}

void HalfOpenTable::count(HalfOpen& entry, const wire::Packet& packet,
                          Direction direction) noexcept {
  const auto side = static_cast<size_t>(direction);
  add_saturating(entry.packets[side]);
  if (entry.wire_octets[side] == 0) {
    entry.wire_octets[side] = static_cast<uint8_t>(std::min<uint32_t>(packet.wire_octets, 0xff));
  }
  entry.tcp_flags[side] = static_cast<uint8_t>(entry.tcp_flags[side] | packet.tcp_flags);
  const int64_t since = (packet.time.ns - first_seen(entry).ns) / (10 * kNanosPerMilli);
  constexpr int64_t kMost = (1 << 20) - 1;
  entry.last_10ms = static_cast<uint64_t>(
                        std::clamp<int64_t>(since, static_cast<int64_t>(entry.last_10ms), kMost)) &
                    kMost;
  Bucket& bucket = bucket_of(packet.hash);
  bucket.glances[place_of(entry, bucket)] = glance_of(entry, tag_of(packet.hash));
}

Timestamp HalfOpenTable::first_seen(const HalfOpen& entry) const noexcept {
  return {epoch_.ns + static_cast<int64_t>(entry.first_us) * 1000};
}

Timestamp HalfOpenTable::last_seen(const HalfOpen& entry) const noexcept {
  return {first_seen(entry).ns + static_cast<int64_t>(entry.last_10ms) * 10 * kNanosPerMilli};
}

}  // namespace exwire::flow
