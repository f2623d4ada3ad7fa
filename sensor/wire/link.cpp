// SPDX-License-Identifier: BSD-3-Clause
#include "sensor/wire/link.hpp"

namespace exwire::wire {
namespace {

constexpr uint32_t kMostTags = 16;  // more tags than this is nobody's network

bool is_vlan(uint16_t ether_type) noexcept {
  return ether_type == kEtherVlan || ether_type == kEtherQinq || ether_type == kEtherQinqOld;
}

// IEEE 802.1Q: each tag holds 16 bits of control information and the next EtherType. Tag 0 only
// carries a priority and is no VLAN.
void pass_vlan_tags(Cursor& frame, LinkView& view) noexcept {
  for (uint32_t tag = 0; tag < kMostTags && is_vlan(view.ether_type); ++tag) {
    const uint16_t identifier = frame.u16() & 0x0fff;
    view.ether_type = frame.u16();
    if (view.vlan == 0) {
      view.vlan = identifier;
    } else if (view.inner_vlan == 0) {
      view.inner_vlan = identifier;
    }
  }
  if (is_vlan(view.ether_type)) view.ether_type = 0;
}

// A length instead of a type: IEEE 802.2, of which only SNAP with a zero organisation is IP.
void pass_snap(Cursor& frame, LinkView& view) noexcept {
  constexpr uint16_t kSmallestType = 0x0600;
  if (view.ether_type >= kSmallestType) return;
  view.ether_type = frame.u24() == 0xaaaa03 && frame.u24() == 0 ? frame.u16() : uint16_t{0};
}

uint16_t ether_type_of_version(Bytes packet) noexcept {
  if (packet.empty()) return 0;
  switch (packet[0] >> 4) {
    case 4:
      return kEtherIpv4;
    case 6:
      return kEtherIpv6;
    default:
      return 0;
  }
}

// BSD loopback: an address family, in the byte order of the capturing host (NULL) or of the network
// (LOOP). Families above 16 bits betray the other order. IPv6 has as many numbers as there are
// systems.
uint16_t ether_type_of_family(uint32_t family) noexcept {
  if (family > 0xffff) family = __builtin_bswap32(family);
  switch (family) {
    case 2:
      return kEtherIpv4;
    case 10:
    case 23:
    case 24:
    case 26:
    case 28:
    case 30:
      return kEtherIpv6;
    default:
      return 0;
  }
}

// Captures of PPP links also hold Cisco's framing, with an address no PPP has.
bool is_cisco_hdlc(Bytes frame) noexcept {
  constexpr uint8_t kUnicast = 0x0f, kMulticast = 0x8f;
  return frame.size > 1 && (frame[0] == kUnicast || frame[0] == kMulticast) && frame[1] == 0;
}

uint16_t pass_cisco_hdlc(Cursor& frame) noexcept {
  frame.skip(2);
  return frame.u16();
}

// IEEE 802.2 behind FDDI, Token Ring and IEEE 802.11.
uint16_t pass_llc(Cursor& frame) noexcept {
  return frame.u24() == 0xaaaa03 && frame.u24() == 0 ? frame.u16() : uint16_t{0};
}

// IEEE 802.11 9.2: only data frames in clear carry packets; a frame that is encrypted, or an
// aggregate of several, is nothing we follow.
uint16_t pass_80211(Cursor& frame) noexcept {
  constexpr uint8_t kTypeMask = 0x0c, kData = 0x08, kQos = 0x80, kNoData = 0x40;
  constexpr uint8_t kToAndFromSystem = 0x03, kProtected = 0x40, kOrder = 0x80, kAggregate = 0x80;
  const uint8_t control = frame.u8(), flags = frame.u8();
  if ((control & kTypeMask) != kData || (control & kNoData) || (flags & kProtected)) return 0;
  frame.skip(22);
  if ((flags & kToAndFromSystem) == kToAndFromSystem) frame.skip(6);
  if (control & kQos) {
    const uint8_t qos = frame.u8();
    frame.skip(1);
    if (qos & kAggregate) return 0;
    if (flags & kOrder) frame.skip(4);
  }
  return pass_llc(frame);
}

uint16_t little_endian(Cursor& frame) noexcept {
  return __builtin_bswap16(frame.u16());
}

// Radio headers tell their own length, in octets and little-endian.
uint16_t pass_radiotap(Cursor& frame) noexcept {
  frame.skip(2);
  const uint16_t length = little_endian(frame);
  if (length < 4) return 0;
  frame.skip(length - 4U);
  return pass_80211(frame);
}

uint16_t pass_prism(Cursor& frame) noexcept {
  frame.skip(144);
  return pass_80211(frame);
}

uint16_t pass_ppi(Cursor& frame) noexcept {
  frame.skip(2);
  const uint16_t length = little_endian(frame), link_type = little_endian(frame);
  frame.skip(2);
  if (length < 8) return 0;
  frame.skip(length - 8U);
  switch (link_type) {
    case kLinkEthernet:
      frame.skip(12);
      return frame.u16();
    case kLink80211:
      return pass_80211(frame);
    default:
      return 0;
  }
}

// What Juniper's systems put before a frame: a magic number, flags, and with one of them an
// extension that tells its length. With another there is no Ethernet header but four octets.
uint16_t pass_juniper(Cursor& frame) noexcept {
  constexpr uint32_t kMagic = 0x4d4743;
  constexpr uint8_t kNoLinkHeader = 0x02, kExtended = 0x80;
  const uint32_t magic = frame.u24();
  const uint8_t flags = frame.u8();
  if (magic != kMagic) return 0;
  if (flags & kExtended) frame.skip(frame.u16());
  if (flags & kNoLinkHeader) {
    frame.skip(4);
    return ether_type_of_version(frame.rest());
  }
  frame.skip(12);
  return frame.u16();
}

// Apple's packet tap: little-endian, first its length, whether a packet follows, and the link type
// of that packet. A tap inside a tap is nobody's capture.
LinkView open_pktap(Bytes octets) noexcept {
  constexpr uint32_t kLeastHeader = 108, kPacket = 1;
  Cursor header(octets);
  const uint32_t length = __builtin_bswap32(header.u32());
  const uint32_t record = __builtin_bswap32(header.u32());
  const uint32_t link_type = __builtin_bswap32(header.u32());
  LinkView view;
  view.cut = !header.ok() || length > octets.size;
  if (view.cut || record != kPacket) return view;
  view.known_link = length >= kLeastHeader && link_type <= UINT16_MAX && link_type != kLinkPktap &&
                    link_type != kLinkPktapDarwin;
  if (!view.known_link) return view;
  return open_link(static_cast<uint16_t>(link_type), octets.from(length));
}

// Q.922 address of two octets, then RFC 2427: a network layer identifier, or SNAP.
uint16_t pass_frame_relay(Cursor& frame) noexcept {
  frame.skip(2);
  const uint8_t control = frame.u8();
  uint8_t identifier = frame.u8();
  if (control != 0x03) return 0;
  if (identifier == 0) identifier = frame.u8();  // padding
  switch (identifier) {
    case 0xcc:
      return kEtherIpv4;
    case 0x8e:
      return kEtherIpv6;
    case 0x80:
      return frame.u24() == 0 ? frame.u16() : uint16_t{0};
    default:
      return 0;
  }
}

// Netfilter's log: attributes of (length, type) in the byte order of the host that wrote them,
// padded to four octets; the packet is one of them.
uint16_t pass_nflog(Cursor& frame) noexcept {
  constexpr uint16_t kPayload = 9;
  constexpr int kMostAttributes = 64;
  const uint8_t family = frame.u8();
  frame.skip(3);
  for (int attribute = 0; attribute < kMostAttributes && frame.ok(); ++attribute) {
    const uint16_t length = little_endian(frame), type = little_endian(frame);
    if (length < 4) return 0;
    if (type == kPayload) return ether_type_of_family(family);
    frame.skip((length - 4U + 3U) & ~3U);
  }
  return 0;
}

// OpenBSD's packet filter: a header that tells its length, padded to four octets.
uint16_t pass_pflog(Cursor& frame) noexcept {
  const uint32_t length = frame.u8();
  const uint8_t family = frame.u8();
  if (length < 4) return 0;
  frame.skip(((length + 3U) & ~3U) - 2);
  return ether_type_of_family(family);
}

}  // namespace

LinkView open_any_link(uint16_t link_type, Bytes octets) noexcept {
  LinkView view;
  Cursor frame(octets);
  switch (link_type) {
    case kLinkEthernet:
      frame.skip(12);
      view.ether_type = frame.u16();
      break;
    case kLinkSll:
      frame.skip(14);
      view.ether_type = frame.u16();
      break;
    case kLinkSll2:
      view.ether_type = frame.u16();
      frame.skip(18);
      break;
    case kLinkNull:
    case kLinkLoop:
      view.ether_type = ether_type_of_family(frame.u32());
      break;
    case kLinkRaw:
    case kLinkRawBsd:
    case kLinkRawOpenBsd:
      view.ether_type = ether_type_of_version(octets);
      break;
    case kLinkFddi:
      frame.skip(13);
      view.ether_type = pass_llc(frame);
      break;
    case kLinkTokenRing:
      frame.skip(14);
      view.ether_type = pass_llc(frame);
      break;
    case kLinkSlip:
      frame.skip(16);
      view.ether_type = ether_type_of_version(frame.rest());
      break;
    case kLinkPpp:
    case kLinkPppHdlc:
      view.ether_type = is_cisco_hdlc(octets) ? pass_cisco_hdlc(frame) : uint16_t{kEtherPpp};
      break;
    case kLinkPppEther:
      view.ether_type = kEtherPppoe;
      break;
    case kLinkCiscoHdlc:
      view.ether_type = pass_cisco_hdlc(frame);
      break;
    case kLinkFrameRelay:
      view.ether_type = pass_frame_relay(frame);
      break;
    case kLink80211:
      view.ether_type = pass_80211(frame);
      break;
    case kLinkRadiotap:
      view.ether_type = pass_radiotap(frame);
      break;
    case kLinkPrism:
      view.ether_type = pass_prism(frame);
      break;
    case kLinkPpi:
      view.ether_type = pass_ppi(frame);
      break;
    case kLinkNflog:
      view.ether_type = pass_nflog(frame);
      break;
    case kLinkPflog:
      view.ether_type = pass_pflog(frame);
      break;
    case kLinkJuniperEthernet:
      view.ether_type = pass_juniper(frame);
      break;
    case kLinkPktap:
    case kLinkPktapDarwin:
      return open_pktap(octets);
    case kLinkIpv4:
      view.ether_type = kEtherIpv4;
      break;
    case kLinkIpv6:
      view.ether_type = kEtherIpv6;
      break;
    default:
      view.known_link = false;
      return view;
  }
  pass_vlan_tags(frame, view);
  if (link_type == kLinkEthernet && frame.ok()) pass_snap(frame, view);
  view.cut = !frame.ok();
  view.payload = frame.rest();
  return view;
}

}  // namespace exwire::wire
