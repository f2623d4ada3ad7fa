// SPDX-License-Identifier: BSD-3-Clause
// The path of a request target as IIS would match it: one round of percent decoding (%XX, %uXXXX),
// backslashes as separators, repeated separators as one, dot segments resolved; parameters (";x")
// are kept. Modelled on the IIS personality of libhtp (reliability facts 2.2), no server of ours.
// A pure function; the query is not touched. Invalid escapes stay as they are (IIS answers 400).
#pragma once

#include <cstdint>
#include <string_view>

#include "dissectors/iis_path_symbols.hpp"
#include "sensor/base/bytes.hpp"

namespace exwire {

struct IisPath {
  std::string_view path;        ///< into the input when nothing had to change, else into the buffer
  bool double_encoded = false;  ///< a second round would decode more
  bool odd = false;             ///< any of what follows
  bool invalid_escape = false;  ///< kept literally
  bool overlong = false;        ///< %c0%ae and the like: decoded, although UTF-8 forbids them
  bool control = false;         ///< a control character, DEL or octets that UTF-8 never has
  bool nul = false;
  bool unicode_escape = false;  ///< %uXXXX was decoded; a form of IIS only, not odd by itself
};

/// `target`: path and query as sent, in origin form. `buffer` must hold `target.size()` octets.
inline IisPath normalise_iis_path(std::string_view target, char* buffer) noexcept {
  IisPath result;
  static constexpr OctetSet kEnds("?#");
  const std::string_view path = target.substr(0, kEnds.find_in(target));
  result.path = path;
  if (!iis::needs_work(path)) return result;
  size_t size = 0;
  for (size_t at = 0; at < path.size();) {
    const std::string_view rest = path.substr(at);
    iis::Symbol symbol = iis::read_symbol(rest);
    if (const uint32_t length = iis::read_overlong(rest, symbol, symbol.code)) {
      result.overlong = true;
      symbol.length = length;
    }
    result.unicode_escape |= symbol.wide;
    result.double_encoded |= symbol.escaped && symbol.code == '%';
    result.invalid_escape |= !symbol.escaped && symbol.code == '%';
    at += symbol.length;
    const uint32_t code = symbol.code == '\\' ? '/' : symbol.code;
    result.nul |= code == 0;
    const bool never = code == 0xc0 || code == 0xc1 || code >= 0xf8;
    result.control |= code < 0x20 || code == 0x7f || (never && !symbol.wide);
    if (code == '/' && size > 0 && buffer[size - 1] == '/') continue;
    if (symbol.wide) {
      size += iis::put_utf8(code, buffer + size);  // six octets became at most three
    } else {
      buffer[size++] = static_cast<char>(code);
    }
  }
  result.odd = result.invalid_escape || result.overlong || result.control || result.nul;
  result.path = {buffer, iis::resolve_dots(buffer, size)};
  return result;
}

}  // namespace exwire
