// SPDX-License-Identifier: BSD-3-Clause
// HTTP/1 (RFC 9110, RFC 9112), both directions of a connection: lines, framing, pairing of
// responses with requests. Lines are consumed as they become whole; what start lines and header
// fields say stands in http1_head.cpp, how bodies pass in http1_body.cpp. A broken message never
// blocks the flow: the next plausible start line is found again. HTTP/2 is recognised and left
// alone.
#include "dissectors/activesync_readings.hpp"
#include "dissectors/http1_dissector.hpp"
#include "dissectors/http1_start_line.hpp"

namespace exwire::http1 {

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
    case Phase::headers:
      return read_fields(host, side, rest);
    default:
      return read_line(host, side, rest);
  }
}

// Header fields, as many as are whole.
Step Http1::read_fields(const Host& host, Side& side, Bytes rest) {
  uint32_t at = 0;
  while (side.phase == Phase::headers) {
    const Line line = side.lines.next_field(rest.from(at));
    if (line.state == Line::State::partial) return {at, 0, true};
    if (line.state == Line::State::too_long) {
      const Step step = read_long_line(host, side, rest.from(at).first(kLongestLine));
      return {at + step.consumed, 0, false};
    }
    if (line.bare()) side.framing.mark_odd();
    side.count_framing(line.octets.size);
    line.blank() ? end_of_headers(host, side) : header(host, side, line);
    at += line.octets.size;
  }
  return {at, 0, false};
}

Step Http1::read_line(const Host& host, Side& side, Bytes rest) {
  const Line line = side.lines.next(rest);
  if (line.state == Line::State::partial) {
    if (host.flow().flags & kExwireFlowBeforeGap) read_cut_line(host, side, rest);
    return {0, 0, true};
  }
  if (line.state == Line::State::too_long) {
    return read_long_line(host, side, rest.first(kLongestLine));
  }
  const std::string_view text = line.octets.text();
  if (line.bare() && side.phase != Phase::start_line) side.framing.mark_odd();
  side.count_framing(line.octets.size);
  switch (side.phase) {
    case Phase::trailers:
      if (line.blank()) end_of_message(host, side);
      break;
    case Phase::chunk_size:
      if (line.bare()) host.anomaly(kFramingAmbiguous);
      chunk_size(host, side, text);
      break;
    default:
      start_line(host, side, text);
      if (line.bare() && side.in_head()) side.framing.mark_odd();
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
