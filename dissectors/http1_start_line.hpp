// SPDX-License-Identifier: BSD-3-Clause
// Request lines and status lines (RFC 9112 sections 3 and 4), and how one is found again after
// octets were lost. Pure functions over whole lines; lenient where servers are, and each leniency
// is told by the caller as an anomaly.
#pragma once

#include <array>
#include <optional>

#include "dissectors/http1_text.hpp"

namespace exwire::http1 {

/// Methods of Exchange clients: RFC 9110, WebDAV with Microsoft's batch verbs, MS-RPCH; sorted.
inline constexpr std::array<std::string_view, 36> kMethods{
    "ACL",          "BCOPY",       "BDELETE",      "BMOVE",       "BPROPFIND",
    "BPROPPATCH",   "CHECKIN",     "CHECKOUT",     "CONNECT",     "COPY",
    "DELETE",       "GET",         "HEAD",         "LOCK",        "MKCALENDAR",
    "MKCOL",        "MOVE",        "NOTIFY",       "OPTIONS",     "PATCH",
    "POLL",         "POST",        "PROPFIND",     "PROPPATCH",   "PUT",
    "REPORT",       "RPC_IN_DATA", "RPC_OUT_DATA", "SEARCH",      "SUBSCRIBE",
    "TRACE",        "UNCHECKOUT",  "UNLOCK",       "UNSUBSCRIBE", "VERSION-CONTROL",
    "X-MS-ENUMATTS"};
static_assert(std::is_sorted(kMethods.begin(), kMethods.end()));

inline bool is_known_method(std::string_view word) noexcept {
  return std::binary_search(kMethods.begin(), kMethods.end(), word);
}

struct RequestLine {
  std::string_view method, target, protocol;  ///< protocol empty: HTTP/0.9
};

constexpr size_t kLongestMethod = 32;

inline bool is_target_like(std::string_view target) noexcept {
  return !target.empty() && (target[0] == '/' || target[0] == '*' ||
                             target.substr(0, kLongestMethod).find("://") != target.npos);
}

/// `line` without its end. Targets may hold spaces that they should not: the first and the last
/// space of the line count.
inline std::optional<RequestLine> parse_request_line(std::string_view line) noexcept {
  const size_t first = kBlanks.find_in(line.substr(0, kLongestMethod + 1));
  if (first == std::string_view::npos || !is_token(line.substr(0, first))) return std::nullopt;
  RequestLine result;
  result.method = line.substr(0, first);
  const size_t last = kBlanks.find_last_in(line);
  const std::string_view protocol = line.substr(last + 1);
  if (last > first && starts_ignoring_case(protocol, "http/")) {
    result.protocol = protocol;
    result.target = trim(line.substr(first + 1, last - first - 1));
    return result.target.empty() ? std::nullopt : std::optional(result);
  }
  result.target = trim(line.substr(first + 1));
  const bool old = result.method == "GET" && is_target_like(result.target);
  return old ? std::optional(result) : std::nullopt;
}

/// What stands before the @ of an authority may be a password: without its end nobody can tell.
inline bool is_cut_in_authority(std::string_view target) noexcept {
  const size_t begin = target[0] == '/' ? std::string_view::npos : target.find("://");
  return begin != std::string_view::npos && target.find('/', begin + 3) == std::string_view::npos;
}

/// The head of a request line too long to be kept, or cut: all but its end.
inline std::optional<RequestLine> parse_cut_request_line(std::string_view line) noexcept {
  const size_t first = kBlanks.find_in(line.substr(0, kLongestMethod + 1));
  if (first == std::string_view::npos || !is_token(line.substr(0, first))) return std::nullopt;
  const RequestLine result{line.substr(0, first), trim(line.substr(first + 1)), {}};
  const bool tellable = is_target_like(result.target) && !is_cut_in_authority(result.target);
  return tellable ? std::optional(result) : std::nullopt;
}

/// A target without the part of the protocol that may stand behind it at a cut.
inline std::string_view without_protocol(std::string_view target) noexcept {
  const size_t last = kBlanks.find_last_in(target);
  if (last == std::string_view::npos) return target;
  const std::string_view behind = target.substr(last + 1);
  const bool part =
      equal_ignoring_case(behind, std::string_view("http/1.1").substr(0, behind.size()));
  return part ? target.substr(0, last) : target;
}

/// A target without the last of its parameters, of which a part is missing.
inline std::string_view whole_parameters(std::string_view target) noexcept {
  return target.substr(0, target.find_last_of("?&"));
}

struct StatusLine {
  std::string_view protocol, code, reason;
  int status = 0;
};

/// `line` without its end.
inline std::optional<StatusLine> parse_status_line(std::string_view line) noexcept {
  constexpr size_t kLongestVersion = 10;
  if (!starts_ignoring_case(line, "http/1.") && !starts_ignoring_case(line, "http/2")) {
    return std::nullopt;
  }
  const size_t space = kBlanks.find_in(line.substr(0, kLongestVersion + 1));
  if (space == std::string_view::npos) return std::nullopt;
  StatusLine result;
  result.protocol = line.substr(0, space);
  const std::string_view rest = trim(line.substr(space));
  if (rest.size() < 3 || (rest.size() > 3 && rest[3] != ' ' && rest[3] != '\t')) {
    return std::nullopt;
  }
  result.code = rest.substr(0, 3);
  for (const char digit : result.code) {
    if (!is_digit(digit)) return std::nullopt;
    result.status = result.status * 10 + (digit - '0');
  }
  if (result.status < 100) return std::nullopt;
  result.reason = trim(rest.substr(3));
  return result;
}

/// The longest method of the table that ends `text`; empty without one.
inline std::string_view method_at_end(std::string_view text) noexcept {
  std::string_view found;
  for (const std::string_view method : kMethods) {
    if (method.size() > found.size() && text.ends_with(method)) found = method;
  }
  return found;
}

/// After octets were lost a start line may follow the tail of a body on the same line.
inline std::optional<RequestLine> find_request_line(std::string_view line) noexcept {
  const size_t last = line.rfind(' ');
  if (last == std::string_view::npos || !starts_ignoring_case(line.substr(last + 1), "http/1.")) {
    return std::nullopt;
  }
  for (size_t space = line.find(' '); space < last; space = line.find(' ', space + 1)) {
    if (!is_target_like(line.substr(space + 1, kLongestMethod))) continue;
    const std::string_view method = method_at_end(line.substr(0, space));
    if (!method.empty()) return parse_request_line(line.substr(space - method.size()));
  }
  const auto whole = parse_request_line(line);
  const bool certain = whole && (is_known_method(whole->method) || is_target_like(whole->target));
  return certain ? whole : std::nullopt;
}

inline std::optional<StatusLine> find_status_line(std::string_view line) noexcept {
  for (size_t at = line.find("HTTP/1."); at < line.size(); at = line.find("HTTP/1.", at + 1)) {
    if (const auto status = parse_status_line(line.substr(at))) return status;
  }
  return std::nullopt;
}

}  // namespace exwire::http1
