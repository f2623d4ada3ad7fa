// SPDX-License-Identifier: BSD-3-Clause
#include "sensor/flow/half_open_table.hpp"

#include <algorithm>
#include <bit>

namespace exwire::flow {
namespace {

constexpr unsigned kFirstBits = 44;

void add_saturating(uint8_t& counter) noexcept {
  if (counter != 0xff) ++counter;
}

}  // namespace

HalfOpenTable::HalfOpenTable(Budget& budget, uint32_t entries)
    : entries_(std::bit_ceil(std::max(entries, kBucket))), glances_(entries_.size()) {
  budget.take(entries_.octets() + glances_.octets());
}

HalfOpen* HalfOpenTable::find(const wire::FlowKey& key, uint64_t hash) noexcept {
  const size_t bucket = bucket_of(hash);
  const Glance tag = tag_of(hash);
  for (size_t at = bucket; at < bucket + kBucket; ++at) {
    if ((glances_[at] & kTagMask) == tag && entries_[at].key == key) return &entries_[at];
  }
  return nullptr;
}

// Strays and refused ones go before handshakes, then the one silent for longest. Of the two halves
// of the circle of times one is the past, so that a step back makes no entry the oldest. Without
// branches: in a flood nobody could foretell them.
size_t HalfOpenTable::place_in(size_t bucket) const noexcept {
  constexpr Glance kCircle = Glance{1} << (32 - kSeenShift), kCheapRank = kCircle,
                   kFreeRank = 2 * kCheapRank;
  const Glance* glances = &glances_[bucket];
  const Glance now = glances[0] >> kSeenShift;
  int32_t highest = 0;  // rank and, from the back, place
  for (uint32_t at = 0; at < kBucket; ++at) {
    const Glance glance = glances[at];
    const Glance age = (now + kCircle / 2 - (glance >> kSeenShift)) & (kCircle - 1);
    const Glance rank =
        age + (glance & kCheap ? kCheapRank : 0) + (glance == kFree ? kFreeRank : 0);
    highest = std::max(highest, static_cast<int32_t>(rank * kBucket + (kBucket - 1 - at)));
  }
  return bucket + (kBucket - 1 - static_cast<uint32_t>(highest) % kBucket);
}

HalfOpen& HalfOpenTable::insert(const wire::FlowKey& key, uint64_t hash, Timestamp now) noexcept {
  // Some slack for steps back; whole microseconds, so that no start is rounded across one.
  if (in_use_ == 0) epoch_ = {(now.ns - kTimeoutNs) / 1000 * 1000};
  const size_t place = place_in(bucket_of(hash));
  const bool sheds = glances_[place] != kFree;
  shed_ += sheds;
  in_use_ += !sheds;
  HalfOpen& entry = entries_[place];
  entry = HalfOpen{};
  entry.key = key;
  entry.marks = kUsed;
  const int64_t since_us = std::max<int64_t>(0, now.ns - epoch_.ns) / 1000;
  entry.first_us = static_cast<uint64_t>(since_us) & ((uint64_t{1} << kFirstBits) - 1);
  glances_[place] = tag_of(hash);
  return entry;
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

void HalfOpenTable::erase(HalfOpen& entry) noexcept {
  entry.marks = 0;
  glances_[place_of(entry)] = kFree;
  --in_use_;
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
  Glance& glance = glances_[place_of(entry)];
  glance = glance_of(entry, glance & kTagMask);
}

Timestamp HalfOpenTable::first_seen(const HalfOpen& entry) const noexcept {
  return {epoch_.ns + static_cast<int64_t>(entry.first_us) * 1000};
}

Timestamp HalfOpenTable::last_seen(const HalfOpen& entry) const noexcept {
  return {first_seen(entry).ns + static_cast<int64_t>(entry.last_10ms) * 10 * kNanosPerMilli};
}

}  // namespace exwire::flow
