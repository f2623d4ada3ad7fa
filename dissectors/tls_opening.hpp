// SPDX-License-Identifier: BSD-3-Clause
// How a connection that speaks TLS begins: with a record, or with the hello of SSL 2.0 (its draft;
// RFC 5246 appendix E.2), which later versions understand.
#pragma once

#include "dissectors/tls_record.hpp"

namespace exwire::tls {

/// The header of a record of SSL 2.0 (its draft, 1.1): two octets, or three where padding may stand
/// behind the message.
struct Sslv2Header {
  uint32_t octets;
  uint32_t length = 0, padding = 0;  ///< length: of all that follows
};

// Nothing of SSL 2.0 that is read here reaches the lengths whose first octet is a content type.
inline bool may_be_sslv2(uint8_t first) noexcept {
  return (first & 0x80) || first < kChangeCipherSpec;
}

inline Sslv2Header sslv2_header_at(Bytes octets) noexcept {
  const bool three = !(octets[0] & 0x80);
  if (octets.size < 3) return {three ? 3U : 2U};
  const uint32_t length = (octets[0] & 0x7fU) << 8 | octets[1];
  return {three ? 3U : 2U, length, three ? octets[2] : 0U};
}

inline constexpr uint32_t kSslv2HelloFront = 9;  ///< its type, version and three lengths

// RFC 5246 appendix E.2, and SSL 2.0 itself.
inline bool is_sslv2_hello(Bytes octets) noexcept {
  if (octets.empty() || !may_be_sslv2(octets[0])) return false;
  const Sslv2Header header = sslv2_header_at(octets);
  const Bytes hello = octets.from(header.octets);
  if (hello.size < kSslv2HelloFront || hello[0] != kClientHello) return false;
  const uint16_t version = load_be16(hello.data + 1);
  const uint32_t ciphers = load_be16(hello.data + 3), session = load_be16(hello.data + 5),
                 challenge = load_be16(hello.data + 7);
  const bool known = version == 2 || (version >= 0x0300 && version <= 0x0304);
  return known && ciphers > 0 && ciphers % 3 == 0 && challenge >= 16 && challenge <= 32 &&
         header.length == kSslv2HelloFront + ciphers + session + challenge + header.padding;
}

// Small numbers begin many protocols: for the header of three octets nobody is kept waiting.
inline uint8_t probe_sslv2(Bytes octets) noexcept {
  if (is_sslv2_hello(octets)) return kExwireProbeYes;
  const Sslv2Header header = sslv2_header_at(octets);
  const bool begun = header.octets == 2 && octets.size < header.octets + kSslv2HelloFront &&
                     (octets.size < 3 || octets[2] == kClientHello);
  return begun ? kExwireProbeMore : kExwireProbeNo;
}

// A hello behind empty records, or in one of a version nobody has: servers take both. Others begin
// with an empty record and go on with something else (Skype).
inline uint8_t probe_odd_record(Bytes octets) noexcept {
  constexpr uint32_t kFront = kHeader + 5;  // as far as the hello's major version
  bool handshake = true, empty = false;
  while (octets.size >= kHeader) {
    const RecordHeader header = header_at(octets.data);
    handshake = is_record(header) && header.type == kHandshake;
    if (!handshake || header.length > 0) break;
    empty = true;
    octets = octets.from(kHeader);
  }
  if (!handshake) return kExwireProbeNo;
  if (octets.size < kFront) return empty ? kExwireProbeNo : kExwireProbeMore;
  const bool hello = octets[kHeader] == kClientHello && octets[kFront - 1] == 3;
  return hello ? kExwireProbeYes : kExwireProbeNo;
}

// Whether octets are the start of TLS, as the host asks.
inline uint8_t probe_side(Bytes octets) noexcept {
  if (octets.empty()) return kExwireProbeNo;
  if (may_be_sslv2(octets[0])) return probe_sslv2(octets);
  if (octets[0] > kHeartbeat) return kExwireProbeNo;
  if (octets.size >= 2 && octets[1] != 3) return kExwireProbeNo;
  if (octets.size < kHeader) return kExwireProbeMore;
  return is_plausible(header_at(octets.data)) ? uint8_t{kExwireProbeYes} : probe_odd_record(octets);
}

}  // namespace exwire::tls
