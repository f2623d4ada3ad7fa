// SPDX-License-Identifier: BSD-3-Clause
// A signature in memory, checked: who it applies to, what it looks for in which buffer, and what it
// says. Nothing in it has to be looked up or converted while packets wait.
#pragma once

#include <array>
#include <bitset>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "sensor/detect/finding.hpp"
#include "sensor/detect/site.hpp"

struct pcre2_real_code_8;

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
  tls_alpn,              ///< one name of the list at a time
  tls_subject_alt_name,  ///< one name of the list at a time
  ja3_hash,
  ja3_string,
  ja3s_hash,
  ja3s_string,
  ja4_hash,
  none,
};
inline constexpr size_t kBufferCount = static_cast<size_t>(Buffer::none);

using BufferSet = std::bitset<kBufferCount>;

/// The octets of one moment, by buffer; an absent buffer has no data.
using Buffers = std::array<std::string_view, kBufferCount>;

struct FreeRegex {
  void operator()(pcre2_real_code_8* code) const noexcept;
};
using Regex = std::unique_ptr<pcre2_real_code_8, FreeRegex>;

struct Check {
  enum class Kind : uint8_t { content, regex, size, data_at };
  Kind kind = Kind::content;
  Buffer buffer = Buffer::none;
  bool negated = false;
  bool relative = false;  ///< to the end of the match before it
  bool nocase = false;    ///< `pattern` is in lower case then
  bool at_start = false, at_end = false;
  bool fast = false;                  ///< its author wants this one searched for first
  int32_t offset = 0, depth = -1;     ///< -1: to the end
  int32_t distance = 0, within = -1;  ///< -1: to the end
  std::string pattern;
  Regex regex;
  int64_t least = 0, most = INT64_MAX;  ///< of size (and position, for data_at)
};

/// What a rule compares by value.
enum class Number : uint8_t {
  tls_version,
  tls_chain_length,
  tls_seconds_valid,  ///< since notBefore of the certificate
  tls_seconds_left,   ///< until its notAfter
  tls_client_hello,   ///< 1 when it was seen
  tls_server_hello,
  flow_age_s,
  packets_to_server,
  packets_to_client,
  octets_to_server,
  octets_to_client,
  stream_to_server,
  stream_to_client,
};
/// Not there: no comparison holds.
inline constexpr int64_t kNoNumber = INT64_MIN;

struct NumberCheck {
  struct Span {
    int64_t least, most;
  };
  Number number = Number::tls_version;
  bool negated = false;
  std::vector<Span> spans;  ///< one of them is enough
  bool holds(int64_t value) const noexcept;
};

struct AddressSet {
  std::vector<Prefix> in, out;  ///< none in `in`: any
  bool covers(const wire::Address& address, uint8_t version) const noexcept;
};

struct PortSet {
  struct Span {
    uint16_t least, most;
  };
  std::vector<Span> in, out;
  bool covers(uint16_t port) const noexcept;
};

enum class Moment : uint8_t { request, response, handshake, request_body, response_body };
inline constexpr size_t kMomentCount = 5;
constexpr bool is_response(Moment moment) noexcept {
  return moment == Moment::response || moment == Moment::response_body;
}

/// `threshold` and `detection_filter`.
struct Rate {
  enum class Kind : uint8_t { none, limit, threshold, both, filter };
  enum class Track : uint8_t { by_src, by_dst, by_both, by_rule };
  Kind kind = Kind::none;
  Track track = Track::by_src;
  uint32_t count = 0;
  int64_t window_ns = 0;
};

/// `flowbits` and `xbits`: a name that one rule sets and another asks for.
struct Bit {
  enum class Action : uint8_t { set, unset, toggle, isset, isnotset };
  enum class Scope : uint8_t { flow, source, destination, pair };
  Action action = Action::set;
  Scope scope = Scope::flow;
  uint64_t name = 0;  ///< its hash
  int64_t lifetime_ns = INT64_MAX;
  bool asks() const noexcept { return action == Action::isset || action == Action::isnotset; }
};

struct Rule {
  AddressSet source, destination;
  PortSet source_port, destination_port;
  bool both_ways = false;
  bool to_client = false;
  bool silent = false;  ///< noalert
  Moment moment = Moment::request;
  std::vector<Check> checks;  ///< in their order; those of one buffer stand together
  std::vector<NumberCheck> numbers;
  std::vector<Bit> bits;
  Rate rate;
  bool client_certificate = false;  ///< not the server's: the rule follows the client's octets

  uint32_t sid = 0, revision = 1, group = 1;
  uint8_t severity = 3;
  std::string message, category, text;
  SignatureNotes notes;
  bool uses(Buffer buffer) const noexcept;
  Signature signature{};  ///< points into this rule, which therefore never moves
};

}  // namespace exwire::detect::rules
