// SPDX-License-Identifier: BSD-3-Clause
// Cipher suites by their IANA names (tls-parameters; 0x0060 to 0x0065 and 0xfefe by the drafts and
// the browsers that used them), and which of them protect too little: no encryption, export grade,
// no authentication, RC4 (RFC 7465), DES and 3DES.
#pragma once

#include <cstdint>

#include "sensor/base/bytes.hpp"

namespace exwire::detect {

struct WeakSuite {
  uint16_t code;
  const char* name;
  const char* weakness;
};

/// Null for a suite that is not weak, or not known.
const WeakSuite* weak_suite(uint16_t code) noexcept;
/// Null for a suite that is not known.
const char* suite_name(uint16_t code) noexcept;
/// Whether a list of suites as it stands in a ClientHello holds one with AES that is not weak.
bool offers_aes(Bytes suites) noexcept;

}  // namespace exwire::detect
