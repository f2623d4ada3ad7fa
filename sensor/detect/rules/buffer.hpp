// SPDX-License-Identifier: BSD-3-Clause
// The texts that rules look into, by the names Suricata gives them.
#pragma once

#include <array>
#include <bitset>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace exwire::detect::rules {

enum class Buffer : uint8_t {
  http_method,
  http_uri,
  http_uri_raw,
  http_host,
  http_user_agent,
  http_referer,
  http_content_type,
  http_protocol,
  http_stat_code,
  http_stat_msg,
  http_location,
  http_server,
  http_header,
  http_header_raw,
  http_header_names,
  http_cookie,
  http_accept,
  http_accept_encoding,
  http_accept_language,
  http_connection,
  http_content_length,
  http_host_raw,
  http_request_line,
  http_response_line,
  http_start,
  http_host_dotted,  ///< with a dot before it, as dotprefix wants it
  http_request_body,
  http_response_body,
  file_data,  ///< one of the two, when the direction of the rule is known
  tls_sni,
  tls_sni_dotted,
  tls_cert_subject,
  tls_cert_issuer,
  tls_cert_serial,
  tls_cert_fingerprint,
  tls_certs,             ///< the first one, in DER
  tls_alpn,              ///< one name of the list at a time
  tls_subject_alt_name,  ///< one name of the list at a time
  ja3_hash,
  ja3_string,
  ja3s_hash,
  ja3s_string,
  ja4_hash,
  payload,  ///< of one segment, the front of a stream, or an HTTP message as it stood on the wire
  decoded,  ///< what base64_decode made of another one; after all others
  none,
};
inline constexpr size_t kBufferCount = static_cast<size_t>(Buffer::none);

using BufferSet = std::bitset<kBufferCount>;

/// The octets of one moment, by buffer; an absent buffer has no data.
using Buffers = std::array<std::string_view, kBufferCount>;

constexpr bool of_tls(Buffer buffer) noexcept {
  return buffer >= Buffer::tls_sni && buffer <= Buffer::ja4_hash;
}
constexpr bool of_http(Buffer buffer) noexcept {
  return buffer < Buffer::tls_sni;
}

}  // namespace exwire::detect::rules
