// SPDX-License-Identifier: BSD-3-Clause
// The header fields somebody asks for: one sorted table from lower-case name to what is done with
// it. Everything else is passed over, cookies and proxy credentials among it (reliability facts
// 5.4).
#pragma once

#include <algorithm>
#include <array>

#include "dissectors/http1_fields.hpp"
#include "dissectors/http1_text.hpp"

namespace exwire::http1 {

/// What is to be done with a header.
enum class Role : uint8_t {
  publish,
  url,
  length,
  coding,
  packing,
  host,
  credentials,
  challenge,
  upgrade,
  content_type,
};

struct Header {
  std::string_view name;
  Role role;
  Field request, response;  ///< field it is published as, by direction
};

inline constexpr std::array kHeaders{
    Header{"authorization", Role::credentials, kNone, kNone},
    Header{"content-encoding", Role::packing, kNone, kNone},
    Header{"content-length", Role::length, kNone, kNone},
    Header{"content-type", Role::content_type, kContentType, kResponseContentType},
    Header{"host", Role::host, kHost, kNone},
    Header{"location", Role::url, kNone, kLocation},
    Header{"ms-asprotocolversion", Role::publish, kAsVersion, kNone},
    Header{"ms-asprotocolversions", Role::publish, kNone, kAsVersions},
    Header{"ms-server-activesync", Role::publish, kNone, kServerActiveSync},
    Header{"referer", Role::url, kReferer, kNone},
    Header{"retry-after", Role::publish, kNone, kRetryAfter},
    Header{"server", Role::publish, kNone, kServer},
    Header{"transfer-encoding", Role::coding, kNone, kNone},
    Header{"upgrade", Role::upgrade, kNone, kNone},
    Header{"user-agent", Role::publish, kUserAgent, kNone},
    Header{"via", Role::publish, kVia, kNone},
    Header{"www-authenticate", Role::challenge, kNone, kNone},
    Header{"x-beserver", Role::publish, kNone, kBeServer},
    Header{"x-clientapplication", Role::publish, kClientApplication, kNone},
    Header{"x-diaginfo", Role::publish, kNone, kDiagInfo},
    Header{"x-feserver", Role::publish, kNone, kFeServer},
    Header{"x-forwarded-for", Role::publish, kForwardedFor, kNone},
    Header{"x-ms-asthrottle", Role::publish, kNone, kAsThrottle},
    Header{"x-ms-policykey", Role::publish, kPolicyKey, kNone},
    Header{"x-owa-version", Role::publish, kNone, kOwaVersion},
    Header{"x-powered-by", Role::publish, kNone, kPoweredBy},
    Header{"x-requesttype", Role::publish, kRequestType, kNone},
};
static_assert(std::is_sorted(kHeaders.begin(), kHeaders.end(),
                             [](const Header& a, const Header& b) { return a.name < b.name; }));

constexpr size_t kLongestHeaderName = 24;
static_assert(std::all_of(kHeaders.begin(), kHeaders.end(), [](const Header& header) {
  return header.name.size() <= kLongestHeaderName;
}));

/// Null for a header nobody asks for.
inline const Header* find_header(std::string_view name) noexcept {
  std::array<char, kLongestHeaderName> low;
  if (name.empty() || name.size() > low.size()) return nullptr;
  std::transform(name.begin(), name.end(), low.begin(), lower);
  const std::string_view wanted(low.data(), name.size());
  const auto found = std::lower_bound(
      kHeaders.begin(), kHeaders.end(), wanted,
      [](const Header& header, std::string_view key) { return header.name < key; });
  return found != kHeaders.end() && found->name == wanted ? &*found : nullptr;
}

}  // namespace exwire::http1
