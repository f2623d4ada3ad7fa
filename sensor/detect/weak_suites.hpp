// SPDX-License-Identifier: BSD-3-Clause
// Cipher suites that protect too little, by their IANA names (tls-parameters; 0x0060 to 0x0065 and
// 0xfefe by the drafts and the browsers that used them): no encryption, export grade, no
// authentication, RC4 (RFC 7465), DES and 3DES.
#pragma once

#include <cstdint>

namespace exwire::detect {

struct WeakSuite {
  uint16_t code;
  const char* name;
  const char* weakness;
};

/// Null for a suite that is not weak, or not known.
const WeakSuite* weak_suite(uint16_t code) noexcept;

}  // namespace exwire::detect
