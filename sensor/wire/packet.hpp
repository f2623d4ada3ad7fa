// SPDX-License-Identifier: BSD-3-Clause
// One decoded TCP segment: a view on the frame plus what the headers said. It lives in the batch;
// the octets belong to the source and are gone with the batch.
#pragma once

#include <cstdint>

#include "sensor/base/bytes.hpp"
#include "sensor/base/time.hpp"
#include "sensor/wire/flow_key.hpp"

namespace exwire::wire {

/// TCP header flags as on the wire (RFC 9293 3.1).
enum TcpFlag : uint8_t {
  kFin = 0x01,
  kSyn = 0x02,
  kRst = 0x04,
  kPsh = 0x08,
  kAck = 0x10,
  kUrg = 0x20,
  kEce = 0x40,
  kCwr = 0x80,
};

struct Packet {
  Timestamp time;
  Bytes payload;  ///< TCP payload as far as captured
  FlowKey key;
  uint64_t hash = 0;            ///< keyed hash of `key`
  uint64_t number = 0;          ///< packet number within the capture, from 1
  uint32_t wire_octets = 0;     ///< length of the frame on the wire
  uint32_t payload_octets = 0;  ///< TCP payload on the wire; more than payload.size when cut
  uint32_t seq = 0, ack = 0;
  uint16_t window = 0;  ///< as in the header, not scaled
  uint8_t tcp_flags = 0;
  uint8_t ttl = 0;                        ///< IPv4 TTL or IPv6 hop limit
  bool from_lo = false;                   ///< sent by key.lo
  uint8_t window_scale = kNoWindowScale;  ///< option of a SYN (RFC 7323), else kNoWindowScale

  bool has_timestamps = false;  ///< the Timestamps option (RFC 7323) is there
  bool is_signed = false;       ///< carries TCP-MD5 (RFC 2385) or TCP-AO (RFC 5925)
  uint16_t urgent = 0;          ///< urgent pointer, of meaning with URG only
  uint16_t identification = 0;  ///< of the IPv4 header; IPv6: 0
  uint32_t timestamp = 0;       ///< TSval

  static constexpr uint8_t kNoWindowScale = 0xff;

  /// Sequence space this segment covers: payload, and one each for SYN and FIN.
  uint32_t sequence_length() const noexcept {
    return payload_octets + ((tcp_flags & kSyn) ? 1U : 0U) + ((tcp_flags & kFin) ? 1U : 0U);
  }
};
static_assert(sizeof(Packet) <= 120);

}  // namespace exwire::wire
