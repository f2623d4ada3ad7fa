// SPDX-License-Identifier: BSD-3-Clause
// One frame to one TCP segment: link, VLAN, IPv4 or IPv6 with extension headers, TCP with options
// (RFC 791, RFC 8200, RFC 9293). Decoding never fails loudly: what a receiving host would not take
// as TCP is told by status and counted by the caller. Fragments are recognised, not yet joined;
// tunnels are not yet entered.
#pragma once

#include <cstdint>

#include "sensor/base/bytes.hpp"
#include "sensor/base/time.hpp"
#include "sensor/wire/packet.hpp"

namespace exwire::wire {

enum class DecodeStatus : uint8_t {
  tcp,  ///< the Packet is filled
  udp,
  other_ip,  ///< IP, but neither TCP nor UDP
  not_ip,
  fragment,      ///< part of a datagram
  invalid,       ///< headers no host would accept
  cut,           ///< the capture ends before the headers do
  unknown_link,  ///< link type we cannot read
};

struct FrameHead {
  Timestamp time;
  uint64_t number;
  uint32_t wire_octets;
  uint16_t link_type;
};

struct DecodeCounters {
  uint64_t packets = 0, octets = 0;
  uint64_t ipv4 = 0, ipv6 = 0, vlan = 0, qinq = 0;
  uint64_t tcp = 0, udp = 0, other_ip = 0, not_ip = 0;
  uint64_t fragments = 0, invalid = 0, cut = 0, unknown_link = 0;
};

class Decoder {
 public:
  explicit Decoder(HashKey secret) noexcept : secret_(secret) {}
  /// Fills `packet` when the answer is `tcp`; its octets are views into `frame`.
  DecodeStatus decode(const FrameHead& head, Bytes frame, Packet& packet) noexcept;
  const DecodeCounters& counters() const noexcept { return counters_; }

 private:
  HashKey secret_;
  DecodeCounters counters_;
};

}  // namespace exwire::wire
