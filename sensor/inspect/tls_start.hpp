// SPDX-License-Identifier: BSD-3-Clause
// Where a connection that was something else goes over to TLS (CONNECT, SOCKS, STARTTLS).
#pragma once

#include "sensor/base/bytes.hpp"
#include "sensor/flow/flow.hpp"

namespace exwire::inspect {

/// flow::FlowWork of a connection that is looked at as if it had just begun.
inline constexpr uint8_t kLookAnew =
    flow::kWorkIdentify | flow::kWorkDissectToServer | flow::kWorkDissectToClient;

// A hello at the very start of its record, at the start of a segment: clear enough to
// look again into a connection that was something else so far (CONNECT, SOCKS, STARTTLS).
inline bool starts_tls(Bytes payload) noexcept {
  constexpr uint8_t kHandshake = 22, kClientHello = 1, kServerHello = 2;
  if (payload.size < 11 || payload[0] != kHandshake || payload[1] != 3 || payload[2] > 4) {
    return false;
  }
  const uint32_t record = load_be16(payload.data + 3);
  const uint32_t message = uint32_t{payload[6]} << 16 | load_be16(payload.data + 7);
  // A ServerHello may share its record with what follows it.
  const bool client = payload[5] == kClientHello && message + 4 >= record && message < 65536;
  const bool server = payload[5] == kServerHello && message + 4 <= record && message >= 38;
  return (client || server) && record >= 4 && payload[9] == 3;
}

}  // namespace exwire::inspect
