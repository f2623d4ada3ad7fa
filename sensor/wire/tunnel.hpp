// SPDX-License-Identifier: BSD-3-Clause
// What wraps packets on the way to a sensor and inside networks: MPLS (RFC 3032, RFC 4448), PPPoE
// (RFC 2516), PPP, GRE (RFC 2784, RFC 2890, RFC 2637), ERSPAN I to III, VXLAN (RFC 7348), Geneve
// (RFC 8926), GTP-U (3GPP TS 29.281), L2TPv2 (RFC 2661). Each function opens one layer. Identifiers
// of labels, sessions and virtual networks are passed over: the two directions of one connection
// often travel under different ones.
#pragma once

#include <cstdint>

#include "sensor/base/bytes.hpp"

namespace exwire::wire {

/// What lies under a layer. EtherType 0: nothing we follow.
struct Inner {
  Bytes payload;
  uint16_t ether_type = 0;  ///< of the payload; kEtherBridged: an Ethernet frame
};

/// EtherType of a label stack, PPPoE session, PPP or bridged frame; nothing for anything else.
Inner open_shim(uint16_t ether_type, Bytes octets) noexcept;
bool is_shim(uint16_t ether_type) noexcept;
Inner open_gre(Bytes octets) noexcept;
/// A UDP datagram that carries a tunnel; nothing when it does not.
Inner open_udp_tunnel(Bytes octets) noexcept;
/// A PPP frame, with or without address and control octets.
Inner open_ppp(Bytes octets) noexcept;

}  // namespace exwire::wire
