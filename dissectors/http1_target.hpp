// SPDX-License-Identifier: BSD-3-Clause
// The four forms of a request target (RFC 9112 section 3.2) taken apart: as sent but without
// secrets, the host it names, and path and query the way the server will match them.
#pragma once

#include "dissectors/http1_lines.hpp"
#include "dissectors/http1_secrets.hpp"
#include "dissectors/iis_path.hpp"

namespace exwire::http1 {

/// Redaction may grow a text by a third (a value of one letter becomes three).
constexpr size_t kScratchSize = kLongestLine + kLongestLine / 2;

/// Two hosts with one digest are the same but for case and a default port. Never 0.
inline uint32_t host_digest(std::string_view host) noexcept {
  for (const std::string_view port : {":80", ":443"}) {
    if (host.ends_with(port)) host.remove_suffix(port.size());
  }
  uint32_t digest = 2166136261U;  // FNV-1a; an attacker gains nothing by a collision
  for (const char letter : host)
    digest = (digest ^ static_cast<uint8_t>(lower(letter))) * 16777619U;
  return digest | 1U;
}

struct Target {
  std::string_view raw, uri;
  std::string_view host, user;  ///< of the absolute form; empty otherwise
  bool encoded_twice = false, odd = false;
};

/// What it answers may point into buffers of this thread, until the next call.
inline Target take_target(std::string_view sent, bool connect) noexcept {
  static thread_local std::array<char, kScratchSize> redacted, normalised;
  Target target;
  target.raw = without_secrets(sent, redacted.data(), redacted.size());
  target.uri = target.raw;
  if (connect) {
    target.host = target.raw;
    return target;
  }
  if (const std::string_view authority = authority_of(target.raw);
      authority.data() != nullptr && target.raw[0] != '/') {
    const std::string_view userinfo = userinfo_of(authority);
    target.user = userinfo.substr(0, userinfo.find(':'));
    target.host = authority.substr(authority.rfind('@') + 1);  // npos + 1 is 0
    const auto end = static_cast<size_t>(authority.data() - target.raw.data()) + authority.size();
    target.uri = target.raw.substr(end);
  }
  const IisPath normal = normalise_iis_path(target.uri, normalised.data());
  target.encoded_twice = normal.double_encoded;
  target.odd = normal.odd;
  const size_t fragment = std::min(target.uri.find('#'), target.uri.size());
  const std::string_view query = target.uri.substr(0, fragment);
  const size_t question = std::min(query.find('?'), query.size());
  const bool changed = normal.path.data() == normalised.data();
  if (!changed && fragment == target.uri.size() && question > 0) return target;
  Scratch out(normalised.data(), normalised.size());
  if (changed) {
    out.skip(normal.path.size());
  } else {
    out.add(question == 0 ? "/" : normal.path);
  }
  out.add(query.substr(question));
  target.uri = out.text();
  return target;
}

}  // namespace exwire::http1
