// SPDX-License-Identifier: BSD-3-Clause
// The header fields somebody asks for: one table from lower-case name to what is done with it, the
// shortest names first. Everything else is passed over, cookies and proxy credentials among it
// (reliability facts 5.4).
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
    Header{"via", Role::publish, kVia, kNone},
    Header{"host", Role::host, kHost, kNone},
    Header{"server", Role::publish, kNone, kServer},
    Header{"referer", Role::url, kReferer, kNone},
    Header{"upgrade", Role::upgrade, kNone, kNone},
    Header{"location", Role::url, kNone, kLocation},
    Header{"user-agent", Role::publish, kUserAgent, kNone},
    Header{"x-beserver", Role::publish, kNone, kBeServer},
    Header{"x-diaginfo", Role::publish, kNone, kDiagInfo},
    Header{"x-feserver", Role::publish, kNone, kFeServer},
    Header{"retry-after", Role::publish, kNone, kRetryAfter},
    Header{"content-type", Role::content_type, kContentType, kResponseContentType},
    Header{"x-powered-by", Role::publish, kNone, kPoweredBy},
    Header{"authorization", Role::credentials, kNone, kNone},
    Header{"x-owa-version", Role::publish, kNone, kOwaVersion},
    Header{"x-requesttype", Role::publish, kRequestType, kNone},
    Header{"content-length", Role::length, kNone, kNone},
    Header{"x-ms-policykey", Role::publish, kPolicyKey, kNone},
    Header{"x-forwarded-for", Role::publish, kForwardedFor, kNone},
    Header{"x-ms-asthrottle", Role::publish, kNone, kAsThrottle},
    Header{"content-encoding", Role::packing, kNone, kNone},
    Header{"www-authenticate", Role::challenge, kNone, kNone},
    Header{"transfer-encoding", Role::coding, kNone, kNone},
    Header{"x-clientapplication", Role::publish, kClientApplication, kNone},
    Header{"ms-asprotocolversion", Role::publish, kAsVersion, kNone},
    Header{"ms-server-activesync", Role::publish, kNone, kServerActiveSync},
    Header{"ms-asprotocolversions", Role::publish, kNone, kAsVersions},
};

constexpr size_t kLongestHeaderName = kHeaders.back().name.size();
/// Where the names of each length begin, and past the longest one's.
inline constexpr auto kFirstOfLength = [] {
  std::array<uint8_t, kLongestHeaderName + 2> first{};
  for (const Header& header : kHeaders) ++first[header.name.size() + 1];
  for (size_t length = 1; length < first.size(); ++length) {
    first[length] = static_cast<uint8_t>(first[length] + first[length - 1]);
  }
  return first;
}();
static_assert(std::is_sorted(kHeaders.begin(), kHeaders.end(),
                             [](const Header& a, const Header& b) {
                               return a.name.size() < b.name.size();
                             }));

/// Null for a header nobody asks for.
inline const Header* find_header(std::string_view name) noexcept {
  if (name.size() > kLongestHeaderName) return nullptr;
  for (size_t at = kFirstOfLength[name.size()]; at < kFirstOfLength[name.size() + 1]; ++at) {
    if (equal_ignoring_case(name, kHeaders[at].name)) return &kHeaders[at];
  }
  return nullptr;
}

}  // namespace exwire::http1
