// SPDX-License-Identifier: BSD-3-Clause
// Bodies of HTTP/1 messages (RFC 9112 sections 6 and 7): data by length, in chunks, or lost in a
// gap. Passed over without a look, but for the front of those that rules look at and for
// ActiveSync's.
#include "dissectors/http1_dissector.hpp"

namespace exwire::http1 {

constexpr uint32_t kMostExtension = 4096;  // octets of a chunk header

void Http1::begin_body(const Host& host, Side& side, uint64_t octets) {
  side.left = side.body = octets;
  side.phase = Phase::body;
  if (octets == 0) end_of_message(host, side);
}

Step Http1::claim_data(const Host& host, Side& side) {
  if (!side.in_data() || side.other_end == 0) return {};
  const Step step = pass_data(side, 0);
  if (side.left == 0) end_of_data(host, side);
  return step;
}

Step Http1::read_data(const Host& host, Side& side, Bytes rest) {
  if (side.other_end == 0) {
    // Where the other reading of this message ends it: does a request stand there?
    const auto shown = static_cast<size_t>(std::min<uint64_t>(side.left, kMostUndecided));
    const ExwireProbe found = probe_request(rest.text().substr(0, shown));
    if (found == kExwireProbeMore && rest.size < shown) return {0, 0, true};
    if (found == kExwireProbeYes) host.anomaly(kSmuggledRequest);
    side.other_end = Framing::kNone;
  }
  if (side.wanted > 0) {
    const auto shown = static_cast<uint32_t>(std::min<uint64_t>(side.left, side.wanted));
    side.held = rest.size < shown ? rest.size : 0;
    if (side.held > 0) return {0, 0, true};
    host.field(kBody, rest.first(shown));
    host.message(to_server(host) ? kExwireRequestBody : kExwireResponseBody, side.transaction);
    side.wanted = 0;
  }
  const Step step = pass_data(side, rest.size);
  read_activesync(host, side, rest.first(step.consumed));
  if (side.left == 0) end_of_data(host, side);
  return step;
}

void Http1::end_of_data(const Host& host, Side& side) {
  if (side.phase == Phase::body) return end_of_message(host, side);
  side.phase = Phase::chunk_end;
}

void Http1::chunk_size(const Host& host, Side& side, std::string_view line) {
  const auto size = parse_chunk_size(line);
  if (!size || line.size() > kMostExtension) host.anomaly(kBadChunk);
  if (!size) return lose(side);
  side.body += *size;
  side.left = *size;
  side.phase = *size == 0 ? Phase::trailers : Phase::chunk_data;
}

// A line end is all that may stand behind the data of a chunk (RFC 9112 section 7.1).
Step Http1::read_chunk_end(const Host& host, Side& side, Bytes rest) {
  const bool whole = rest[0] == '\r';
  if (whole && rest.size < 2) return {0, 0, true};
  const uint32_t size = whole ? 2 : 1;
  if (rest[size - 1] != '\n') {
    host.anomaly(kBadChunk);
    lose(side);
    return {};
  }
  if (!whole) host.anomaly(kFramingAmbiguous);
  side.count_framing(size);
  side.phase = Phase::chunk_size;
  return {size, 0, false};
}

bool Http1::gap(const Host& host, uint64_t missing) {
  Side& side = side_of(host);
  begin(host);
  if (over_ || side.finished) return true;
  missing += side.held;  // what waited for the octets now lost is lost with them
  side.wanted = side.held = 0;
  show_activesync(host, side);
  if (side.phase == Phase::until_close) {
    side.body += missing;
  } else if (side.in_data() && missing <= side.left && side.other_end != 0) {
    side.left -= missing;
    side.count_framing(missing);
    if (side.left == 0) end_of_data(host, side);
  } else {
    // A body of known length ends inside the gap. Where the other end was being looked at, octets
    // were pending, and those are lost too.
    if (side.phase == Phase::body && missing > side.left) end_of_message(host, side);
    close_head(host, side);
    if (side.phase == Phase::start_line && !side.lost && !to_server(host)) {
      pairing_.miss_response();
    }
    lose(side);
  }
  return true;
}

}  // namespace exwire::http1
