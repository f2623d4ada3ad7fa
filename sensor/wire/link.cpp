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

}  // namespace

LinkView open_link(uint16_t link_type, Bytes octets) noexcept {
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
