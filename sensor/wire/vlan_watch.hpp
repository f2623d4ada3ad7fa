// SPDX-License-Identifier: BSD-3-Clause
// Whether the VLAN tells connections apart. It does where customers use the same addresses; it must
// not where a span port shows the two directions of a connection in different VLANs (IEEE 802.1Q),
// or only one of them tagged, as behind a router or on some switches. Handshakes tell which: the
// answer to a SYN comes in the same VLAN or in another one.
#pragma once

#include <array>
#include <cstdint>

#include "sensor/wire/packet.hpp"

namespace exwire::wire {

enum class VlanMode : uint8_t {
  automatic,  ///< part of the flow key as long as handshakes stay within one VLAN
  in_key,
  ignored,
};

class VlanWatch {
 public:
  /// Looks at SYN and its answer; `vlan` is the packet's, and no part of its hash yet.
  void see(const Packet& packet, uint16_t vlan) noexcept {
    if (packet.tcp_flags & kSyn) see_opening(packet, vlan);
  }
  /// Handshakes within one VLAN (or none), and those with another one for the answer.
  uint64_t together() const noexcept { return together_; }
  uint64_t apart() const noexcept { return apart_; }
  /// Most connections would fall into two one-sided ones with the VLAN in their key.
  bool misleads() const noexcept { return apart_ > together_; }

 private:
  void see_opening(const Packet& packet, uint16_t vlan) noexcept;

  struct Opening {
    uint64_t print = 0;
    uint32_t seq = 0;
    uint16_t vlan = 0;
  };
  static constexpr size_t kPlaces = 1024;
  std::array<Opening, kPlaces> openings_{};
  uint64_t together_ = 0, apart_ = 0;
};

}  // namespace exwire::wire
