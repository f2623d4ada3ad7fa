// SPDX-License-Identifier: BSD-3-Clause
// Whether a segment belongs to its stream: what no host takes is left out, what a host may or may
// not take waits until the server has acknowledged it, or other octets in its place (RFC 9293
// 3.10.7.4, RFC 5961, RFC 7323 5). The octets that lose are read on their own where hosts differ.
#include <algorithm>

#include "sensor/flow/sequence.hpp"
#include "sensor/inspect/admission.hpp"
#include "sensor/inspect/inspector.hpp"
#include "sensor/inspect/reader.hpp"

namespace exwire::inspect {
namespace {

constexpr uint32_t bit_of(flow::Doubt doubt) noexcept {
  switch (doubt) {
    case flow::Doubt::acknowledgement:
      return kAckAnomaly;
    case flow::Doubt::signature:
      return kSignatureAnomaly;
    case flow::Doubt::odd_ttl:
      return kTtlAnomaly;
    default:
      return kTimestampAnomaly;
  }
}

constexpr uint32_t bit_of(flow::Oddity oddity) noexcept {
  switch (oddity) {
    case flow::Oddity::syn_in_connection:
      return kSynAnomaly;
    case flow::Oddity::reset_out_of_place:
      return kResetAnomaly;
    case flow::Oddity::reset_ignored:
      return kResetIgnoredAnomaly;
    default:
      return kFinIgnoredAnomaly;
  }
}

}  // namespace

void Inspector::report_stream(uint32_t handle, flow::Flow& flow, Direction direction,
                              uint32_t bit) {
  const char* event = "";
  switch (bit) {
    case kUnacknowledgedAnomaly:
      event = "stream.pkt_broken_ack";
      break;
    case kAckAnomaly:
      event = "stream.est_invalid_ack";
      break;
    case kSignatureAnomaly:
      event = "exwire.signature_not_agreed";
      break;
    case kTtlAnomaly:
      event = "exwire.odd_ttl";
      break;
    case kTimestampAnomaly:
      event = "stream.pkt_invalid_timestamp";
      break;
    case kWindowAnomaly:
      event = "stream.est_packet_out_of_window";
      break;
    case kAfterFinAnomaly:
      event = "exwire.payload_after_fin";
      break;
    case kResetPayloadAnomaly:
      event = "exwire.reset_with_payload";
      break;
    case kSynAnomaly:
      event = "stream.est_syn_resend";
      break;
    case kResetAnomaly:
      event = "stream.suspected_rst_inject";
      break;
    case kResetIgnoredAnomaly:
      event = "exwire.reset_ignored";
      break;
    case kFinIgnoredAnomaly:
      event = "exwire.fin_ignored";
      break;
    default:
      return;
  }
  report(handle, flow, bit, {"stream", event, nullptr, direction});
}

void Inspector::odd_segment(uint32_t handle, flow::Flow& flow, Direction direction,
                            flow::Oddity oddity) {
  report_stream(handle, flow, direction, bit_of(oddity));
}

// Whether a host would look at the payload of a segment that is not plain.
bool Inspector::takes_odd_payload(const flow::Tracked& tracked, const wire::Packet& packet) {
  flow::Flow& flow = *tracked.flow;
  const auto odd = [&](uint32_t bit) {
    report_stream(tracked.handle, flow, tracked.direction, bit);
    return false;
  };
  if (packet.tcp_flags & wire::kRst) {
    if (packet.payload.empty()) return false;
    // Some hosts hand the payload of a reset on: it is read on its own.
    inspect_other_copy(tracked.handle, flow, tracked.direction, tracked.offset, packet.payload,
                       packet.time, packet.number);
    return odd(kResetPayloadAnomaly);
  }
  const flow::DirectionState& state = flow.of(tracked.direction);
  if (packet.tcp_flags & wire::kSyn) {  // only a SYN-ACK that opens may carry payload
    return (packet.tcp_flags & wire::kAck) && tracked.opens && tracked.offset == 0;
  }
  if (!(packet.tcp_flags & wire::kAck)) return odd(kUnacknowledgedAnomaly);
  const flow::DirectionState& peer = flow.of(opposite(tracked.direction));
  const int64_t ahead = tracked.offset - static_cast<int64_t>(state.stream_octets);
  if (flow.has(fin_mark(tracked.direction)) && ahead >= 0 && packet.payload_octets > 0 &&
      flow::distance(state.next_seq, peer.last_ack) > 0) {
    return odd(kAfterFinAnomaly);
  }
  // Beyond two of the largest windows no host takes anything. Counted from what the receiver has
  // acknowledged as well: a capture may have missed more than a window.
  const unsigned scale = tracked.direction == Direction::to_server ? flow.window_scales >> 4U
                                                                   : flow.window_scales & 15U;
  constexpr unsigned kMostScale = 14;
  const int64_t reach = kTwoWindows << std::clamp(scale, kLeastScale, kMostScale);
  if (ahead <= reach || peer.last_ack == 0 || flow.has(flow::kMidstream) ||
      flow::distance(peer.last_ack, packet.seq) <= reach) {
    return true;
  }
  ++counters_.out_of_window;
  return flow.one_sided() || odd(kWindowAnomaly);
}

// An answer may overtake its request on the way to the capture: it waits until the request has come
// by, or until its client has acknowledged it, and the request is missing indeed.
bool Inspector::hold_answer(const flow::Tracked& tracked, const wire::Packet& packet) {
  const flow::Flow& flow = *tracked.flow;
  const bool known = !flow.one_sided() && !flow.has(flow::kMidstream | flow::kGapToServer);
  return known && packet.payload_octets > 0 &&
         flow::acknowledges_unseen(packet, flow.of(Direction::to_server).next_seq) &&
         held_.keep(tracked.handle, Direction::to_client, packet, flow::Doubt::unseen_request);
}

// True when the segment waits for the server's word on it.
bool Inspector::hold(const flow::Tracked& tracked, const wire::Packet& packet) {
  if (tracked.keepalive) return false;
  if (tracked.direction == Direction::to_client) return hold_answer(tracked, packet);
  flow::Flow& flow = *tracked.flow;
  const auto position = static_cast<int64_t>(flow.of(Direction::to_server).stream_octets);
  const bool whole = !flow.has(flow::kGapToClient) &&
                     (flow.session == 0 || !sessions_[flow.session].stream[1].has_hole());
  const flow::Doubt doubt = doubts_.about(tracked, packet, whole);
  if (doubt == flow::Doubt::none || tracked.offset + packet.payload_octets <= position) {
    return false;
  }
  return held_.keep(tracked.handle, Direction::to_server, packet, doubt);
}

// What this packet acknowledges of held segments came before it. An answer of which the request has
// not come by until then, or for too long, shows that octets of the client are missing: no further
// one waits for them.
void Inspector::settle_held(const flow::Tracked& tracked, const wire::Packet& packet) {
  constexpr int64_t kLongestDetour = kNanosPerSecond;
  flow::Flow& flow = *tracked.flow;
  const auto settle = [&](flow::HeldSegments::Held& held) {
    if (held.direction == Direction::to_client) flow.mark(flow::kGapToServer);
    take_held(tracked.handle, flow, held, true);
    held_.give(held);
  };
  while (auto* held = held_.overdue(tracked.handle, {packet.time.ns - kLongestDetour})) {
    settle(*held);
  }
  if (!(packet.tcp_flags & wire::kAck)) return;
  const Direction direction = opposite(tracked.direction);
  while (auto* held = held_.acknowledged(tracked.handle, direction, packet.ack)) settle(*held);
}

// Answers whose requests have come by.
void Inspector::settle_answers(uint32_t handle, flow::Flow& flow) {
  const flow::DirectionState& client = flow.of(Direction::to_server);
  while (auto* held = held_.answering(handle, client.next_seq)) {
    take_held(handle, flow, *held, true);
    held_.give(*held);
  }
}

// Where nothing else has come meanwhile, the octets were taken: they are the stream's. Otherwise
// they are one of two copies.
void Inspector::take_held(uint32_t handle, flow::Flow& flow, const flow::HeldSegments::Held& held,
                          bool acknowledged) {
  const flow::DirectionState& state = flow.of(held.direction);
  flow::Tracked tracked{handle, &flow, held.direction, 0, held.packet.time, false, {}, false};
  tracked.offset =
      static_cast<int64_t>(state.stream_octets) + flow::distance(state.next_seq, held.packet.seq);
  const int64_t end = tracked.offset + held.packet.payload_octets;
  if (held.doubt == flow::Doubt::unseen_request) {
    take_in(tracked, held.packet);
    return;
  }
  if (acknowledged && end > static_cast<int64_t>(state.stream_octets)) {
    doubts_.confirm(handle, flow, held.packet);
  } else {
    report_stream(handle, flow, Direction::to_server, bit_of(held.doubt));
    if (held.doubt == flow::Doubt::old_timestamp) return;
  }
  take_in(tracked, held.packet);
}

// The flow ends, and nobody will say any more what became of them.
void Inspector::take_all_held(uint32_t handle, flow::Flow& flow) {
  while (flow::HeldSegments::Held* held = held_.first(handle)) {
    take_held(handle, flow, *held, false);
    held_.give(*held);
  }
}

}  // namespace exwire::inspect
