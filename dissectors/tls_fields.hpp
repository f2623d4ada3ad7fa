// SPDX-License-Identifier: BSD-3-Clause
// What the TLS dissector publishes: fields and anomalies, each by its place in these lists.
#pragma once

#include <cstdint>

namespace exwire {

enum Field : uint32_t {
  kClientVersion,
  kClientSessionId,
  kClientCiphers,
  kClientExtensions,
  kClientGroups,
  kClientPointFormats,
  kClientSignatureAlgorithms,
  kClientVersions,
  kClientProtocols,
  kServerName,
  kServerVersion,
  kServerLegacyVersion,
  kServerCipher,
  kServerExtensions,
  kServerProtocol,
  kServerCertificates,
  kClientCertificates,
  kServerCertificate,
};
inline constexpr const char* kFields[] = {"tls.client_version",
                                          "tls.client_session_id",
                                          "tls.client_ciphers",
                                          "tls.client_extensions",
                                          "tls.client_groups",
                                          "tls.client_point_formats",
                                          "tls.client_signature_algorithms",
                                          "tls.client_versions",
                                          "tls.client_protocols",
                                          "tls.sni",
                                          "tls.server_version",
                                          "tls.server_legacy_version",
                                          "tls.server_cipher",
                                          "tls.server_extensions",
                                          "tls.server_protocol",
                                          "tls.server_certificates",
                                          "tls.client_certificates",
                                          "tls.server_certificate",
                                          nullptr};

enum Anomaly : uint32_t {
  kBadRecord,
  kBadHello,
  kOversize,
  kManyRecords,
  kSslv2,
  kLostAlignment,
  kNameChanged,
};
inline constexpr const char* kAnomalies[] = {
    "tls_invalid_record",      "tls_invalid_hello",
    "tls_hello_oversize",      "tls_message_in_many_records",
    "tls_sslv2_hello",         "tls_record_alignment_lost",
    "tls_server_name_changed", nullptr};

}  // namespace exwire
