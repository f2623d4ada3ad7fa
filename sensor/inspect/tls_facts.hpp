// SPDX-License-Identifier: BSD-3-Clause
// What TLS shows without a key, as detectors see it.
#pragma once

#include <cstdint>

#include "sensor/base/bytes.hpp"

namespace exwire::inspect {

/// The header of one record (RFC 8446 5.1); its time is that of the moment.
struct TlsRecord {
  Direction direction = Direction::to_server;
  uint8_t content_type = 0;  ///< 20 change_cipher_spec, 21 alert, 22 handshake, 23 application_data
  uint16_t version = 0;      ///< legacy_record_version
  uint32_t length = 0;       ///< octets of the fragment
};

/// What the handshake told.
struct TlsHandshake {
  uint16_t version = 0;  ///< the version agreed on, 0: no ServerHello seen
};

}  // namespace exwire::inspect
