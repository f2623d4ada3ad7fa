// SPDX-License-Identifier: BSD-3-Clause
// Connections that are not established yet, in 64 octets each: SYNs, SYN-ACKs, and stray segments
// of connections whose start was not seen. A fixed array of small buckets; when a bucket is full
// the entry least worth keeping makes room, so a flood lives and dies in here and never touches the
// flow table. A bucket is a cache line with what a search asks of its entries; these stand close
// together elsewhere, the one given back last is taken next: the few handshakes of an honest minute
// share a few pages, and only a flood makes each look at an entry wait for memory.
#pragma once

#include <array>
#include <cstdint>

#include "sensor/base/memory.hpp"
#include "sensor/base/page_array.hpp"
#include "sensor/base/time.hpp"
#include "sensor/flow/half_open.hpp"
#include "sensor/wire/flow_key.hpp"
#include "sensor/wire/packet.hpp"

namespace exwire::flow {

class HalfOpenTable {
 public:
  /// Of four, one would be too small once in 30 captures of 10,000 SYNs.
  static constexpr uint32_t kBucket = 8;
  /// An entry silent for so long is over: Windows gives up a half-open connection after about
  /// 21 s, Linux repeats a SYN for at most 63 s at a time.
  static constexpr int64_t kTimeoutNs = 64 * kNanosPerSecond;
  /// A connection of which too little is seen may be silent as long as any other.
  static constexpr int64_t kStrayTimeoutNs = 3600 * kNanosPerSecond;

  /// `entries` is rounded up to a power of two; the memory is charged to the budget at once and
  /// touched only as it is used.
  HalfOpenTable(Budget& budget, uint32_t entries);

  void prefetch(uint64_t hash) const noexcept { __builtin_prefetch(&bucket_of(hash), 1); }
  /// The entry that find() will look at, or insert() take.
  void prefetch_found(uint64_t hash) const noexcept {
    const Bucket& bucket = bucket_of(hash);
    const Glance tag = tag_of(hash);
    uint32_t place = 0;
    while (place < kBucket && (bucket.glances[place] & kTagMask) != tag) ++place;
    if (place == kBucket) {
      if (has_room(bucket)) return;  // for what was given back last: that is in the cache
      place = place_in(bucket);
    }
    __builtin_prefetch(&entries_[bucket.slots[place]], 1);
  }
  HalfOpen* find(const wire::FlowKey& key, uint64_t hash) noexcept;
  /// A free entry, by shedding another when the bucket is full; its packets are to be counted.
  HalfOpen& insert(const wire::FlowKey& key, uint64_t hash, Timestamp now) noexcept;
  /// `hash`: that of its key, as for all calls.
  void erase(const HalfOpen& entry, uint64_t hash) noexcept;
  /// False when times so far from those in the table cannot be kept beside them (captures merged
  /// from other years): the table must be drained first.
  bool covers(Timestamp now) const noexcept;

  void count(HalfOpen& entry, const wire::Packet& packet, Direction direction) noexcept;
  Timestamp first_seen(const HalfOpen& entry) const noexcept;
  Timestamp last_seen(const HalfOpen& entry) const noexcept;
  Timestamp over_at(const HalfOpen& entry) const noexcept {
    return {last_seen(entry).ns + (entry.is_stray() ? kStrayTimeoutNs : kTimeoutNs)};
  }
  bool is_over(const HalfOpen& entry, Timestamp now) const noexcept { return now > over_at(entry); }

  /// Looks at the next share of the table (a full round takes about a minute of ticks) and hands
  /// out what is over; each is erased after the call.
  template <class Expired>
  void sweep(Timestamp now, Expired&& expired) {
    const size_t share = places() / kSweepShares + 1;
    for (size_t step = 0; step < share && in_use_ > 0; ++step) {
      const size_t at = cursor_++ & (places() - 1);
      const HalfOpen* entry = at_place(at);
      if (entry == nullptr || !is_over(*entry, now)) continue;
      expired(*entry);
      free_place(buckets_[at / kBucket], at % kBucket);
    }
  }
  template <class Drained>
  void drain(Drained&& drained) {
    for (size_t at = 0; at < places() && in_use_ > 0; ++at) {
      const HalfOpen* entry = at_place(at);
      if (entry == nullptr) continue;
      drained(*entry);
      free_place(buckets_[at / kBucket], at % kBucket);
    }
  }

  uint32_t in_use() const noexcept { return in_use_; }
  uint64_t shed() const noexcept { return shed_; }

 private:
  static constexpr uint32_t kSweepShares = 512;

  /// Of an entry: 8 bits of its hash, whether it is cheap, and when it was seen last, in units of
  /// 10 ms that start again after 23 hours.
  using Glance = uint32_t;
  static constexpr Glance kFree = 0, kTagMask = 0xff, kCheap = 0x100;
  static constexpr unsigned kSeenShift = 9;

  struct alignas(64) Bucket {
    std::array<Glance, kBucket> glances;
    std::array<uint32_t, kBucket> slots;  ///< where the entries stand, 0: nowhere
  };

  const Bucket& bucket_of(uint64_t hash) const noexcept {
    return buckets_[(hash >> 35) & (buckets_.size() - 1)];
  }
  Bucket& bucket_of(uint64_t hash) noexcept {
    return buckets_[(hash >> 35) & (buckets_.size() - 1)];
  }
  /// Never that of a free place.
  static Glance tag_of(uint64_t hash) noexcept { return (hash >> 24 & kTagMask) | 1; }
  static Glance glance_of(const HalfOpen& entry, Glance tag) noexcept;
  /// Whether its last place is free, which is taken last: in quiet times always, in a flood never.
  static bool has_room(const Bucket& bucket) noexcept {
    return bucket.glances[kBucket - 1] == kFree;
  }
  /// Where the next one comes: a free place, or that of the entry least worth keeping.
  static uint32_t place_in(const Bucket& bucket) noexcept;
  uint32_t place_of(const HalfOpen& entry, const Bucket& bucket) const noexcept;
  uint32_t take_slot() noexcept;
  void free_place(Bucket& bucket, size_t place) noexcept;

  size_t places() const noexcept { return buckets_.size() * kBucket; }
  const HalfOpen* at_place(size_t at) const noexcept {
    const uint32_t slot = buckets_[at / kBucket].slots[at % kBucket];
    return slot == 0 ? nullptr : &entries_[slot];
  }

  PageArray<Bucket> buckets_;
  PageArray<HalfOpen> entries_;  ///< by slot
  uint32_t made_ = 0;            ///< slots that were ever taken
  uint32_t free_ = 0;            ///< the one given back last; its client_next is the one before
  uint32_t cursor_ = 0, in_use_ = 0;
  uint64_t shed_ = 0;
  Timestamp epoch_;
};

}  // namespace exwire::flow
