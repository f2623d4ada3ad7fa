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
  kLinkRawBsd = 12,
  kLinkRawOpenBsd = 14,
  kLinkRaw = 101,
  kLinkLoop = 108,
  kLinkSll = 113,
  kLinkIpv4 = 228,
  kLinkIpv6 = 229,
  kLinkSll2 = 276,
};

enum EtherType : uint16_t {
  kEtherIpv4 = 0x0800,
  kEtherIpv6 = 0x86dd,
  kEtherVlan = 0x8100,
  kEtherQinq = 0x88a8,
  kEtherQinqOld = 0x9100,
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

LinkView open_link(uint16_t link_type, Bytes frame) noexcept;

}  // namespace exwire::wire
