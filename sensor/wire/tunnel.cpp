// SPDX-License-Identifier: BSD-3-Clause
#include "sensor/wire/tunnel.hpp"

#include <iterator>

#include "sensor/wire/link.hpp"

namespace exwire::wire {
namespace {

uint16_t ether_type_of_nibble(Bytes packet) noexcept {
  if (packet.empty()) return 0;
  const int version = packet[0] >> 4;
  return version == 4 ? uint16_t{kEtherIpv4} : version == 6 ? uint16_t{kEtherIpv6} : uint16_t{0};
}

Inner inner(Cursor& cursor, uint16_t ether_type) noexcept {
  if (!cursor.ok()) return {};
  return {cursor.rest(), ether_type};
}

bool holds_known_type(Bytes frame) noexcept {
  Cursor cursor(frame);
  cursor.skip(12);
  const uint16_t type = cursor.u16();
  return type == kEtherIpv4 || type == kEtherIpv6 || type == kEtherVlan || type == kEtherQinq ||
         is_shim(type);
}

Inner open_mpls(Bytes octets) noexcept {
  constexpr uint32_t kBottom = 0x100;
  constexpr int kMostLabels = 16;
  Cursor stack(octets);
  bool bottom = false;
  for (int label = 0; label < kMostLabels && !bottom; ++label) {
    bottom = (stack.u32() & kBottom) != 0;
    if (!stack.ok()) return {};
  }
  const Bytes under = stack.rest();
  if (!bottom || under.empty()) return {};
  if (const uint16_t type = ether_type_of_nibble(under)) return {under, type};
  // A pseudowire, with or without a control word: it starts with four zero bits, but so do many MAC
  // addresses. An EtherType we know where a frame has it decides.
  if (under[0] >> 4 == 0 && !holds_known_type(under)) stack.skip(4);
  return inner(stack, kEtherBridged);
}

Inner open_pppoe(Bytes octets) noexcept {
  Cursor session(octets);
  const uint8_t version_and_type = session.u8(), code = session.u8();
  session.skip(2);
  const uint32_t length = session.u16();
  if (!session.ok() || version_and_type != 0x11 || code != 0) return {};
  return open_ppp(session.rest().first(length));
}

// Type I has no header of its own, type II eight octets, type III twelve and perhaps eight more
// (draft-foschiano-erspan-03). Only GRE's sequence number tells I from II.
Inner open_erspan2(Cursor& gre, bool sequenced) noexcept {
  if (sequenced) gre.skip(8);
  return inner(gre, kEtherBridged);
}

Inner open_erspan3(Cursor& gre) noexcept {
  gre.skip(10);
  const uint16_t last = gre.u16();
  const uint16_t frame_type = (last >> 10) & 0x1f;
  if (last & 1) gre.skip(8);
  constexpr uint16_t kIp = 2;
  if (frame_type == kIp) return inner(gre, ether_type_of_nibble(gre.rest()));
  return inner(gre, kEtherBridged);
}

Inner open_vxlan(Cursor& datagram) noexcept {
  constexpr uint8_t kHasNetwork = 0x08;
  const uint8_t flags = datagram.u8();
  datagram.skip(3);
  datagram.skip(3);
  const uint8_t reserved = datagram.u8();
  if (!(flags & kHasNetwork) || reserved != 0) return {};
  return inner(datagram, kEtherBridged);
}

// The generic form names what it carries (draft-ietf-nvo3-vxlan-gpe).
Inner open_vxlan_gpe(Cursor& datagram) noexcept {
  constexpr uint8_t kHasNetwork = 0x08, kHasProtocol = 0x04;
  static constexpr uint16_t kProtocols[] = {0, kEtherIpv4, kEtherIpv6, kEtherBridged};
  const uint8_t flags = datagram.u8();
  datagram.skip(2);
  const uint8_t next = flags & kHasProtocol ? datagram.u8() : (datagram.skip(1), uint8_t{3});
  datagram.skip(4);
  if (!(flags & kHasNetwork) || next >= std::size(kProtocols)) return {};
  return inner(datagram, kProtocols[next]);
}

Inner open_geneve(Cursor& datagram) noexcept {
  const uint8_t version_and_length = datagram.u8();
  datagram.skip(1);
  const uint16_t protocol = datagram.u16();
  datagram.skip(4 + (version_and_length & 0x3fU) * 4);
  if (version_and_length >> 6 != 0) return {};
  return inner(datagram, protocol);
}

Inner open_gtp(Cursor& datagram) noexcept {
  constexpr uint8_t kVersionAndType = 0xf0, kVersion1 = 0x30, kExtended = 0x04, kOptional = 0x07;
  constexpr uint8_t kUserPlane = 0xff;
  constexpr int kMostHeaders = 16;
  const uint8_t flags = datagram.u8(), type = datagram.u8();
  datagram.skip(6);
  if ((flags & kVersionAndType) != kVersion1 || type != kUserPlane) return {};
  if (flags & kOptional) {
    datagram.skip(3);
    uint8_t next = datagram.u8();
    if (!(flags & kExtended)) next = 0;
    for (int header = 0; next != 0 && header < kMostHeaders; ++header) {
      const uint32_t length = datagram.u8() * 4U;
      if (length == 0) return {};
      datagram.skip(length - 2);
      next = datagram.u8();
      if (!datagram.ok()) return {};
    }
  }
  return inner(datagram, ether_type_of_nibble(datagram.rest()));
}

Inner open_l2tp(Cursor& datagram) noexcept {
  constexpr uint16_t kControl = 0x8000, kLength = 0x4000, kSequence = 0x0800, kOffset = 0x0200;
  const uint16_t flags = datagram.u16();
  if ((flags & kControl) || (flags & 0x000f) != 2) return {};
  if (flags & kLength) datagram.skip(2);
  datagram.skip(4);
  if (flags & kSequence) datagram.skip(4);
  if (flags & kOffset) datagram.skip(datagram.u16());
  return datagram.ok() ? open_ppp(datagram.rest()) : Inner{};
}

}  // namespace

Inner open_ppp(Bytes octets) noexcept {
  Cursor frame(octets);
  if (octets.size >= 2 && octets[0] == 0xff && octets[1] == 0x03) frame.skip(2);
  // RFC 1661 2: a protocol may be compressed to one octet, which is odd then.
  uint16_t protocol = frame.u8();
  if ((protocol & 1) == 0) protocol = static_cast<uint16_t>(protocol << 8 | frame.u8());
  switch (protocol) {
    case 0x0021:
      return inner(frame, kEtherIpv4);
    case 0x0057:
      return inner(frame, kEtherIpv6);
    case 0x0281:
    case 0x0283:
      return inner(frame, kEtherMpls);
    default:
      return {};
  }
}

bool is_shim(uint16_t ether_type) noexcept {
  return ether_type == kEtherMpls || ether_type == kEtherMplsMulticast ||
         ether_type == kEtherPppoe || ether_type == kEtherPpp;
}

Inner open_shim(uint16_t ether_type, Bytes octets) noexcept {
  switch (ether_type) {
    case kEtherMpls:
    case kEtherMplsMulticast:
      return open_mpls(octets);
    case kEtherPppoe:
      return open_pppoe(octets);
    case kEtherPpp:
      return open_ppp(octets);
    default:
      return {};
  }
}

Inner open_gre(Bytes octets) noexcept {
  constexpr uint16_t kChecksum = 0x8000, kRouting = 0x4000, kKey = 0x2000, kSequence = 0x1000;
  constexpr uint16_t kAcknowledgement = 0x0080, kVersion = 0x0007;
  Cursor gre(octets);
  const uint16_t flags = gre.u16(), protocol = gre.u16();
  const uint16_t version = flags & kVersion;
  if (version > 1 || (flags & kRouting)) return {};
  if (flags & kChecksum) gre.skip(4);
  if (flags & kKey) gre.skip(4);
  const bool sequenced = (flags & kSequence) != 0;
  if (sequenced) gre.skip(4);
  if (version == 1 && (flags & kAcknowledgement)) gre.skip(4);
  if (!gre.ok()) return {};
  switch (protocol) {
    case kEtherErspan2:
      return open_erspan2(gre, sequenced);
    case kEtherErspan3:
      return open_erspan3(gre);
    default:
      return inner(gre, protocol);
  }
}

Inner open_udp_tunnel(Bytes octets) noexcept {
  Cursor datagram(octets);
  const uint16_t source = datagram.u16(), destination = datagram.u16();
  datagram.skip(4);
  if (!datagram.ok()) return {};
  switch (destination) {
    case 4789:
    case 8472:  // before a port was assigned
      return open_vxlan(datagram);
    case 4790:
      return open_vxlan_gpe(datagram);
    case 6081:
      return open_geneve(datagram);
    case 2152:
      return open_gtp(datagram);
    case 1701:
      return open_l2tp(datagram);
    default:
      break;
  }
  if (source == 1701) return open_l2tp(datagram);
  if (source == 2152) return open_gtp(datagram);
  return {};
}

}  // namespace exwire::wire
