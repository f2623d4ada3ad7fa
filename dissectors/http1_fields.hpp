// SPDX-License-Identifier: BSD-3-Clause
// What the HTTP/1 dissector says: its fields and its anomalies, numbers and names side by side.
// Names are those of Suricata's sticky buffers where there is one. Rules, detectors and golden
// files know them: new ones go to the end of their direction, none changes its meaning.
#pragma once

#include <cstdint>
#include <iterator>

namespace exwire::http1 {

enum Field : uint32_t {
  kMethod,
  kUriRaw,
  kUri,
  kProtocol,
  kHost,
  kUserAgent,
  kReferer,
  kContentType,
  kForwardedFor,
  kVia,
  kAuthScheme,
  kAuthUser,
  kAsVersion,
  kPolicyKey,
  kRequestType,
  kClientApplication,
  kStatusCode,
  kStatusMessage,
  kResponseProtocol,
  kLocation,
  kServer,
  kResponseContentType,
  kWwwAuthenticate,
  kServerActiveSync,
  kAsVersions,
  kFeServer,
  kBeServer,
  kOwaVersion,
  kPoweredBy,
  kDiagInfo,
  kRetryAfter,
  kAsThrottle,
  kAsCommand,
  kAsUser,
  kAsDeviceId,
  kAsDeviceType,
  kAsHeartbeat,
  kAsFolders,
  kAsClientPolicyStatus,
  kAsStatus,
  kAsNewPolicyKey,
  kAsRemoteWipe,
  kStartLine,   ///< as on the wire
  kHeaderLine,  ///< as on the wire, secrets included: for whoever matches, never to be told
  kBody,        ///< the front of a body, with the moment that follows; never to be told
  kFieldCount,
  kNone = 0xff,
};

inline constexpr const char* kFieldNames[] = {"http.method",
                                              "http.uri.raw",
                                              "http.uri",
                                              "http.protocol",
                                              "http.host",
                                              "http.user_agent",
                                              "http.referer",
                                              "http.content_type",
                                              "http.x_forwarded_for",
                                              "http.via",
                                              "http.auth_scheme",
                                              "http.auth_user",
                                              "http.ms_asprotocolversion",
                                              "http.x_ms_policykey",
                                              "http.x_requesttype",
                                              "http.x_clientapplication",
                                              "http.stat_code",
                                              "http.stat_msg",
                                              "http.response_protocol",
                                              "http.location",
                                              "http.server",
                                              "http.response_content_type",
                                              "http.www_authenticate",
                                              "http.ms_server_activesync",
                                              "http.ms_asprotocolversions",
                                              "http.x_feserver",
                                              "http.x_beserver",
                                              "http.x_owa_version",
                                              "http.x_powered_by",
                                              "http.x_diaginfo",
                                              "http.retry_after",
                                              "http.x_ms_asthrottle",
                                              "http.as_command",
                                              "http.as_user",
                                              "http.as_device_id",
                                              "http.as_device_type",
                                              "http.as_heartbeat_s",
                                              "http.as_folders",
                                              "http.as_client_policy_status",
                                              "http.as_status",
                                              "http.as_new_policy_key",
                                              "http.as_remote_wipe",
                                              "http.start_line",
                                              "http.header_line",
                                              "http.body",
                                              nullptr};
static_assert(std::size(kFieldNames) == kFieldCount + 1);

enum AnomalyKind : uint32_t {
  kFramingAmbiguous,     ///< two servers may see different message borders
  kSmuggledRequest,      ///< a request line stands where the other reading ends the body
  kLineTooLong,          ///< 64 KiB without an end; passed over
  kTooManyHeaders,       ///< more than are kept; the rest only frames the message
  kBadStartLine,         ///< neither a request line nor a status line
  kBadHeader,            ///< no colon, no name, NUL or a bare CR inside
  kBadChunk,             ///< a chunk header or its end is wrong
  kHttp2,                ///< preface or upgrade; not dissected
  kHttp09,               ///< a request line without a version
  kOddVersion,           ///< neither 1.0 nor 1.1
  kTooManyTransactions,  ///< more requests outstanding than are tracked well
  kHostMismatch,         ///< target and Host, or two Hosts, differ
  kWrongDirection,       ///< a request from the server or a status line from the client
  kEncodedTwice,         ///< the path holds escapes behind its escapes
  kOddPath,              ///< invalid, overlong or control characters in the path
  kHeadIncomplete,       ///< a head was cut by the end of its direction
  kAnomalyCount,
};

inline constexpr const char* kAnomalyNames[] = {"http_framing_ambiguous",
                                                "http_smuggled_request",
                                                "http_line_too_long",
                                                "http_too_many_headers",
                                                "http_bad_start_line",
                                                "http_bad_header",
                                                "http_bad_chunk",
                                                "http2_not_inspected",
                                                "http_09",
                                                "http_odd_version",
                                                "http_too_many_transactions",
                                                "http_host_mismatch",
                                                "http_wrong_direction",
                                                "http_path_encoded_twice",
                                                "http_odd_path",
                                                "http_head_incomplete",
                                                nullptr};
static_assert(std::size(kAnomalyNames) == kAnomalyCount + 1);

}  // namespace exwire::http1
