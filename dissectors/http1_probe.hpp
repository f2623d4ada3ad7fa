// SPDX-License-Identifier: BSD-3-Clause
// Is this HTTP/1? Answered from the first octets of either direction. A known method before a path
// is certain; any other token (RFC 9110 section 9.1) has to show the version behind the target.
// When the first line is none of HTTP's, later ones are looked at: the flow may have been joined in
// the middle of a body, or a PROXY line may stand in front.
#pragma once

#include "dissectors/api.hpp"
#include "dissectors/http1_start_line.hpp"

namespace exwire::http1 {

constexpr size_t kMostUndecided = 512;

inline ExwireProbe probe_request(std::string_view text) noexcept {
  while (!text.empty() && std::string_view("\r\n \t").find(text[0]) != std::string_view::npos) {
    text.remove_prefix(1);
  }
  const std::string_view start = text.substr(0, kMostUndecided);
  const size_t end = start.find('\n');
  const std::string_view line = start.substr(0, end);
  const size_t space = line.find(' ');
  const std::string_view method = line.substr(0, std::min(space, line.size()));
  if (method.size() > kLongestMethod || (!method.empty() && !is_token(method))) {
    return kExwireProbeNo;
  }
  const bool whole = end != std::string_view::npos || text.size() >= kMostUndecided;
  const ExwireProbe open = whole ? kExwireProbeNo : kExwireProbeMore;
  if (space == std::string_view::npos || space + 1 == line.size()) return open;
  const std::string_view target = line.substr(space + 1);
  if (target[0] == '/' && is_known_method(method)) return kExwireProbeYes;
  if (line.find(" HTTP/1") != line.npos || line.find(" HTTP/2.0") != line.npos) {
    return is_target_like(target) || is_known_method(method) ? kExwireProbeYes : kExwireProbeNo;
  }
  const bool may_be =
      target[0] == '/' || target[0] == '*' || is_known_method(method) ||
      starts_ignoring_case(target, std::string_view("http").substr(0, target.size()));
  return may_be ? open : kExwireProbeNo;
}

inline ExwireProbe probe_response(std::string_view text) noexcept {
  constexpr std::string_view kStart = "HTTP/1.x ddd";
  for (size_t at = 0; at < kStart.size() && at < text.size(); ++at) {
    const bool digit = kStart[at] == 'x' || kStart[at] == 'd';
    if (digit ? !is_digit(text[at]) : text[at] != kStart[at]) return kExwireProbeNo;
  }
  return text.size() >= kStart.size() ? kExwireProbeYes : kExwireProbeMore;
}

/// A start line behind the first one, whole and with its version.
inline bool has_later_start_line(std::string_view text) noexcept {
  constexpr size_t kMostSearched = 4096;
  text = text.substr(0, kMostSearched);
  next_part(text, '\n');
  while (text.find('\n') != std::string_view::npos) {
    const std::string_view line = trim(next_part(text, '\n'));
    if (parse_status_line(line)) return true;
    const auto request = parse_request_line(line);
    if (request && !request->protocol.empty() && is_target_like(request->target)) return true;
  }
  return false;
}

inline ExwireProbe probe_octets(std::string_view text) noexcept {
  // Roles of a midstream flow may be guessed wrong: both forms are looked for on both sides.
  const ExwireProbe first = std::max(probe_request(text), probe_response(text));
  return first == kExwireProbeNo && has_later_start_line(text) ? kExwireProbeYes : first;
}

}  // namespace exwire::http1
