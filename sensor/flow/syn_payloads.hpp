// SPDX-License-Identifier: BSD-3-Clause
// Payload that came on SYNs (RFC 9293 3.10.7.2; TCP Fast Open, RFC 7413). Most servers drop it, and
// its client sends it again; a server that takes it says so by its acknowledgement, and then nobody
// repeats it. A small fixed table shared by all half-open entries: a newer SYN displaces an older
// one, so that a flood of them costs nothing but these octets.
#pragma once

#include <array>
#include <bitset>
#include <cstddef>
#include <cstdint>
#include <memory>

#include "sensor/base/bytes.hpp"
#include "sensor/base/memory.hpp"

namespace exwire::flow {

class SynPayloads {
 public:
  static constexpr uint32_t kEntries = 256;
  /// What fits a SYN on Ethernet; of more only this much is kept.
  static constexpr uint32_t kMostOctets = 1460;

  explicit SynPayloads(Budget& budget);

  /// `seq`: of the first octet, the SYN's number plus one.
  void keep(uint64_t flow_hash, uint32_t seq, Bytes octets) noexcept;
  /// The server has acknowledged up to `ack`.
  void acknowledge(uint64_t flow_hash, uint32_t seq, uint32_t ack) noexcept;
  /// What a server has taken of it: as much as it acknowledged. Without its answer: all of it if
  /// the client goes on behind it with `next`. Empty when nothing was kept or taken. Valid until
  /// the next keep().
  Bytes taken(uint64_t flow_hash, uint32_t seq, uint32_t next) const noexcept;

 private:
  struct Entry {
    uint64_t hash = 0;
    uint32_t seq = 0;
    uint16_t size = 0;   ///< 0: free
    uint16_t taken = 0;  ///< octets acknowledged
    bool answered = false;
    std::array<uint8_t, kMostOctets> octets;
  };
  static size_t place_of(uint64_t flow_hash) noexcept { return flow_hash >> 24 & (kEntries - 1); }
  Entry& at(uint64_t flow_hash) const noexcept { return entries_[place_of(flow_hash)]; }
  static bool is(const Entry& entry, uint64_t flow_hash, uint32_t seq) noexcept {
    return entry.size > 0 && entry.hash == flow_hash && entry.seq == seq;
  }

  std::unique_ptr<Entry[]> entries_;
  std::bitset<kEntries> used_;  ///< ever: most SYNs are empty, and their entries stay untouched
};

}  // namespace exwire::flow
