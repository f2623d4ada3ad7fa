// SPDX-License-Identifier: BSD-3-Clause
#include "sensor/inspect/tls_facts.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace exwire::inspect {

uint16_t TlsHandshake::number(TlsField field) const noexcept {
  const Bytes value = octets(field);
  return value.size == 2 ? load_be16(value.data) : uint16_t{0};
}

uint16_t TlsHandshake::offered() const noexcept {
  const Bytes versions = octets(TlsField::client_versions);
  uint16_t best = 0;
  for (uint32_t at = 0; at + 2 <= versions.size; at += 2) {
    const uint16_t value = load_be16(versions.data + at);
    if (!is_grease(value)) best = std::max(best, value);
  }
  return best != 0 ? best : number(TlsField::client_version);
}

std::string tls_version_text(uint16_t version) {
  switch (version) {
    case 0x0002:
      return "SSLv2";
    case 0x0300:
      return "SSLv3";
    case 0x0301:
      return "TLSv1";
    case 0x0302:
      return "TLS 1.1";
    case 0x0303:
      return "TLS 1.2";
    case 0x0304:
      return "TLS 1.3";
    default:
      break;
  }
  if ((version & 0xff00) == 0xfb00) return fmt::format("TLS 1.3 draft-fb{}", version & 0xff);
  if ((version & 0xff00) == 0x7f00) return fmt::format("TLS 1.3 draft-{}", version & 0xff);
  return fmt::format("0x{:04x}", version);
}

}  // namespace exwire::inspect
