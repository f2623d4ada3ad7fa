// SPDX-License-Identifier: BSD-3-Clause
#include "sensor/flow/half_open_table.hpp"

#include <algorithm>
#include <bit>
#include <cstdlib>
#include <type_traits>

namespace exwire::flow {
namespace {

constexpr unsigned kFirstBits = 44;

}  // namespace
namespace {

void add_saturating(uint8_t& counter) noexcept {
  if (counter != 0xff) ++counter;
}

}  // namespace

void HalfOpenTable::Free::operator()(void* memory) const noexcept {
  std::free(memory);
}

HalfOpenTable::HalfOpenTable(Budget& budget, uint32_t entries)
    : size_(std::bit_ceil(std::max(entries, kBucket))) {
  static_assert(std::is_trivially_copyable_v<HalfOpen>);
  budget.take(size_ * sizeof(HalfOpen));
  // calloc: zero pages of the kernel, so that an empty table costs no memory.
  size_t octets = (size_t{size_} + 1) * sizeof(HalfOpen);
  memory_.reset(std::calloc(1, octets));
  if (!memory_) throw std::bad_alloc();
  void* start = memory_.get();
  entries_ =
      static_cast<HalfOpen*>(std::align(sizeof(HalfOpen), size_ * sizeof(HalfOpen), start, octets));
}

HalfOpen* HalfOpenTable::find(const wire::FlowKey& key, uint64_t hash) noexcept {
  if (in_use_ == 0) return nullptr;
  HalfOpen* bucket = bucket_of(hash);
  for (uint32_t index = 0; index < kBucket; ++index) {
    if (bucket[index].has(kUsed) && bucket[index].key == key) return &bucket[index];
  }
  return nullptr;
}

HalfOpen& HalfOpenTable::insert(const wire::FlowKey& key, uint64_t hash, Timestamp now) noexcept {
  // Some slack for steps back; whole microseconds, so that no start is rounded across one.
  if (in_use_ == 0) epoch_ = {(now.ns - kTimeoutNs) / 1000 * 1000};
  HalfOpen* bucket = bucket_of(hash);
  HalfOpen* victim = &bucket[0];
  for (uint32_t index = 0; index < kBucket; ++index) {
    HalfOpen& entry = bucket[index];
    if (!entry.has(kUsed)) {
      victim = &entry;
      break;
    }
    // Strays and refused ones go before handshakes, then the one silent for longest.
    const bool worse = entry.is_cheap() != victim->is_cheap()
                           ? entry.is_cheap()
                           : last_seen(entry) < last_seen(*victim);
    if (worse) victim = &entry;
  }
  if (victim->has(kUsed)) {
    ++shed_;
  } else {
    ++in_use_;
  }
  *victim = HalfOpen{};
  victim->key = key;
  victim->marks = kUsed;
  const int64_t since_us = std::max<int64_t>(0, now.ns - epoch_.ns) / 1000;
  victim->first_us = static_cast<uint64_t>(since_us) & ((uint64_t{1} << kFirstBits) - 1);
  return *victim;
}

bool HalfOpenTable::covers(Timestamp now) const noexcept {
  constexpr int64_t kSpanNs = (int64_t{1} << (kFirstBits - 1)) * 1000;  // 101 days
  return in_use_ == 0 || (now >= epoch_ && now.ns - epoch_.ns < kSpanNs);
}

void HalfOpenTable::erase(HalfOpen& entry) noexcept {
  entry.marks = 0;
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
}

Timestamp HalfOpenTable::first_seen(const HalfOpen& entry) const noexcept {
  return {epoch_.ns + static_cast<int64_t>(entry.first_us) * 1000};
}

Timestamp HalfOpenTable::last_seen(const HalfOpen& entry) const noexcept {
  return {first_seen(entry).ns + static_cast<int64_t>(entry.last_10ms) * 10 * kNanosPerMilli};
}

}  // namespace exwire::flow
