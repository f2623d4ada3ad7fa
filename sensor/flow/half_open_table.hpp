// SPDX-License-Identifier: BSD-3-Clause
// Connections that are not established yet, in 64 octets each: SYNs, SYN-ACKs, and stray segments
// of connections whose start was not seen. A fixed array of small buckets; when a bucket is full
// the entry least worth keeping makes room, so a flood lives and dies in here and never touches the
// flow table.
#pragma once

#include <array>
#include <cstdint>
#include <memory>

#include "sensor/base/memory.hpp"
#include "sensor/base/time.hpp"
#include "sensor/wire/flow_key.hpp"
#include "sensor/wire/packet.hpp"

namespace exwire::flow {

/// How far a handshake has come, for those who count waiting ones.
enum class HalfOpenStage : uint8_t {
  none,        ///< not begun before our eyes, refused, or over
  unanswered,  ///< one SYN; real hosts repeat it
  repeated,    ///< several SYNs, no answer
  answered,    ///< SYN and SYN-ACK
  waiting,     ///< SYN and repeated SYN-ACK: its server says that no answer has come
  hammered,    ///< SYNs on the same ports as no host repeats them; told for each of them
  aborted,     ///< the client, or the host whose address was forged, refused the answer
};

enum HalfOpenMark : uint8_t {
  kUsed = 1 << 0,
  kSyn = 1 << 1,           ///< a SYN was seen
  kSynAck = 1 << 2,        ///< a SYN-ACK was seen (and fits the SYN, if that was seen)
  kClientLo = 1 << 3,      ///< the client is key.lo
  kClientScales = 1 << 4,  ///< the SYN carried a window scale
  kServerScales = 1 << 5,
};

struct HalfOpen {
  wire::FlowKey key;
  uint64_t first_us : 44 = 0;   ///< microseconds since the table's epoch
  uint64_t last_10ms : 20 = 0;  ///< since `first_us`, in units of 10 ms, saturating: 2.9 hours
  uint32_t client_next = 0;     ///< next sequence number of the client: ISN + 1
  uint32_t server_next = 0;
  std::array<uint8_t, 2> packets{};      ///< by direction, saturating
  std::array<uint8_t, 2> wire_octets{};  ///< of the first packet each, saturating: SYNs repeat
  std::array<uint8_t, 2> tcp_flags{};
  uint8_t window_scales = 0;  ///< as in Flow
  uint8_t marks = 0;

  bool has(uint8_t mark) const noexcept { return (marks & mark) != 0; }
  bool is_stray() const noexcept { return !has(kSyn | kSynAck); }
  bool is_refused() const noexcept { return ((tcp_flags[0] | tcp_flags[1]) & wire::kRst) != 0; }
  HalfOpenStage stage() const noexcept {
    if (!has(kUsed) || !has(kSyn)) return HalfOpenStage::none;
    if (is_refused()) {
      const bool by_client = (tcp_flags[0] & wire::kRst) != 0;
      return has(kSynAck) && by_client ? HalfOpenStage::aborted : HalfOpenStage::none;
    }
    if (has(kSynAck)) return packets[1] > 1 ? HalfOpenStage::waiting : HalfOpenStage::answered;
    return packets[0] > 1 ? HalfOpenStage::repeated : HalfOpenStage::unanswered;
  }
  uint16_t server_port() const noexcept { return has(kClientLo) ? key.hi_port : key.lo_port; }
  /// What a flood may push out first.
  bool is_cheap() const noexcept { return is_stray() || is_refused(); }
};
static_assert(sizeof(HalfOpen) == 64);

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

  void prefetch(uint64_t hash) const noexcept {
    const HalfOpen* bucket = bucket_of(hash);
    for (uint32_t index = 0; index < kBucket; ++index) __builtin_prefetch(bucket + index, 1);
  }
  HalfOpen* find(const wire::FlowKey& key, uint64_t hash) noexcept;
  /// A free entry, by shedding another when the bucket is full. Never null.
  HalfOpen& insert(const wire::FlowKey& key, uint64_t hash, Timestamp now) noexcept;
  void erase(HalfOpen& entry) noexcept;
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
    const uint32_t share = size_ / kSweepShares + 1;
    for (uint32_t step = 0; step < share && in_use_ > 0; ++step) {
      HalfOpen& entry = entries_[cursor_++ & (size_ - 1)];
      if (entry.has(kUsed) && is_over(entry, now)) {
        expired(entry);
        erase(entry);
      }
    }
  }
  template <class Drained>
  void drain(Drained&& drained) {
    for (uint32_t index = 0; index < size_ && in_use_ > 0; ++index) {
      if (!entries_[index].has(kUsed)) continue;
      drained(entries_[index]);
      erase(entries_[index]);
    }
  }

  uint32_t in_use() const noexcept { return in_use_; }
  uint64_t shed() const noexcept { return shed_; }

 private:
  static constexpr uint32_t kSweepShares = 512;

  HalfOpen* bucket_of(uint64_t hash) const noexcept {
    return &entries_[(hash >> 32) & (size_ - kBucket)];
  }

  struct Free {
    void operator()(void* memory) const noexcept;
  };
  uint32_t size_;
  std::unique_ptr<void, Free> memory_;
  HalfOpen* entries_;  ///< in it, each in a cache line of its own
  uint32_t cursor_ = 0, in_use_ = 0;
  uint64_t shed_ = 0;
  Timestamp epoch_;
};

}  // namespace exwire::flow
