// SPDX-License-Identifier: BSD-3-Clause
#include "sensor/flow/midstream.hpp"

#include <algorithm>

namespace exwire::flow {
namespace {

// RFC 8446 5.1: content types 20 to 23, major version 3, length of at most 2^14 + 2048.
bool is_tls_record(Bytes payload) noexcept {
  return payload.size >= 5 && payload[0] >= 20 && payload[0] <= 23 && payload[1] == 3 &&
         payload[2] <= 4 && load_be16(payload.data + 3) <= (1 << 14) + 2048;
}

Speaker speaker_of_tls(Bytes payload) noexcept {
  constexpr uint8_t kHandshake = 22, kClientHello = 1, kServerHello = 2;
  if (payload[0] == kHandshake && payload.size > 5) {
    if (payload[5] == kClientHello) return Speaker::client;
    if (payload[5] == kServerHello) return Speaker::server;
  }
  return Speaker::either;
}

// A token, a space and the start of a target; methods of at most 20 letters (BPROPPATCH,
// RPC_OUT_DATA, X-MS-ENUMATTS).
bool is_request_line(Bytes payload) noexcept {
  constexpr uint32_t kLongestMethod = 20;
  for (uint32_t at = 0; at < std::min(payload.size, kLongestMethod + 1); ++at) {
    const uint8_t octet = payload[at];
    if (octet == ' ') {
      return at >= 3 && at + 1 < payload.size &&
             (payload[at + 1] == '/' || payload[at + 1] == '*' || payload[at + 1] == 'h');
    }
    const bool token = (octet >= 'A' && octet <= 'Z') || octet == '_' || octet == '-';
    if (!token) return false;
  }
  return false;
}

}  // namespace

Speaker speaker_of(Bytes payload) noexcept {
  if (is_tls_record(payload)) return speaker_of_tls(payload);
  if (payload.first(7).text() == "HTTP/1.") return Speaker::server;
  return is_request_line(payload) ? Speaker::client : Speaker::unknown;
}

Roles roles_of(const wire::Packet& packet, const Watch& watch) noexcept {
  switch (speaker_of(packet.payload)) {
    case Speaker::client:
      return {packet.from_lo, true};
    case Speaker::server:
      return {!packet.from_lo, true};
    default:
      break;
  }
  const bool lo_watched = watch.port(packet.key.lo_port),
             hi_watched = watch.port(packet.key.hi_port);
  if (lo_watched != hi_watched) return {hi_watched, true};
  return {packet.key.lo_port > packet.key.hi_port, false};
}

}  // namespace exwire::flow
