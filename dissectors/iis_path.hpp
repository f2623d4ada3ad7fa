// SPDX-License-Identifier: BSD-3-Clause
// The path of a request target as IIS would match it: one round of percent decoding (%XX, %uXXXX),
// backslashes as separators, repeated separators as one, dot segments resolved. A pure function;
// the query is not touched. Invalid escapes stay as they are (IIS answers 400 to them).
#pragma once

#include <cstdint>
#include <string_view>

#include "sensor/base/bytes.hpp"

namespace exwire {

struct IisPath {
  std::string_view path;        ///< into the input when nothing had to change, else into the buffer
  bool double_encoded = false;  ///< a second round would decode more
  bool odd = false;             ///< NUL, control characters, overlong forms or invalid escapes
};

namespace iis {

inline int hex_value(char digit) noexcept {
  if (digit >= '0' && digit <= '9') return digit - '0';
  const char lower = static_cast<char>(digit | 0x20);
  return lower >= 'a' && lower <= 'f' ? lower - 'a' + 10 : -1;
}

inline bool needs_work(std::string_view path) noexcept {
  char before = 0;
  for (const char letter : path) {
    const bool plain = letter > 0x20 && letter < 0x7f && letter != '%' && letter != '\\';
    if (!plain || (before == '/' && (letter == '/' || letter == '.'))) return true;
    before = letter;
  }
  return false;
}

/// One escape at the start of `text`: the octet it stands for and its length, 0 when it is invalid.
inline unsigned unescape(std::string_view text, char& octet, bool& odd) noexcept {
  if (text.size() >= 6 && (text[1] == 'u' || text[1] == 'U')) {
    int code = 0;
    for (size_t at = 2; at < 6; ++at) {
      const int digit = hex_value(text[at]);
      if (digit < 0) return 0;
      code = code << 4 | digit;
    }
    // Full-width forms fall on their ASCII twins (best fit), anything else above Latin-1 is odd.
    if (code >= 0xff01 && code <= 0xff5e) code -= 0xfee0;
    if (code > 0xff) {
      odd = true;
      code = '?';
    }
    octet = static_cast<char>(code);
    return 6;
  }
  if (text.size() < 3) return 0;
  const int high = hex_value(text[1]), low = hex_value(text[2]);
  if (high < 0 || low < 0) return 0;
  octet = static_cast<char>(high << 4 | low);
  return 3;
}

/// Resolves "." and ".." in place; never rises above the root.
inline size_t resolve_dots(char* path, size_t size) noexcept {
  size_t out = 0;
  for (size_t at = 0; at < size;) {
    size_t end = at;
    while (end < size && path[end] != '/') ++end;
    const std::string_view segment(path + at, end - at);
    if (segment == "..") {
      if (out > 1) --out;
      while (out > 1 && path[out - 1] != '/') --out;
    } else if (segment != ".") {
      for (size_t from = at; from < end; ++from) path[out++] = path[from];
      if (end < size) path[out++] = '/';
    }
    at = end + 1;
  }
  return out;
}

}  // namespace iis

/// `target`: path and query as sent, in origin form. `buffer` must hold `target.size()` octets.
inline IisPath normalise_iis_path(std::string_view target, char* buffer) noexcept {
  IisPath result;
  const std::string_view path = target.substr(0, target.find_first_of("?#"));
  result.path = path;
  if (!iis::needs_work(path)) return result;
  size_t size = 0;
  for (size_t at = 0; at < path.size();) {
    char octet = path[at];
    unsigned length = 1;
    if (octet == '%') {
      char decoded = 0;
      if (const unsigned escape = iis::unescape(path.substr(at), decoded, result.odd)) {
        octet = decoded;
        length = escape;
        const auto code = static_cast<unsigned char>(octet);
        result.odd |= code < 0x20 || code == 0x7f || code == 0xc0 || code == 0xc1 || code >= 0xf8;
        result.double_encoded |= octet == '%';
      } else {
        result.odd = true;
      }
    }
    at += length;
    if (octet == '\\') octet = '/';
    if (octet == '/' && size > 0 && buffer[size - 1] == '/') continue;
    buffer[size++] = octet;
  }
  result.path = {buffer, iis::resolve_dots(buffer, size)};
  return result;
}

}  // namespace exwire
