// SPDX-License-Identifier: BSD-3-Clause
// Records of TLS (RFC 8446 5.1) and the first message of SSL 2.0: what a header looks like, and
// where the next record starts when octets are missing.
#pragma once

#include <array>

#include "sensor/base/bytes.hpp"

namespace exwire::tls {

inline constexpr uint32_t kHeader = 5;
inline constexpr uint32_t kLargestRecord = (1 << 14) + 2048;  // RFC 5246 6.2.3

enum ContentType : uint8_t {
  kChangeCipherSpec = 20,
  kAlert = 21,
  kHandshake = 22,
  kApplicationData = 23,
  kHeartbeat = 24,
};

enum Message : uint8_t {
  kClientHello = 1,
  kServerHello = 2,
  kNewSessionTicket = 4,
  kCertificate = 11,
  kCertificateRequest = 13,
  kCertificateVerify = 15,
};

struct RecordHeader {
  uint8_t type;
  uint16_t version, length;
};

inline RecordHeader header_at(const uint8_t* at) noexcept {
  return {at[0], load_be16(at + 1), load_be16(at + 3)};
}

// Where a record is due: servers skip empty ones, which nobody may send, and look at no minor
// version (RFC 8446 5.1).
inline bool is_record(RecordHeader header) noexcept {
  return header.type >= kChangeCipherSpec && header.type <= kHeartbeat &&
         header.version >> 8 == 3 && header.length <= kLargestRecord;
}

inline bool is_empty(RecordHeader header) noexcept {
  return header.length == 0 && header.type != kApplicationData;
}

// Where it is not known whether this is a record at all.
inline bool is_plausible(RecordHeader header) noexcept {
  const uint16_t minor = header.version & 0xff;
  return is_record(header) && minor <= 4 && !is_empty(header);
}

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

// Whether a record, as far as it is there, begins with a hello that ends in it.
inline bool starts_hello(Bytes rest, RecordHeader header) noexcept {
  if (rest.size < kHeader + 4 || header.length < 4) return false;
  const uint8_t* message = rest.data + kHeader;
  const uint32_t length = uint32_t{message[1]} << 16 | uint32_t{message[2]} << 8 | message[3];
  return (message[0] == kClientHello || message[0] == kServerHello) && length + 4 <= header.length;
}

struct Found {
  uint32_t at;
  uint32_t need;  ///< 0: here is a record
};

// Where a record starts: one that fits is followed by another. When that one is not there yet,
// how many octets from `at` on are wanted to know.
inline Found find_record(Bytes octets) noexcept {
  uint32_t at = 0;
  for (; at + kHeader <= octets.size; ++at) {
    const RecordHeader header = header_at(octets.data + at);
    if (!is_plausible(header) || header.length == 0) continue;
    const uint32_t next = at + kHeader + header.length;
    if (next + kHeader > octets.size) return {at, next + kHeader - at};
    if (is_plausible(header_at(octets.data + next))) return {at, 0};
  }
  return {at, kHeader};
}

/// A message over several records, as far as their headers were walked.
struct Spread {
  uint32_t at = 0;    ///< of the next record, from the first one's start
  uint32_t last = 0;  ///< of the last one walked
  uint32_t have = 0;  ///< octets of the message, or more
  uint32_t want = 4;  ///< until its length is known, its header
  uint32_t records = 0;
  std::array<uint8_t, 4> head{};
  uint32_t length() const noexcept {
    return uint32_t{head[1]} << 16 | uint32_t{head[2]} << 8 | head[3];
  }
};

}  // namespace exwire::tls
