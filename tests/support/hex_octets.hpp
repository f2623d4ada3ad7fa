// SPDX-License-Identifier: BSD-3-Clause
// Octets written as hexadecimal digits without blanks: "03016a00".
#pragma once

#include <string>
#include <string_view>

#include "sensor/base/hex_digit.hpp"

namespace exwire::test {

inline std::string octets(std::string_view hex) {
  std::string out;
  for (size_t at = 0; at + 1 < hex.size(); at += 2) {
    out.push_back(static_cast<char>(hex_digit(hex[at]) << 4 | hex_digit(hex[at + 1])));
  }
  return out;
}

}  // namespace exwire::test
