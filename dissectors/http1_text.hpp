// SPDX-License-Identifier: BSD-3-Clause
// Octets as text, the way RFC 9110 section 5.6 cuts them: tokens, optional white space, ASCII case.
// Locale-free on purpose: a sensor must read the same octets the same way everywhere.
#pragma once

#include <algorithm>
#include <cstdint>
#include <string_view>

#include "sensor/base/bytes.hpp"

namespace exwire::http1 {

/// Without the white space around it; line ends count as white space behind.
inline std::string_view trim(std::string_view text) noexcept {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t' || text.back() == '\r' ||
                           text.back() == '\n')) {
    text.remove_suffix(1);
  }
  return text;
}

constexpr bool is_digit(char letter) noexcept {
  return letter >= '0' && letter <= '9';
}

inline constexpr OctetSet kBlanks(" \t");

/// RFC 9110 5.6.2.
inline bool is_token_char(char letter) noexcept {
  static constexpr OctetSet kTokenChars(
      "!#$%&'*+-.^_`|~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz");
  return kTokenChars.has(letter);
}

/// Octets of the token at the start.
inline size_t token_size(std::string_view text) noexcept {
  size_t size = 0;
  while (size < text.size() && is_token_char(text[size])) ++size;
  return size;
}

inline bool is_token(std::string_view text) noexcept {
  return !text.empty() && token_size(text) == text.size();
}

/// The part before the next `separator`; `text` keeps what follows it.
inline std::string_view next_part(std::string_view& text, char separator) noexcept {
  const size_t end = std::min(text.find(separator), text.size());
  const std::string_view part = text.substr(0, end);
  text.remove_prefix(std::min(end + 1, text.size()));
  return part;
}

}  // namespace exwire::http1
