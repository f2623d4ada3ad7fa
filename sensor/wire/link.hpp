// SPDX-License-Identifier: BSD-3-Clause
// Link layers: from the first octet of a frame to the network layer, VLAN tags on the way. Link
// type numbers are the LINKTYPE_ values of the tcpdump group's register.
#pragma once

#include <cstdint>

#include "sensor/base/bytes.hpp"

namespace exwire::wire {

enum LinkType : uint16_t {
  kLinkNull = 0,
  kLinkEthernet = 1,
  kLinkTokenRing = 6,
  kLinkSlip = 8,
  kLinkPpp = 9,
  kLinkFddi = 10,
  kLinkRawBsd = 12,
  kLinkRawOpenBsd = 14,
  kLinkPppHdlc = 50,
  kLinkPppEther = 51,
  kLinkRaw = 101,
  kLinkCiscoHdlc = 104,
  kLink80211 = 105,
  kLinkFrameRelay = 107,
  kLinkLoop = 108,
  kLinkSll = 113,
  kLinkPflog = 117,
  kLinkPrism = 119,
  kLinkRadiotap = 127,
  kLinkPktapDarwin = 149,  ///< what Apple's tools write instead: a number for private use
  kLinkJuniperEthernet = 178,
  kLinkPpi = 192,
  kLinkIpv4 = 228,
  kLinkIpv6 = 229,
  kLinkNflog = 239,
  kLinkPktap = 258,
  kLinkSll2 = 276,
};

enum EtherType : uint16_t {
  kEtherIpv4 = 0x0800,
  kEtherIpv6 = 0x86dd,
  kEtherVlan = 0x8100,
  kEtherQinq = 0x88a8,
  kEtherQinqOld = 0x9100,
  kEtherBridged = 0x6558,
  kEtherPpp = 0x880b,
  kEtherMpls = 0x8847,
  kEtherMplsMulticast = 0x8848,
  kEtherPppoe = 0x8864,
  kEtherErspan2 = 0x88be,
  kEtherErspan3 = 0x22eb,
};

/// What lies under the link header. `ether_type` 0: nothing we follow.
struct LinkView {
  Bytes payload;
  uint16_t ether_type = 0;
  uint16_t vlan = 0;        ///< outermost VLAN identifier, 0: none
  uint16_t inner_vlan = 0;  ///< second tag (QinQ), 0: none
  bool known_link = true;   ///< false: a link type we cannot read
  bool cut = false;         ///< the frame ended inside the link header
};

LinkView open_any_link(uint16_t link_type, Bytes frame) noexcept;
inline LinkView open_link(uint16_t link_type, Bytes frame) noexcept {
  constexpr uint32_t kEthernetHeader = 14;
  if (link_type == kLinkEthernet && frame.size >= kEthernetHeader) {  // nearly every frame
    const uint16_t type = load_be16(frame.data + kEthernetHeader - 2);
    if (type == kEtherIpv4 || type == kEtherIpv6) return {frame.from(kEthernetHeader), type};
  }
  return open_any_link(link_type, frame);
}

}  // namespace exwire::wire
