// SPDX-License-Identifier: BSD-3-Clause
// A segment's way through a flow. Whether it belongs there at all is asked in
// inspector_admission.cpp; sleep and wake stand in inspector_sessions.cpp, HTTP transactions in
// inspector_transactions.cpp, what nDPI is asked in inspector_labels.cpp.
#include "sensor/inspect/inspector.hpp"

#include <algorithm>

#include "sensor/flow/sequence.hpp"
#include "sensor/inspect/admission.hpp"
#include "sensor/inspect/reader.hpp"
#include "sensor/inspect/tls_start.hpp"

namespace exwire::inspect {
namespace {

// A hole that the receiver has acknowledged was lost by the capture; a little patience covers
// captures whose queues reorder. One-sided captures have no acknowledgements to go by.
constexpr int64_t kHolePatienceNs = kNanosPerSecond;
constexpr int64_t kOneSidedPatienceNs = 5 * kNanosPerSecond;
constexpr uint64_t kHoleOctets = 64 * 1024;

// What streams may hold together: octets that came early, heads that are not whole.
constexpr size_t kMostBuffers = size_t{256} << 20;

constexpr size_t side(Direction direction) noexcept {
  return static_cast<size_t>(direction);
}
// The third packet of a handshake: what its client says of itself is the measure of the next ones.
bool opens_flow(const flow::Flow& flow) noexcept {
  return flow.of(Direction::to_server).packets == 2;
}

}  // namespace

Inspector::Inspector(const InspectSettings& settings, const DissectorHost& dissectors,
                     flow::FlowTable& flows, Budget& budget, Listener& listener)
    : settings_(settings),
      dissectors_(dissectors),
      flows_(flows),
      listener_(listener),
      buffer_budget_(std::min(budget.limit() / 3, kMostBuffers)),
      buffers_(buffer_budget_),
      recent_(budget),
      doubts_(budget),
      held_(budget),
      sessions_(budget, settings.most_sessions),
      transactions_(budget, settings.most_transactions),
      handshakes_(budget, settings.most_handshakes),
      labeller_(settings.label_unknown ? std::make_unique<Labeller>(budget, settings.label_at_once)
                                       : nullptr),
      most_told_(2 * size_t{settings.most_sessions}) {
  budget.take(buffer_budget_.limit());
  for (size_t at = 0; at < dissectors_.size(); ++at) {
    budget.take(dissectors_[static_cast<uint8_t>(at)].api->thread_octets);
  }
  told_.reserve(most_told_);
}

// Who ends without drain() leaves sessions with octets: the pool frees only what it is given back.
Inspector::~Inspector() {
  while (oldest_ != 0) release(flows_[sessions_[oldest_].flow]);
}

void Inspector::inspect(const flow::Tracked& tracked, const wire::Packet& packet) {
  if (!tracked.opening.empty()) inspect_opening(tracked, packet);
  if (!held_.empty()) settle_held(tracked, packet);
  inspect_segment(tracked, packet);
  if (!held_.empty()) settle_answers(tracked.handle, *tracked.flow);
}

void Inspector::inspect_segment(const flow::Tracked& tracked, const wire::Packet& packet) {
  flow::Flow& flow = *tracked.flow;
  // A hole that is due was due before this packet.
  if (has_hole(flow)) consider_hole(tracked.handle, flow, packet.time, packet.number);
  if (packet.payload_octets == 0 && !(packet.tcp_flags & wire::kFin)) {
    if (opens_flow(flow)) doubts_.about(tracked, packet, true);
    if (awaits_fin(flow) && settle_fins(tracked.handle, flow, packet.time)) sleep_if_idle(flow);
    return;
  }
  if (!is_plain(tracked, packet) && !takes_odd_payload(tracked, packet)) return;
  if (may_wait(tracked, packet) && hold(tracked, packet)) return;
  if (flow.session == 0 && pass_asleep(tracked, packet)) return;
  take_in(tracked, packet);
}

// A segment that belongs to the stream, as far as anybody can tell.
void Inspector::take_in(const flow::Tracked& tracked, const wire::Packet& packet) {
  if (buffer_budget_.refusals() != refusals_) shed_holes(packet.time, packet.number);
  flow::Flow& flow = *tracked.flow;
  const bool fin = packet.tcp_flags & wire::kFin;
  const Direction direction = tracked.direction;
  const bool repeated =
      tracked.offset < static_cast<int64_t>(flow.of(direction).stream_octets) && !tracked.keepalive;
  if (repeated && !packet.payload.empty()) compare_repeated(tracked, packet);
  if (!(flow.work & dissect_bit(direction)) && starts_tls(packet.payload)) reopen(tracked);
  if (!(flow.work & dissect_bit(direction))) {
    pass_uninspected(tracked, packet);
    if (flow.work & flow::kWorkIdentify) look_for_label(flow, packet);
    check_fin(tracked, packet);
    if (flow.session != 0) sleep_if_idle(flow);
    return;
  }
  const int64_t end = tracked.offset + packet.payload_octets;
  const bool old = end <= static_cast<int64_t>(flow.of(direction).stream_octets);
  if (flow.session == 0 && ((old && !fin) || pass_asleep(tracked, packet))) return;
  const uint32_t handle = flow.session != 0 ? flow.session : wake(tracked.handle, flow);
  if (handle == 0) {
    flow.mark(flow::kTrackingLost);
    pass_uninspected(tracked, packet);
    check_fin(tracked, packet);
    return;
  }
  touch(handle);
  Session& session = sessions_[handle];
  if (direction == Direction::to_client) give_up_answered(tracked, packet, session);
  hand_on(tracked, packet, session);
  if (flow.work == flow::kWorkIdentify) label_both(flow, packet, session);
  if (has_hole(flow)) consider_hole(tracked.handle, flow, packet.time, packet.number);
  if (fin || awaits_fin(flow)) check_fin(tracked, packet);
  if (flow.session != 0) sleep_if_idle(flow);
}

// Once per connection: whoever goes over to TLS does so once, and an attacker gains no rounds.
bool Inspector::may_look_anew(uint32_t handle) {
  auto known = told_.find(handle);
  if (known == told_.end() && told_.size() < most_told_) known = told_.emplace(handle, 0).first;
  constexpr uint64_t kMask = uint64_t{1} << kLookedAnew;
  if (known == told_.end() || (known->second & kMask)) return false;
  known->second |= kMask;
  return true;
}

// The payload of a SYN that the server has acknowledged is the beginning of the client's stream.
void Inspector::inspect_opening(const flow::Tracked& tracked, const wire::Packet& packet) {
  flow::Tracked first = tracked;
  first.direction = Direction::to_server;
  first.offset = 0;
  first.keepalive = false;
  first.opening = {};
  wire::Packet syn = packet;
  syn.payload = tracked.opening;
  syn.payload_octets = tracked.opening.size;
  syn.tcp_flags = wire::kAck | wire::kPsh;
  syn.urgent = 0;
  syn.seq = tracked.flow->of(Direction::to_server).next_seq;
  inspect(first, syn);
}

// The payload goes to the stream: without the urgent octet (RFC 6093 3.1), which most hosts take
// out; the copy that keeps it is read on its own.
void Inspector::hand_on(const flow::Tracked& tracked, const wire::Packet& packet,
                        Session& session) {
  flow::Flow& flow = *tracked.flow;
  const Direction direction = tracked.direction;
  flow::DirectionState& state = flow.of(direction);
  flow::Reassembler& stream = session.stream[side(direction)];
  Reader reader(*this, tracked.handle, flow, session, direction, packet.time, packet.number);
  const bool fresh = tracked.offset >= static_cast<int64_t>(state.stream_octets);
  if (fresh && direction == Direction::to_server) {
    recent_.remember(packet.hash, packet.seq, packet.payload);
  }
  int64_t& urgent_at = session.urgent_at[side(direction)];
  if (packet.tcp_flags & wire::kUrg) {
    // The pointer may lead beyond this segment; then it counts when its octet comes.
    urgent_at = tracked.offset + (packet.urgent > 0 ? packet.urgent - 1 : 0);
    report(tracked.handle, flow, kUrgentAnomaly,
           {"stream", "stream.urgent_data", nullptr, direction});
  }
  const bool here = urgent_at >= tracked.offset && urgent_at < tracked.offset + packet.payload.size;
  if (!here || packet.payload.size != packet.payload_octets) {
    stream.segment(state, tracked.offset, packet.payload, packet.payload_octets, reader, buffers_,
                   counters_.reassembly, packet.time.ns);
    return;
  }
  const auto at = static_cast<uint32_t>(urgent_at - tracked.offset);
  inspect_other_copy(tracked.handle, flow, direction, tracked.offset, packet.payload, packet.time,
                     packet.number);
  stream.segment(state, tracked.offset, packet.payload.first(at), at, reader, buffers_,
                 counters_.reassembly, packet.time.ns);
  stream.omit(state, tracked.offset + at, reader, buffers_, packet.time.ns);
  const Bytes rest = packet.payload.from(at + 1);
  stream.segment(state, tracked.offset + at + 1, rest, rest.size, reader, buffers_,
                 counters_.reassembly, packet.time.ns);
}

// The connection goes over to TLS: identification starts anew at this segment. Where nobody has
// read so far, later segments may have overtaken it and moved the position on; theirs are lost, the
// hello is not.
void Inspector::reopen(const flow::Tracked& tracked) {
  constexpr int64_t kMostOvertaken = 65536;
  flow::Flow& flow = *tracked.flow;
  flow::DirectionState& state = flow.of(tracked.direction);
  const int64_t ahead = tracked.offset - static_cast<int64_t>(state.stream_octets);
  const bool unread = flow.dissector == flow::Flow::kNoDissector &&
                      (flow.work == flow::kWorkIdentify || flow.label != 0);
  if (ahead < (unread ? -kMostOvertaken : 0) || !may_look_anew(tracked.handle)) return;
  if (ahead < 0) {
    state.step_back(static_cast<uint64_t>(-ahead));
  } else {
    state.advance(static_cast<uint64_t>(ahead));
  }
  finish_all(tracked.handle, flow);
  if (flow.session != 0) release(flow);
  flow.dissector = flow::Flow::kNoDissector;
  flow.skip_left = {};
  flow.parked = {};
  flow.work = kLookAnew;
}

// Nobody reads this direction: its position follows the highest octet seen.
void Inspector::pass_uninspected(const flow::Tracked& tracked, const wire::Packet& packet) {
  constexpr int64_t kFarAhead = int64_t{1} << 30;  // no window reaches further (RFC 7323 2.2)
  flow::DirectionState& state = tracked.flow->of(tracked.direction);
  const int64_t ahead =
      tracked.offset + packet.payload_octets - static_cast<int64_t>(state.stream_octets);
  if (ahead <= 0 || ahead > kFarAhead) return;
  state.advance(static_cast<uint64_t>(ahead));
}

// The next octets of a body whose reader sleeps, most of a download: counted, nobody is woken.
bool Inspector::pass_asleep(const flow::Tracked& tracked, const wire::Packet& packet) {
  flow::Flow& flow = *tracked.flow;
  uint32_t& left = flow.skip_left[side(tracked.direction)];
  flow::DirectionState& state = flow.of(tracked.direction);
  const bool next =
      tracked.offset == static_cast<int64_t>(state.stream_octets) && left >= packet.payload_octets;
  if (!next || !(flow.work & dissect_bit(tracked.direction)) || (packet.tcp_flags & wire::kFin) ||
      buffer_budget_.refusals() != refusals_) {
    return false;
  }
  left -= packet.payload_octets;
  state.advance(packet.payload_octets);
  return true;
}

void Inspector::consider_hole(uint32_t handle, flow::Flow& flow, Timestamp now,
                              uint64_t packet_number) {
  Session& session = sessions_[flow.session];
  for (const Direction direction : {Direction::to_server, Direction::to_client}) {
    flow::Reassembler& stream = session.stream[side(direction)];
    if (!stream.has_hole()) continue;
    const flow::DirectionState& peer = flow.of(opposite(direction));
    const int64_t patience = flow.one_sided() ? kOneSidedPatienceNs : kHolePatienceNs;
    const bool waited =
        now.ns - stream.hole_since_ns() >= patience || stream.early_octets() >= kHoleOctets;
    const auto lost = [&] {
      return flow.one_sided() || flow::distance(flow.of(direction).next_seq, peer.last_ack) > 0;
    };
    if (!waited) flows_.wake_at(handle, {stream.hole_since_ns() + patience});
    Reader reader(*this, handle, flow, session, direction, now, packet_number);
    while (waited && stream.has_hole() && lost()) {
      stream.give_up_hole(flow.of(direction), reader, buffers_, counters_.reassembly, now.ns);
    }
  }
}

// An answer that waits for nothing more goes on to be read: what its client sent before it, and
// lies behind a hole that the server did not see, must be read first, or nobody asked for it.
void Inspector::give_up_answered(const flow::Tracked& tracked, const wire::Packet& packet,
                                 Session& session) {
  flow::Reassembler& asked = session.stream[side(Direction::to_server)];
  if (!asked.has_hole() || packet.payload_octets == 0) return;
  flow::Flow& flow = *tracked.flow;
  flow::DirectionState& client = flow.of(Direction::to_server);
  Reader reader(*this, tracked.handle, flow, session, Direction::to_server, packet.time,
                packet.number);
  while (asked.has_hole() && flow::distance(client.next_seq, packet.ack) > 0) {
    asked.give_up_hole(client, reader, buffers_, counters_.reassembly, packet.time.ns);
  }
}

void Inspector::check_fin(const flow::Tracked& tracked, const wire::Packet& packet) {
  flow::Flow& flow = *tracked.flow;
  if (packet.tcp_flags & wire::kFin) {
    const int64_t fin_at = tracked.offset + packet.payload_octets;
    const auto position = static_cast<int64_t>(flow.of(tracked.direction).stream_octets);
    if (flow.session == 0) {
      if (position == fin_at) {
        flows_.fin_reached(tracked.handle, tracked.direction);
        end_direction(tracked.handle, flow, tracked.direction, packet.time);
      }
    } else if (fin_at >= position && !flow.has(fin_mark(tracked.direction))) {
      sessions_[flow.session].fin_at[side(tracked.direction)] = fin_at;
    }
  }
  if (awaits_fin(flow)) settle_fins(tracked.handle, flow, packet.time);
}

// A FIN counts when the stream has come to it, but a direction is over only when the peer has
// acknowledged it: a FIN that never arrives there must not end a stream that goes on. True when a
// direction is over.
bool Inspector::settle_fins(uint32_t handle, flow::Flow& flow, Timestamp now) {
  bool over = false;
  for (const Direction direction : {Direction::to_server, Direction::to_client}) {
    int64_t& fin_at = sessions_[flow.session].fin_at[side(direction)];
    const flow::DirectionState& state = flow.of(direction);
    const auto position = static_cast<int64_t>(state.stream_octets);
    if (fin_at < 0 || position < fin_at) continue;
    if (position > fin_at) {
      fin_at = -1;  // its receiver has taken octets behind it
      continue;
    }
    flows_.fin_reached(handle, direction);
    const uint16_t reset_by_peer =
        direction == Direction::to_server ? flow::kResetByServer : flow::kResetByClient;
    const bool taken = flow::distance(state.next_seq, flow.of(opposite(direction)).last_ack) > 0 ||
                       flow.one_sided() || flow.has(reset_by_peer);
    if (!taken) continue;
    fin_at = -1;
    over = true;
    end_direction(handle, flow, direction, now);
    if (flow.session == 0) break;
  }
  return over && flow.session != 0;
}

void Inspector::end_direction(uint32_t handle, flow::Flow& flow, Direction direction,
                              Timestamp now) {
  if (flow.dissector == flow::Flow::kNoDissector) return;
  if (flow.session == 0 && wake(handle, flow) == 0) return;
  Session& session = sessions_[flow.session];
  Reader(*this, handle, flow, session, direction, now, 0).end();
}

void Inspector::timer(uint32_t handle, flow::Flow& flow, Timestamp now) {
  if (has_hole(flow)) consider_hole(handle, flow, now, 0);
  if (flow.session != 0) sleep_if_idle(flow);
}

void Inspector::close(uint32_t handle, flow::Flow& flow, Timestamp now) {
  if (!held_.empty()) take_all_held(handle, flow);
  label_at_end(flow, now);
  for (const Direction direction : {Direction::to_server, Direction::to_client}) {
    if (has_hole(flow)) {
      Session& session = sessions_[flow.session];
      flow::Reassembler& stream = session.stream[side(direction)];
      Reader reader(*this, handle, flow, session, direction, now, 0);
      while (stream.has_hole()) {
        stream.give_up_hole(flow.of(direction), reader, buffers_, counters_.reassembly, now.ns);
      }
    }
    const bool waiting = flow.session != 0 && sessions_[flow.session].fin_at[side(direction)] >= 0;
    const bool speaking =
        flow.dissector != flow::Flow::kNoDissector && (waiting || !flow.has(fin_mark(direction)));
    if (speaking && (flow.session != 0 || wake(handle, flow) != 0)) {
      Reader(*this, handle, flow, sessions_[flow.session], direction, now, 0).end();
    }
  }
  finish_all(handle, flow);
  if (flow.session != 0) {
    abandon_building(flow, sessions_[flow.session], Direction::to_server, now);
    release(flow);
  }
  if (!told_.empty()) told_.erase(handle);
}

void Inspector::report(uint32_t handle, flow::Flow& flow, uint32_t bit, const Anomaly& anomaly) {
  auto known = told_.find(handle);
  if (known == told_.end() && told_.size() < most_told_) known = told_.emplace(handle, 0).first;
  const uint64_t mask = uint64_t{1} << bit;
  if (known == told_.end() || (known->second & mask)) {
    ++counters_.anomalies_suppressed;
    return;
  }
  known->second |= mask;
  ++counters_.anomalies;
  listener_.anomaly(flow, anomaly);
}

}  // namespace exwire::inspect
