// SPDX-License-Identifier: BSD-3-Clause
// Values of hexadecimal digits, as escapes in URLs, rules and JSON write octets.
#pragma once

namespace exwire {

/// 0 to 15 for a digit of either case, -1 for anything else.
constexpr int hex_digit(char letter) noexcept {
  if (letter >= '0' && letter <= '9') return letter - '0';
  const char low = static_cast<char>(letter | 0x20);
  return low >= 'a' && low <= 'f' ? low - 'a' + 10 : -1;
}

}  // namespace exwire
