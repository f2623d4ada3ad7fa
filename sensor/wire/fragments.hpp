// SPDX-License-Identifier: BSD-3-Clause
// Joins the fragments of IP datagrams (RFC 791 3.2, RFC 8200 4.5). Fragments that overlap kill
// their datagram, as on every current host (RFC 5722, and Windows and Linux for IPv4 as well): any
// other answer would make up a packet that the server never sees. The older models exist for
// networks that still have such hosts.
#pragma once

#include <array>
#include <boost/unordered/unordered_flat_map.hpp>
#include <cstdint>
#include <vector>

#include "sensor/base/memory.hpp"
#include "sensor/base/time.hpp"
#include "sensor/wire/network.hpp"

namespace exwire::wire {

/// Whose octets count where fragments overlap.
enum class FragmentPolicy : uint8_t { drop, first, windows_legacy, solaris, bsd, linux_old, last };

struct FragmentCounters {
  uint64_t joined = 0;    ///< datagrams completed
  uint64_t overlaps = 0;  ///< datagrams given up for it
  uint64_t oversize = 0;  ///< beyond 65,535 octets, or two different ends
  uint64_t expired = 0;   ///< never completed
  uint64_t shed = 0;      ///< given up for lack of memory
  uint64_t cut = 0;       ///< fragments the capture does not hold in full
};

class Fragments {
 public:
  static constexpr uint32_t kMostDatagrams = 8192;
  static constexpr size_t kMostOctets = size_t{24} << 20;  ///< buffers of all datagrams together
  /// Windows waits 60 s for the rest, Linux 30 s.
  static constexpr int64_t kTimeoutNs = 60 * kNanosPerSecond;

  Fragments(HashKey secret, FragmentPolicy policy, Budget& budget);
  Fragments(const Fragments&) = delete;
  Fragments& operator=(const Fragments&) = delete;
  ~Fragments();

  /// A fragment; true when it completes its datagram: `view` is the whole one then, its octets
  /// valid until the next release().
  bool join(NetworkView& view, uint16_t vlan, Timestamp now);
  /// Gives back what join() handed out.
  void release() noexcept;
  const FragmentCounters& counters() const noexcept { return counters_; }
  uint32_t waiting() const noexcept { return datagrams_.in_use(); }

 private:
  static constexpr uint32_t kBlock = 8, kLargest = 65535, kBlocks = 8192;

  struct Datagram {
    Address source, destination;
    uint64_t hash;
    int64_t since_ns;
    uint32_t id, older, newer;
    uint16_t vlan;
    uint8_t protocol, ip_version, ttl;
    bool dead;  ///< what still comes is swallowed
    bool end_known;
    uint32_t end;      ///< length of the datagram, when known
    uint32_t highest;  ///< end of the farthest fragment
    uint32_t covered;  ///< blocks of 8 octets that are there
    uint32_t used, capacity;
    uint8_t* buffer;  ///< pieces in order of arrival, each behind a Piece
    std::array<uint64_t, kBlocks / 64> blocks;
  };
  struct Piece {
    uint32_t start, size;
  };

  uint64_t key_of(const NetworkView& view, uint16_t vlan) const noexcept;
  uint32_t find_or_open(const NetworkView& view, uint16_t vlan, Timestamp now);
  bool keep(Datagram& datagram, uint32_t start, Bytes octets);
  bool mark(Datagram& datagram, uint32_t start, uint32_t end) noexcept;
  bool is_repetition(const Datagram& datagram, uint32_t start, Bytes octets) const noexcept;
  void kill(Datagram& datagram, uint64_t& counter) noexcept;
  void drop(uint32_t handle) noexcept;
  void expire(Timestamp now) noexcept;
  bool assemble(Datagram& datagram, NetworkView& view);
  bool wins(Piece fresh, Piece old) const noexcept;

  HashKey secret_;
  FragmentPolicy policy_;
  Budget limit_;
  BufferPool buffers_;
  Slab<Datagram> datagrams_;
  boost::unordered_flat_map<uint64_t, uint32_t> by_key_;  // keyed by SipHash already
  uint32_t oldest_ = 0, newest_ = 0;
  struct Lent {
    uint8_t* buffer;
    uint32_t capacity;
  };
  std::vector<Lent> lent_;
  FragmentCounters counters_;
};

}  // namespace exwire::wire
