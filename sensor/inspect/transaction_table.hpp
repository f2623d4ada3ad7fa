// SPDX-License-Identifier: BSD-3-Clause
// HTTP transactions that are open: a request waits here for its response, for an hour if it is a
// Direct Push Ping, while its flow sleeps. Bounded; when full, the oldest is told as far as it is
// known and makes room.
#pragma once

#include <boost/unordered/unordered_flat_map.hpp>
#include <cstdint>

#include "sensor/base/memory.hpp"
#include "sensor/base/siphash.hpp"
#include "sensor/inspect/http_transaction.hpp"

namespace exwire::inspect {

class TransactionTable {
 public:
  /// A transaction and its places in two lists: those of its flow, and all by age.
  struct Entry {
    Entry() noexcept {}  // NOLINT: otherwise `Entry()` clears the transaction's arena as well

    uint32_t flow = 0;
    uint32_t next_of_flow = 0;
    uint32_t older = 0, newer = 0;
    bool linked = false;
    HttpTransaction transaction;  ///< behind the rest, which shares a cache line with its front
  };

  TransactionTable(Budget& budget, uint32_t most);

  /// A blank transaction that belongs to nobody yet, or 0 when the table is full.
  uint32_t take();
  /// Lets go of one, linked or not.
  void give(uint32_t handle) noexcept;
  /// Makes it findable as transaction `number` of `flow`.
  void link(uint32_t handle, uint32_t flow, uint32_t number);
  /// 0 when there is none.
  uint32_t find(uint32_t flow, uint32_t number) noexcept;
  /// Any (the first) open transaction of a flow, 0 when there is none.
  uint32_t first_of(uint32_t flow) const noexcept;
  /// The one that has waited longest, 0 when none is linked.
  uint32_t oldest() const noexcept { return oldest_; }

  Entry& operator[](uint32_t handle) noexcept { return entries_[handle]; }
  uint32_t in_use() const noexcept { return entries_.in_use(); }

 private:
  void unlink(uint32_t handle) noexcept;

  struct HashHandle {
    size_t operator()(uint32_t handle) const noexcept {
      return handle * size_t{0x9e3779b97f4a7c15};
    }
  };
  Slab<Entry> entries_;
  // Keyed by flow handle, which is the sensor's own number and no attacker's choice.
  boost::unordered_flat_map<uint32_t, uint32_t, HashHandle> first_of_flow_;
  uint32_t oldest_ = 0, newest_ = 0;
  uint32_t found_ = 0;  ///< by the last find(): moments of one transaction come together
};

}  // namespace exwire::inspect
