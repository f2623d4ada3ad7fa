// SPDX-License-Identifier: BSD-3-Clause
// Is this HTTP/1? Answered from the first octets of either direction. A known method before a path
// is certain; any other token (RFC 9110 section 9.1) has to show the version behind the target.
// When the first line is a header field or a PROXY line, later ones are looked at: the flow was
// joined in the middle of a head, or a proxy tells whom it speaks for.
#pragma once

#include <algorithm>

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

/// What may stand before a start line: a header field of a message whose start was not seen, or the
/// line of a proxy that tells the client's address (HAProxy's PROXY protocol, version 1).
inline ExwireProbe probe_prelude(std::string_view text) noexcept {
  constexpr std::string_view kProxy = "PROXY ";
  if (text.substr(0, kProxy.size()) == kProxy.substr(0, text.size())) {
    return text.size() < kProxy.size() ? kExwireProbeMore : kExwireProbeYes;
  }
  size_t name = 0;
  while (name < text.size() && is_token(text.substr(name, 1))) ++name;
  if (name == text.size()) return kExwireProbeMore;
  return name > 0 && text[name] == ':' ? kExwireProbeYes : kExwireProbeNo;
}

/// A start line behind such a prelude, whole and with its version, as long as all before it is
/// text. The answer for a part of the octets is `more` or the answer for all of them, so that it
/// does not matter how the segments are cut.
inline ExwireProbe probe_later_line(std::string_view text) noexcept {
  const ExwireProbe prelude = probe_prelude(text.substr(0, kMostUndecided));
  if (prelude == kExwireProbeNo) return kExwireProbeNo;
  text = text.substr(0, kMostUndecided);
  const auto is_text = [](char octet) {
    return (octet >= ' ' && octet <= '~') || octet == '\t' || octet == '\r' || octet == '\n';
  };
  const std::string_view readable(
      text.begin(),
      static_cast<size_t>(std::find_if_not(text.begin(), text.end(), is_text) - text.begin()));
  std::string_view left = readable;
  next_part(left, '\n');
  while (left.find('\n') != std::string_view::npos) {
    const std::string_view line = trim(next_part(left, '\n'));
    if (parse_status_line(line)) return kExwireProbeYes;
    const auto request = parse_request_line(line);
    if (request && !request->protocol.empty() && is_target_like(request->target)) {
      return kExwireProbeYes;
    }
  }
  const bool open = readable.size() == text.size() && text.size() < kMostUndecided;
  return open ? kExwireProbeMore : kExwireProbeNo;
}

inline ExwireProbe probe_octets(std::string_view text) noexcept {
  // Roles of a midstream flow may be guessed wrong: both forms are looked for on both sides.
  const ExwireProbe first = std::max(probe_request(text), probe_response(text));
  return first == kExwireProbeNo ? probe_later_line(text) : first;
}

}  // namespace exwire::http1
