// SPDX-License-Identifier: BSD-3-Clause
// What start lines (RFC 9112 sections 3 and 4) and header fields (RFC 9110 section 6.3) of HTTP/1
// messages say. Broken ones are told and used as servers would use them. Passwords, tokens and
// cookies are not published.
#include "dissectors/http1_credentials.hpp"
#include "dissectors/http1_dissector.hpp"
#include "dissectors/http1_start_line.hpp"
#include "dissectors/http1_target.hpp"

namespace exwire::http1 {

constexpr uint32_t kMostHeaders = 256, kMostHeaderOctets = 65536;

void Http1::start_line(const Host& host, Side& side, std::string_view line) {
  const std::string_view text = trim(line);
  if (text.empty()) return;  // RFC 9112 2.2: empty lines before a message are passed over
  if (line == "PRI * HTTP/2.0\r\n") {
    host.anomaly(kHttp2);
    return leave_http(host);
  }
  // What is no start line by the book may still be one to a lenient receiver.
  const auto read = [&](auto parse, auto find) {
    auto found = side.lost ? find(text) : parse(text);
    if (!found) {
      bad_start_line(host, side, text);
      found = find(text);
    }
    if (found) show_line(host, kStartLine, line);
    return found;
  };
  if (to_server(host)) {
    if (const auto request = read(parse_request_line, find_request_line)) {
      request_line(host, side, *request, false);
    }
  } else if (const auto status = read(parse_status_line, find_status_line)) {
    status_line(host, side, *status);
  }
}

void Http1::bad_start_line(const Host& host, Side& side, std::string_view text) {
  bool swapped = to_server(host) && parse_status_line(text);
  if (!to_server(host)) {
    const auto request = parse_request_line(text);
    swapped = request && !request->protocol.empty() && is_target_like(request->target);
  }
  const bool midstream = (host.flow().flags & kExwireFlowMidstream) != 0;
  // The body of an answer may quote anything; only where a message is due does it mean something.
  if (swapped && (!side.lost || midstream)) {
    host.anomaly(kWrongDirection);
  } else if (!side.lost) {
    host.anomaly(kBadStartLine);
  }
  lose(side);
}

void Http1::request_line(const Host& host, Side& side, const RequestLine& request, bool cut) {
  side = Side{};
  side.transaction = pairing_.begin_request();
  if (pairing_.open() > Pairing::kMostLive) host.anomaly(kTooManyTransactions);
  const bool connect = request.method == "CONNECT", head = request.method == "HEAD";
  if (connect) pairing_.set_kind(side.transaction, Kind::connect);
  if (head) pairing_.set_kind(side.transaction, Kind::head);
  side.bodyless = head || request.method == "GET";
  side.old_version = request.protocol == "HTTP/1.0";
  host.field(kMethod, request.method);
  const Target target = take_target(request.target, connect);
  host.field(kUriRaw, target.raw);
  host.field(kUri, target.uri);
  show_query(host, cut ? whole_parameters(target.uri) : target.uri);
  side.web_services = starts_ignoring_case(target.uri, "/ews/");
  host_digest_ = target.host.empty() ? 0 : host_digest(target.host);
  if (target.encoded_twice) host.anomaly(kEncodedTwice);
  if (target.odd) host.anomaly(kOddPath);
  if (!request.protocol.empty()) host.field(kProtocol, request.protocol);
  if (!target.host.empty()) host.field(kHost, target.host);
  if (!target.user.empty()) {
    host.field(kAuthScheme, "URI");
    host.field(kAuthUser, target.user);
  }
  side.phase = Phase::headers;
  if (cut) return;
  if (request.protocol.empty()) {
    host.anomaly(kHttp09);
    host.message(kExwireRequestHead, side.transaction);
    end_of_message(host, side);
  } else if (!side.old_version && request.protocol != "HTTP/1.1") {
    host.anomaly(kOddVersion);
  }
}

void Http1::status_line(const Host& host, Side& side, const StatusLine& status) {
  side = Side{};
  status_ = status.status;
  challenges_ = Challenges{};
  side.phase = Phase::headers;
  side.interim = status.status < 200 && status.status != 101;
  side.old_version = status.protocol == "HTTP/1.0";
  if (side.interim) return;
  if (!side.old_version && status.protocol != "HTTP/1.1") host.anomaly(kOddVersion);
  side.transaction = pairing_.begin_response();
  host.field(kStatusCode, status.code);
  if (!status.reason.empty()) host.field(kStatusMessage, status.reason);
  host.field(kResponseProtocol, status.protocol);
}

void Http1::header(const Host& host, Side& side, const Line& line) {
  const std::string_view text = line.octets.text();
  side.header_octets += line.octets.size;
  const bool kept = ++side.headers <= kMostHeaders && side.header_octets <= kMostHeaderOctets;
  if (!kept && !side.full) host.anomaly(kTooManyHeaders);
  side.full = !kept;
  if (kept && !side.interim) show_line(host, kHeaderLine, text);
  const size_t colon = text.find(':');
  if (colon == std::string_view::npos) return host.anomaly(kBadHeader);
  const std::string_view front = text.substr(0, colon);
  const Header* found = find_header(front);
  const std::string_view name = found != nullptr ? front : trim(front);
  const Header* known = name.size() == colon ? found : find_header(name);
  // Names of the table are tokens.
  const bool sound = line.plain && (known != nullptr || is_token(name));
  if (!sound && !odd_header(host, side, line, name)) return;
  if (known == nullptr || side.interim) return;
  const bool frames = known->role == Role::length || known->role == Role::coding;
  if (frames && (line.folded || name.size() != colon)) side.framing.mark_odd();
  if (!kept && !frames) return;  // passed over, not published
  const std::string_view value = text.substr(colon + 1);
  use_header(host, side, *known, line.folded ? unfolded(value) : trim(value));
}

// A header field that may be broken. True when it can be used.
bool Http1::odd_header(const Host& host, Side& side, const Line& line, std::string_view name) {
  const std::string_view text = line.octets.text();
  const bool bare_cr = text.substr(0, text.size() - 1).find('\r') < text.size() - 2;
  const bool named = is_token(name);
  const bool nul = text.find('\0') != std::string_view::npos;
  if (named && (!bare_cr || line.folded) && !nul) return true;
  host.anomaly(kBadHeader);
  if (bare_cr || name.find_first_of(" \t") != name.npos) side.framing.mark_odd();
  return named;
}

void Http1::use_header(const Host& host, Side& side, const Header& header, std::string_view value) {
  const Field field = to_server(host) ? header.request : header.response;
  switch (header.role) {
    case Role::length:
      return side.framing.content_length(value);
    case Role::coding:
      if (side.old_version) side.framing.mark_odd();  // RFC 9112 6.1
      return side.framing.transfer_encoding(value);
    case Role::packing:
      side.packing = packing_of(value);
      return;
    case Role::upgrade:
      side.upgrade_h2c |= starts_ignoring_case(value, "h2c");
      return;
    case Role::challenge:
      if (!to_server(host)) challenges_.add(value);
      return;
    case Role::host:
      if (to_server(host)) host_header(host, value);
      return;
    case Role::credentials:
      if (to_server(host)) {
        const Credentials credentials(value);
        if (!credentials.scheme().empty()) host.field(kAuthScheme, credentials.scheme());
        if (!credentials.user().empty()) host.field(kAuthUser, credentials.user());
      }
      return;
    case Role::url: {
      static thread_local std::array<char, kScratchSize> buffer;
      if (field != kNone) host.field(field, without_secrets(value, buffer.data(), buffer.size()));
      return;
    }
    case Role::content_type:
      side.activesync = starts_ignoring_case(value, "application/vnd.ms-sync");
      [[fallthrough]];
    case Role::publish:
      if (field != kNone) host.field(field, value);
      return;
  }
}

// RFC 9112 3.2.2: a host in the target counts, whatever the Host header says.
void Http1::host_header(const Host& host, std::string_view value) {
  const uint32_t digest = host_digest(value);
  if (host_digest_ == 0) {
    host_digest_ = digest;
    host.field(kHost, value);
  } else if (digest != host_digest_) {
    host.anomaly(kHostMismatch);
  }
}

}  // namespace exwire::http1
