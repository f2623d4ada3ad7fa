// SPDX-License-Identifier: BSD-3-Clause
// IPv4 (RFC 791) and IPv6 with its extension headers (RFC 8200): one header as a receiving host
// would see it. Fragments are recognised here and joined in fragments.hpp.
#pragma once

#include <cstdint>

#include "sensor/base/bytes.hpp"
#include "sensor/wire/flow_key.hpp"

namespace exwire::wire {

enum class DecodeStatus : uint8_t {
  tcp,  ///< the Packet is filled
  udp,
  other_ip,  ///< IP, but neither TCP nor UDP
  not_ip,
  fragment,      ///< part of a datagram that is not complete, or never will be
  invalid,       ///< headers no host would accept
  bad_checksum,  ///< a checksum no host would accept
  duplicate,     ///< a second copy of a packet just seen, as a span port makes them
  cut,           ///< the capture ends before the headers do
  unknown_link,  ///< link type we cannot read
};

enum Protocol : uint8_t {
  kHopByHop = 0,
  kIpv4InIp = 4,
  kTcp = 6,
  kUdp = 17,
  kIpv6InIp = 41,
  kRouting = 43,
  kFragmentHeader = 44,
  kGre = 47,
  kAuthentication = 51,
  kDestination = 60,
  kMobility = 135,
};

struct NetworkView {
  DecodeStatus status = DecodeStatus::tcp;  ///< anything else: why this is not to be followed
  Bytes payload;                            ///< as far as captured, padding cut off
  uint32_t payload_octets = 0;              ///< as the header claims
  Address source{}, destination{};
  uint8_t ip_version = 4, protocol = 0, ttl = 0;
  uint16_t identification = 0;  ///< IPv4, also of whole datagrams; IPv6: 0
  bool header_sum_ok = true;    ///< IPv4; a sum of zero is one the network card was to fill in

  // A fragment: `payload` stands at `fragment_at` of the datagram.
  bool is_fragment = false, more_fragments = false, joined = false;
  uint32_t fragment_id = 0, fragment_at = 0;  ///< offset in octets
};

/// Cuts the view to the length the header gives: Ethernet pads short frames, and padding is
/// nobody's payload. A header that claims more than was on the wire is no packet (a receiving host
/// drops it); more than was captured is only a short snapshot. Length 0 is a segment the sending
/// kernel had not cut yet (TSO, BIG TCP).
inline bool bound_payload(NetworkView& view, Bytes rest, uint32_t claimed,
                          uint32_t on_wire) noexcept {
  if (claimed > on_wire) return false;
  view.payload_octets = claimed;
  view.payload = rest.first(claimed);
  return true;
}

/// `on_wire`: octets from here to the end of the frame as it was on the wire. IPv4: ipv4.hpp.
NetworkView open_ipv6(Bytes octets, uint32_t on_wire) noexcept;
/// Goes on behind the fragment header of a joined IPv6 datagram.
void pass_joined_headers(NetworkView& view) noexcept;

}  // namespace exwire::wire
