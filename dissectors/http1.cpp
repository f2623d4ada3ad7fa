// SPDX-License-Identifier: BSD-3-Clause
// HTTP/1 (RFC 9110, RFC 9112), both directions of a connection: start lines, header fields,
// framing, pairing of responses with requests. Lines are consumed as they become whole; how bodies
// pass stands in http1_body.cpp. A broken message never blocks the flow: the next
// plausible start line is found again. Passwords, tokens and cookies are not published; HTTP/2 is
// recognised and left alone.
#include "dissectors/activesync_readings.hpp"
#include "dissectors/http1_credentials.hpp"
#include "dissectors/http1_dissector.hpp"
#include "dissectors/http1_target.hpp"

namespace exwire::http1 {

constexpr uint32_t kMostHeaders = 256, kMostHeaderOctets = 65536;
constexpr uint32_t kMostMatchedBody = 16384;
// Of a request to Exchange Web Services: what it asks for stands behind the SOAP header.
constexpr uint32_t kMostServicesBody = 2048;

Progress Http1::data(const Host& host, Bytes in) {
  Side& side = side_of(host);
  begin(host);
  uint32_t at = 0;
  while (at < in.size && !over_ && !side.finished) {
    const Step step = advance(host, side, in.from(at));
    at += step.consumed;
    if (step.wait) return more(at);
    if (step.skip > 0) return answer(side, at, step.skip);
  }
  if (over_ || side.finished) return finished(kExwireDone, at);
  // Data is claimed before it comes: the flow may sleep between a head and its body.
  const Step step = claim_data(host, side);
  return answer(side, at, step.skip);
}

// A flow joined in its middle starts as if octets had been lost: what comes first may be anything.
void Http1::begin(const Host& host) {
  if (begun_) return;
  begun_ = true;
  if ((host.flow().flags & kExwireFlowMidstream) == 0) return;
  for (Side& side : sides_) side.lost = true;
}

Step Http1::advance(const Host& host, Side& side, Bytes rest) {
  switch (side.phase) {
    case Phase::body:
    case Phase::chunk_data:
      return read_data(host, side, rest);
    case Phase::chunk_end:
      return read_chunk_end(host, side, rest);
    case Phase::until_close:
      side.body += rest.size;
      read_activesync(host, side, rest);
      return {rest.size, 0, false};
    case Phase::skip_line: {
      const size_t end = rest.text().find('\n');
      if (end == std::string_view::npos) return {rest.size, 0, false};
      side.phase = side.after_skip;
      return {static_cast<uint32_t>(end + 1), 0, false};
    }
    default:
      return read_line(host, side, rest);
  }
}

Step Http1::read_line(const Host& host, Side& side, Bytes rest) {
  const Line line =
      side.phase == Phase::headers ? side.lines.next_field(rest) : side.lines.next(rest);
  if (line.state == Line::State::partial) {
    if (host.flow().flags & kExwireFlowBeforeGap) read_cut_line(host, side, rest);
    return {0, 0, true};
  }
  if (line.state == Line::State::too_long) {
    return read_long_line(host, side, rest.first(kLongestLine));
  }
  const std::string_view text = line.octets.text();
  const bool blank = text == "\r\n" || text == "\n";
  const bool bare = text.size() < 2 || text[text.size() - 2] != '\r';
  if (bare && side.phase != Phase::start_line) side.framing.mark_odd();
  side.count_framing(line.octets.size);
  switch (side.phase) {
    case Phase::headers:
      blank ? end_of_headers(host, side) : header(host, side, line);
      break;
    case Phase::trailers:
      if (blank) end_of_message(host, side);
      break;
    case Phase::chunk_size:
      if (bare) host.anomaly(kFramingAmbiguous);
      chunk_size(host, side, text);
      break;
    default:
      start_line(host, side, text);
      if (bare && side.in_head()) side.framing.mark_odd();
      break;
  }
  return {line.octets.size, 0, false};
}

// The front of a line longer than is kept; the rest of it is passed over.
Step Http1::read_long_line(const Host& host, Side& side, Bytes front) {
  if (!side.lost) host.anomaly(kLineTooLong);
  const std::string_view text = trim(front.text());
  if (side.phase == Phase::start_line) {
    const bool plausible = !side.lost;
    const auto request = plausible && to_server(host) ? parse_cut_request_line(text) : std::nullopt;
    const auto status = plausible && !to_server(host) ? parse_status_line(text) : std::nullopt;
    if (request || status) show_line(host, kStartLine, front.text());
    if (request) {
      request_line(host, side, *request, true);
    } else if (status) {
      status_line(host, side, *status);
    } else {
      lose(side);
    }
  } else if (side.phase == Phase::chunk_size) {
    host.anomaly(kBadChunk);
    lose(side);
  }
  side.count_framing(front.size);
  side.after_skip = side.phase;
  side.phase = Phase::skip_line;
  return {front.size, 0, false};
}

// The rest of the line is not in the capture: enough of a start line says what was asked for, or
// answered. Nothing is made of a part of a header field.
void Http1::read_cut_line(const Host& host, Side& side, Bytes front) {
  if (side.phase != Phase::start_line || side.lost) return;
  const std::string_view text = front.text();
  if (to_server(host)) {
    auto request = parse_cut_request_line(text);
    if (!request || !is_known_method(request->method)) return;
    request->target = without_protocol(request->target);
    show_line(host, kStartLine, text);
    request_line(host, side, *request, true);
  } else if (const auto status = parse_status_line(text)) {
    show_line(host, kStartLine, text);
    status_line(host, side, *status);
  }
}

bool Http1::parkable(size_t which) const noexcept {
  return sides_[which].parkable(which == 0 ? pairing_.newest_request()
                                           : pairing_.newest_response());
}

// Each direction answers for itself, but what it does may take the room in which the other rests.
Progress Http1::answer(const Side& side, uint32_t consumed, uint64_t skip) const {
  const size_t self = &side == &sides_[0] ? 0 : 1;
  const bool room = parkable(self) && (!sides_[1 - self].rests() || parkable(1 - self));
  Progress progress =
      side.rests() && room && pairing_.parkable() ? at_rest(consumed) : more(consumed);
  progress.skip = skip;
  return progress;
}

// ---- start lines

void Http1::start_line(const Host& host, Side& side, std::string_view line) {
  const std::string_view text = trim(line);
  if (text.empty()) return;  // RFC 9112 2.2: empty lines before a message are passed over
  if (line == "PRI * HTTP/2.0\r\n") {
    host.anomaly(kHttp2);
    leave_http(host);
  } else if (to_server(host)) {
    auto request = side.lost ? find_request_line(text) : parse_request_line(text);
    if (!request) {
      bad_start_line(host, side, text);
      request = find_request_line(text);
    }
    if (request) {
      show_line(host, kStartLine, line);
      request_line(host, side, *request, false);
    }
  } else {
    auto status = side.lost ? find_status_line(text) : parse_status_line(text);
    if (!status) {
      bad_start_line(host, side, text);
      status = find_status_line(text);
    }
    if (status) {
      show_line(host, kStartLine, line);
      status_line(host, side, *status);
    }
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

// ---- header fields

void Http1::header(const Host& host, Side& side, const Line& line) {
  const std::string_view text = line.octets.text();
  side.header_octets += line.octets.size;
  const bool kept = ++side.headers <= kMostHeaders && side.header_octets <= kMostHeaderOctets;
  if (!kept && !side.full) host.anomaly(kTooManyHeaders);
  side.full = !kept;
  if (kept && !side.interim) show_line(host, kHeaderLine, text);
  const size_t token = token_size(text);
  const bool plain = token > 0 && token < text.size() && text[token] == ':';
  const size_t colon = plain ? token : text.find(':');
  const std::string_view name = trim(text.substr(0, colon));
  const bool bare_cr = text.substr(0, text.size() - 1).find('\r') < text.size() - 2;
  if (colon == std::string_view::npos || !(plain || is_token(name)) || (bare_cr && !line.folded) ||
      text.find('\0') != std::string_view::npos) {
    host.anomaly(kBadHeader);
    if (colon == std::string_view::npos) return;
    if (bare_cr || name.find_first_of(" \t") != name.npos) side.framing.mark_odd();
    if (!is_token(name)) return;
  }
  const Header* known = find_header(name);
  if (known == nullptr || side.interim) return;
  const bool frames = known->role == Role::length || known->role == Role::coding;
  if (frames && (line.folded || name.size() != colon)) side.framing.mark_odd();
  if (!kept && !frames) return;  // passed over, not published
  const std::string_view value = text.substr(colon + 1);
  use_header(host, side, *known, line.folded ? unfolded(value) : trim(value));
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

// ---- framing

void Http1::end_of_headers(const Host& host, Side& side) {
  if (side.interim) {
    side = Side{};
    return;
  }
  const Framing& framing = side.framing;
  if (side.web_services) side.wanted = kMostServicesBody;
  if (host.flow().flags & kExwireFlowBodiesWanted) side.wanted = kMostMatchedBody;
  if (framing.other_end() != Framing::kNone) {  // whose body would it be?
    side.wanted = 0;
    side.activesync = false;
  }
  // RFC 9110 9.3.1: a GET with content is known from smuggling.
  const bool needless =
      side.bodyless && (framing.chunked() || (framing.has_length() && framing.length() > 0));
  if (framing.ambiguous() || needless) host.anomaly(kFramingAmbiguous);
  if (!to_server(host)) return end_of_response_headers(host, side);
  if (side.upgrade_h2c && pairing_.kind(side.transaction) == Kind::ordinary) {
    pairing_.set_kind(side.transaction, Kind::upgrade_h2c);
  }
  host.message(kExwireRequestHead, side.transaction);
  side.other_end = framing.other_end();
  if (framing.chunked()) {
    side.phase = Phase::chunk_size;
  } else {
    begin_body(host, side, framing.has_length() ? framing.length() : 0);
  }
}

// RFC 9112 section 6.3, in its order.
void Http1::end_of_response_headers(const Host& host, Side& side) {
  const Kind kind = pairing_.kind(side.transaction);
  if (!challenges_.text().empty()) host.field(kWwwAuthenticate, challenges_.text());
  host.message(kExwireResponseHead, side.transaction);
  if (status_ == 101 || (kind == Kind::connect && status_ / 100 == 2)) {
    if (kind == Kind::upgrade_h2c || side.upgrade_h2c) host.anomaly(kHttp2);
    end_of_message(host, side);
    leave_http(host);
  } else if (kind == Kind::head || status_ == 204 || status_ == 304) {
    begin_body(host, side, 0);
  } else if (side.framing.chunked()) {
    side.phase = Phase::chunk_size;
  } else if (side.framing.has_length() && !side.framing.has_coding()) {
    begin_body(host, side, side.framing.length());
  } else {
    side.phase = Phase::until_close;
  }
}

void Http1::end_of_message(const Host& host, Side& side) {
  show_activesync(host, side);
  host.message(to_server(host) ? kExwireRequestEnd : kExwireResponseEnd, side.transaction,
               side.body);
  side = Side{};
}

// A head that will never be whole: what was published of it must not mix with the next one.
void Http1::close_head(const Host& host, Side& side) {
  if (!side.in_head() || side.interim) return;
  const bool request = &side == &sides_[0];
  if (!request && !challenges_.text().empty()) {
    host.field(kWwwAuthenticate, challenges_.text());
  }
  host.message(request ? kExwireRequestHead : kExwireResponseHead, side.transaction);
}

// A tunnel or another protocol from here on, in both directions.
void Http1::leave_http(const Host& host) {
  for (Side& side : sides_) {
    const bool own = &side == &side_of(host);
    if (!own) close_head(host, side);
    side = Side{};
  }
  over_ = true;
}

void Http1::lose(Side& side) {
  side = Side{};
  side.lost = true;
  pairing_.lose();
}

void Http1::end(const Host& host) {
  Side& side = side_of(host);
  if (side.in_head()) host.anomaly(kHeadIncomplete);
  close_head(host, side);
  if (side.phase == Phase::until_close) end_of_message(host, side);
  show_activesync(host, side);
  side = Side{};
  side.finished = true;
}

}  // namespace exwire::http1

EXPORT_DISSECTOR(http1, exwire::http1::Http1,
                 {"tcp", exwire::http1::kLongestLine + 16384, exwire::http1::kFieldNames,
                  exwire::http1::kAnomalyNames, exwire::activesync::Readings::held_octets()});
