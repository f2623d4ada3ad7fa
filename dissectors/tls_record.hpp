// SPDX-License-Identifier: BSD-3-Clause
// Records of TLS (RFC 8446 5.1): what a header looks like, and where the next record starts when
// octets are missing.
#pragma once

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

enum AlertLevel : uint8_t { kWarning = 1, kFatal = 2 };

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

}  // namespace exwire::tls
