// SPDX-License-Identifier: BSD-3-Clause
// Openings that share a place forget each other: nothing needs every handshake here.
#include "sensor/wire/vlan_watch.hpp"

namespace exwire::wire {

void VlanWatch::see_opening(const Packet& packet, uint16_t vlan) noexcept {
  const bool answer = (packet.tcp_flags & kAck) != 0;
  // Whoever opened: of an answer that is the other side.
  const uint64_t print = packet.hash ^ uint64_t { packet.from_lo != answer };
  Opening& opening = openings_[(print >> 1) % kPlaces];
  if (!answer) {
    opening = {print, packet.seq, vlan};
  } else if (opening.print == print && opening.seq + 1 == packet.ack) {
    ++(opening.vlan == vlan ? together_ : apart_);
    opening = {};  // an answer sent again counts once
  }
}

}  // namespace exwire::wire
