// SPDX-License-Identifier: BSD-3-Clause
// The letters of a URL path as IIS reads them: escapes, wide escapes, overlong UTF-8, dot segments.
// Used by iis_path.hpp only, which says what they are for.
#pragma once

#include <cstdint>
#include <string_view>

#include "sensor/base/bytes.hpp"

namespace exwire {
namespace iis {

inline int hex_value(char digit) noexcept {
  if (digit >= '0' && digit <= '9') return digit - '0';
  const char lower = static_cast<char>(digit | 0x20);
  return lower >= 'a' && lower <= 'f' ? lower - 'a' + 10 : -1;
}

/// What keeps a path from standing for itself; a slash only before another one or a dot.
inline constexpr OctetSet kWork = [] {
  OctetSet work("%\\/\x7f");
  for (unsigned octet = 0; octet < 256; ++octet) {
    if (octet <= 0x20 || octet > 0x7f) work.add(static_cast<char>(octet));
  }
  return work;
}();

inline bool needs_work(std::string_view path) noexcept {
  for (size_t at = kWork.find_in(path); at < path.size(); at = kWork.find_in(path, at + 1)) {
    const char next = at + 1 < path.size() ? path[at + 1] : '\0';
    if (path[at] != '/' || next == '/' || next == '.') return true;
  }
  return false;
}

/// An escape or a plain octet at the start of a text. `length`: how many octets it takes there.
struct Symbol {
  uint32_t code = 0;
  uint32_t length = 1;
  bool escaped = false, wide = false;
};

inline Symbol read_symbol(std::string_view text) noexcept {
  Symbol symbol{static_cast<uint8_t>(text[0]), 1, false, false};
  if (text[0] != '%') return symbol;
  const bool wide = text.size() >= 6 && (text[1] == 'u' || text[1] == 'U');
  const size_t first = wide ? 2 : 1, last = wide ? 6 : 3;
  if (text.size() < last) return symbol;
  uint32_t code = 0;
  for (size_t at = first; at < last; ++at) {
    const int digit = hex_value(text[at]);
    if (digit < 0) return symbol;
    code = code << 4 | static_cast<uint32_t>(digit);
  }
  // Full-width forms fall on their ASCII twins: best fit, as in libhtp.
  if (wide && code >= 0xff01 && code <= 0xff5e) code -= 0xfee0;
  return {code, static_cast<uint32_t>(last), true, wide};
}

/// ASCII hidden in a UTF-8 sequence longer than it needs (%c0%ae is "."): its length, else 0.
inline uint32_t read_overlong(std::string_view text, const Symbol& lead, uint32_t& code) noexcept {
  uint32_t more = 0;
  if (lead.code == 0xc0 || lead.code == 0xc1) more = 1;
  if (lead.code == 0xe0) more = 2;
  if (lead.code == 0xf0) more = 3;
  if (more == 0 || lead.wide) return 0;
  uint32_t value = more == 1 ? lead.code & 0x1f : 0;
  uint32_t length = lead.length;
  for (uint32_t index = 0; index < more; ++index) {
    if (length >= text.size()) return 0;
    const Symbol next = read_symbol(text.substr(length));
    if (next.wide || (next.code & 0xc0) != 0x80) return 0;
    value = value << 6 | (next.code & 0x3f);
    length += next.length;
  }
  if (value > 0x7f) return 0;
  code = value;
  return length;
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

inline size_t put_utf8(uint32_t code, char* out) noexcept {
  const auto tail = [code](unsigned shift) {
    return static_cast<char>(0x80 | (code >> shift & 0x3f));
  };
  if (code < 0x80) {
    out[0] = static_cast<char>(code);
    return 1;
  }
  if (code < 0x800) {
    out[0] = static_cast<char>(0xc0 | code >> 6);
    out[1] = tail(0);
    return 2;
  }
  out[0] = static_cast<char>(0xe0 | code >> 12);
  out[1] = tail(6);
  out[2] = tail(0);
  return 3;
}

}  // namespace iis
}  // namespace exwire
