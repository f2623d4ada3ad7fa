// SPDX-License-Identifier: BSD-3-Clause
// The small pieces of RFC 9110 and RFC 9112: start lines, header fields, lengths. Pure functions
// over whole lines; lenient where servers are, and each leniency is told by the caller as an
// anomaly.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <optional>
#include <string_view>

namespace exwire::http1 {

inline char lower(char letter) noexcept {
  return letter >= 'A' && letter <= 'Z' ? static_cast<char>(letter + 32) : letter;
}

inline bool equal_ignoring_case(std::string_view a, std::string_view lower_case) noexcept {
  return std::equal(a.begin(), a.end(), lower_case.begin(), lower_case.end(),
                    [](char x, char y) { return lower(x) == y; });
}

inline bool starts_ignoring_case(std::string_view text, std::string_view lower_case) noexcept {
  return equal_ignoring_case(text.substr(0, lower_case.size()), lower_case);
}

inline std::string_view trim(std::string_view text) noexcept {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t' || text.back() == '\r' ||
                           text.back() == '\n')) {
    text.remove_suffix(1);
  }
  return text;
}

/// RFC 9110 5.6.2.
inline bool is_token_char(char letter) noexcept {
  if ((letter >= '0' && letter <= '9') || (lower(letter) >= 'a' && lower(letter) <= 'z'))
    return true;
  return letter != 0 && std::string_view("!#$%&'*+-.^_`|~").find(letter) != std::string_view::npos;
}

inline bool is_token(std::string_view text) noexcept {
  return !text.empty() && std::all_of(text.begin(), text.end(), is_token_char);
}

struct RequestLine {
  std::string_view method, target, protocol;  ///< protocol empty: HTTP/0.9
};

/// RFC 9112 3. Targets may hold spaces that they should not: the first and the last space count.
inline std::optional<RequestLine> parse_request_line(std::string_view line) noexcept {
  constexpr size_t kLongestMethod = 32;
  line = trim(line);
  const size_t first = line.find(' ');
  if (first == std::string_view::npos || first > kLongestMethod ||
      !is_token(line.substr(0, first))) {
    return std::nullopt;
  }
  RequestLine result;
  result.method = line.substr(0, first);
  const size_t last = line.rfind(' ');
  const std::string_view protocol = line.substr(last + 1);
  if (last > first && starts_ignoring_case(protocol, "http/")) {
    result.protocol = protocol;
    result.target = trim(line.substr(first + 1, last - first - 1));
  } else {
    result.target = trim(line.substr(first + 1));
  }
  const bool target_like =
      !result.target.empty() && (result.target[0] == '/' || result.target[0] == '*' ||
                                 result.target.find("://") != std::string_view::npos ||
                                 result.method == "CONNECT" || !result.protocol.empty());
  if (!target_like) return std::nullopt;
  if (result.protocol.empty() && result.method != "GET") return std::nullopt;
  return result;
}

struct StatusLine {
  std::string_view protocol, code, reason;
  int status = 0;
};

/// RFC 9112 4.
inline std::optional<StatusLine> parse_status_line(std::string_view line) noexcept {
  line = trim(line);
  if (!starts_ignoring_case(line, "http/1.") && !starts_ignoring_case(line, "http/2"))
    return std::nullopt;
  const size_t space = line.find(' ');
  if (space == std::string_view::npos || space > 10) return std::nullopt;
  StatusLine result;
  result.protocol = line.substr(0, space);
  std::string_view rest = trim(line.substr(space));
  if (rest.size() < 3) return std::nullopt;
  result.code = rest.substr(0, 3);
  for (const char digit : result.code) {
    if (digit < '0' || digit > '9') return std::nullopt;
    result.status = result.status * 10 + (digit - '0');
  }
  if (rest.size() > 3 && rest[3] != ' ') return std::nullopt;
  result.reason = trim(rest.substr(3));
  return result;
}

/// RFC 9110 8.6: digits only; a list of equal numbers counts as one.
inline std::optional<uint64_t> parse_content_length(std::string_view text, bool& odd) noexcept {
  std::optional<uint64_t> result;
  while (!text.empty()) {
    const size_t comma = std::min(text.find(','), text.size());
    std::string_view part = trim(text.substr(0, comma));
    odd |= comma != text.size();
    while (part.size() > 1 && part[0] == '0') part.remove_prefix(1);  // leading zeros are free
    uint64_t value = 0;
    if (part.empty() || part.size() > 18) return std::nullopt;
    for (const char digit : part) {
      if (digit < '0' || digit > '9') return std::nullopt;
      value = value * 10 + static_cast<uint64_t>(digit - '0');
    }
    if (result && *result != value) return std::nullopt;
    result = value;
    text.remove_prefix(std::min(comma + 1, text.size()));
  }
  return result;
}

/// RFC 9112 7.1: hexadecimal digits, then extensions nobody uses.
inline std::optional<uint64_t> parse_chunk_size(std::string_view line) noexcept {
  line = trim(line.substr(0, line.find(';')));
  uint64_t value = 0;
  size_t digits = 0;
  for (const char digit : line) {
    const char low = lower(digit);
    const int number = digit >= '0' && digit <= '9' ? digit - '0'
                       : low >= 'a' && low <= 'f'   ? low - 'a' + 10
                                                    : -1;
    if (number < 0) return std::nullopt;
    if (value != 0 && ++digits > 14) return std::nullopt;  // leading zeros are free
    value = value << 4 | static_cast<uint64_t>(number);
  }
  if (line.empty()) return std::nullopt;
  return value;
}

}  // namespace exwire::http1
