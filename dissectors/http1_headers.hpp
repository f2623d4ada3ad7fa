// SPDX-License-Identifier: BSD-3-Clause
// The header fields somebody asks for: one table from lower-case name to what is done with it, the
// shortest names first. Everything else is passed over, cookies and proxy credentials among it
// (reliability facts 5.4).
#pragma once

#include <array>

#include "dissectors/http1_fields.hpp"
#include "dissectors/names_by_length.hpp"

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

inline constexpr auto kHeaders = by_length<21>(std::array{
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
});

/// Null for a header nobody asks for.
inline const Header* find_header(std::string_view name) noexcept {
  return kHeaders.find(name);
}

}  // namespace exwire::http1
