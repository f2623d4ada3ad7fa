// SPDX-License-Identifier: BSD-3-Clause
#include "sensor/detect/idle_gaps.hpp"

namespace exwire::detect {

void tell(const FlowContext& context, IdleGapKind kind, const IdleGap& gap, FindingSink& sink) {
  Observation made =
      Observation::of(context.flow, Topic::idle_gap, static_cast<uint16_t>(kind), context.now);
  made.put(gap);
  sink.observe(made);
}

namespace {

// Unanswered so long, a probe is lost for good; a tunnel is shorter, Windows gives up after 10 s.
constexpr uint32_t kPatienceMs = 64'000;
constexpr uint32_t kLeastPatienceMs = 3'000;
constexpr uint8_t kLeastRepeats = 3;
// An RST from a box or a peer that has forgotten comes within a round trip; one after repeats is a
// phone that has found its network again.
constexpr uint32_t kPromptMs = 3'000;

void wake_in(const FlowContext& context, uint32_t ms, FindingSink& sink) {
  sink.wake_at(context, {context.now.ns + int64_t{ms} * kNanosPerMilli});
}

// The gap whose probe is pending.
IdleGap gap_of(const FlowContext& context, const IdleMemory& memory, DropMode mode) noexcept {
  IdleGap gap;
  gap.length_ms = static_cast<uint32_t>(memory.gap_ms);
  gap.since_probe_ms = memory.waited_ms(age_ms(context.flow, context.now));
  gap.mode = mode;
  if (memory.has(IdleMemory::kFromServer)) gap.marks = IdleGap::kTowardsClient;
  return gap;
}

// The probe will not be answered any more.
void conclude(const FlowContext& context, IdleMemory& memory, FindingSink& sink) {
  memory.set(IdleMemory::kPending, false);
  if (!memory.probe_has(IdleMemory::kSuspected)) return;
  const IdleGap gap = gap_of(context, memory, DropMode::silent);
  const bool dropped = memory.repeats() >= kLeastRepeats &&
                       gap.since_probe_ms >= kLeastPatienceMs &&
                       !memory.probe_has(IdleMemory::kPeerSpoke) && !spoiled(context.flow);
  if (dropped) memory.set(IdleMemory::kOver, true);
  tell(context, dropped ? IdleGapKind::dropped : IdleGapKind::censored, gap, sink);
}

// What has ended the silence was heard.
void answered(const FlowContext& context, IdleMemory& memory, FindingSink& sink) {
  const bool suspected = memory.probe_has(IdleMemory::kSuspected);
  IdleGap gap = gap_of(context, memory, DropMode::silent);
  memory.set(IdleMemory::kPending, false);
  if (memory.probe_has(IdleMemory::kGivingUp)) {
    if (suspected) tell(context, IdleGapKind::censored, gap, sink);
    gap.mode = DropMode::fin;
    gap.marks = IdleGap::kTimer | IdleGap::kTowardsClient;
    tell(context, IdleGapKind::closed, gap, sink);
    memory.set(IdleMemory::kOver, true);
    return;
  }
  const bool sealed = memory.wait_kind() == WaitKind::sealed;
  if (memory.probe_has(IdleMemory::kWait) && sealed) gap.marks |= IdleGap::kWait;
  tell(context, suspected ? IdleGapKind::recovered : IdleGapKind::survived, gap, sink);
}

void answer_or_repeat(const FlowContext& context, const flow::Tracked& tracked,
                      const wire::Packet& packet, IdleMemory& memory, FindingSink& sink) {
  const bool from_server = tracked.direction == Direction::to_client;
  if (from_server != memory.has(IdleMemory::kFromServer)) {
    const bool all = memory.beyond_probe(packet.ack) >= 0;
    if ((packet.tcp_flags & wire::kAck) && (all || memory.probe_has(IdleMemory::kKeepalive))) {
      answered(context, memory, sink);
    } else {
      memory.probe |= IdleMemory::kPeerSpoke;
    }
    return;
  }
  if (context.flow.one_sided() && tracked.acknowledged > 0) {
    answered(context, memory, sink);  // the unseen side goes on
    return;
  }
  const bool carries = packet.sequence_length() > 0 || tracked.keepalive;
  const uint32_t end = packet.seq + packet.sequence_length();
  if (!carries || memory.beyond_probe(end) > 0) return;
  if (memory.repeats() < IdleMemory::kRepeats) ++memory.probe;
  if (memory.repeats() == 2 && !memory.probe_has(IdleMemory::kSuspected)) {
    memory.probe |= IdleMemory::kSuspected;
    tell(context, IdleGapKind::suspected, gap_of(context, memory, DropMode::silent), sink);
    wake_in(context, kPatienceMs, sink);
  }
}

// How much of the connection the capture has: what the path's share of lost packets is known from.
void tell_captured(const FlowContext& context, FindingSink& sink) {
  Observation made = Observation::of(context.flow, Topic::idle_gap,
                                     static_cast<uint16_t>(IdleGapKind::captured), context.now);
  const uint32_t packets =
      context.flow.of(Direction::to_server).packets + context.flow.of(Direction::to_client).packets;
  made.put(CaptureShare{packets, spoiled(context.flow) ? 1U : 0U});
  sink.observe(made);
}

}  // namespace

// Somebody has said so much: a request, or an answer to one.
void IdleGaps::spoke(Direction direction, uint32_t octets, bool first,
                     IdleMemory& memory) noexcept {
  if (direction == Direction::to_client) {
    memory.state = answered(memory.state, first);
  } else if (octets >= kRequestOctets) {
    memory.set(IdleMemory::kAsked, true);
    memory.requested = 1;
  }
}

// Who spoke last, and whether anything is in flight. A side that is not seen has said what is
// acknowledged to it.
void IdleGaps::remember(const flow::Flow& flow, const flow::Tracked& tracked,
                        const wire::Packet& packet, IdleMemory& memory) noexcept {
  if (flow.one_sided()) {
    memory.set(IdleMemory::kInFlight, false);
    if (tracked.acknowledged > 1) {
      spoke(opposite(tracked.direction), tracked.acknowledged, false, memory);
    }
  } else {
    memory.set(IdleMemory::kInFlight, in_flight(flow, tracked, packet));
  }
  if (packet.payload_octets == 0 || tracked.keepalive) return;
  spoke(tracked.direction, packet.payload_octets, is_first(flow, tracked), memory);
}

void IdleGaps::segment(const FlowContext& context, const flow::Tracked& tracked,
                       const wire::Packet& packet, IdleMemory& memory, FindingSink& sink) const {
  const flow::Flow& flow = context.flow;
  const bool followed = flow.has(flow::kWatched) && !flow.has(flow::kUncertainRoles) &&
                        !memory.has(IdleMemory::kOver);
  if (packet.tcp_flags & wire::kRst) {
    if (followed && flow.state == flow::TcpState::reset) {
      reset(context, tracked, packet, memory, sink);
    }
    return;
  }
  if (followed && !memory.holed && spoiled(flow) && !flow.one_sided()) {
    memory.holed = 1;
    tell_captured(context, sink);
  }
  if (followed && memory.has(IdleMemory::kPending)) {
    answer_or_repeat(context, tracked, packet, memory, sink);
  } else if (followed) {
    consider(context, tracked, packet, memory, sink);
  }
  remember(flow, tracked, packet, memory);
}

void IdleGaps::timer(const FlowContext& context, IdleMemory& memory, FindingSink& sink) const {
  if (!memory.has(IdleMemory::kPending) || !memory.probe_has(IdleMemory::kSuspected)) return;
  const uint32_t waited = memory.waited_ms(age_ms(context.flow, context.now));
  if (waited >= kPatienceMs) {
    conclude(context, memory, sink);
  } else {
    wake_in(context, kPatienceMs - waited, sink);
  }
}

void IdleGaps::ended(const FlowContext& context, IdleMemory& memory, FindingSink& sink) const {
  if (usable(context.flow) && !context.flow.one_sided() && !memory.holed) {
    tell_captured(context, sink);
  }
  if (memory.has(IdleMemory::kPending)) conclude(context, memory, sink);
}

// Does this packet end an idle gap?
void IdleGaps::consider(const FlowContext& context, const flow::Tracked& tracked,
                        const wire::Packet& packet, IdleMemory& memory, FindingSink& sink) const {
  const flow::Flow& flow = context.flow;
  const uint32_t length = silence(tracked, packet);
  if (length < least_gap_ms_ || memory.has(IdleMemory::kInFlight) || !usable(flow)) return;
  if (spoiled(flow)) {
    tell(context, IdleGapKind::unusable, {length}, sink);
    return;
  }
  if (!continues(flow, tracked, packet)) return;
  if (flow.one_sided() && (tracked.keepalive || tracked.acknowledged > 0)) {
    unseen_spoke(context, tracked, length, memory, sink);
    return;
  }
  const bool fin = packet.tcp_flags & wire::kFin;
  if (packet.payload_octets == 0 && !fin && !tracked.keepalive) return;
  memory.probe = 0;
  if (fin && packet.payload_octets == 0 && closes(context, packet, memory, length, sink)) return;
  const bool from_server = tracked.direction == Direction::to_client;
  const bool alert = is_alert(packet);
  memory.gap_ms = std::min(length, 0xffffffU) & 0xffffffU;
  memory.probe_end = (packet.seq + packet.sequence_length()) & 0xffffffU;
  memory.probe_at = (age_ms(flow, packet.time) / IdleMemory::kProbeUnitMs) & 0x3fffU;
  if (tracked.keepalive) memory.probe |= IdleMemory::kKeepalive;
  if (fin || alert) memory.probe |= IdleMemory::kClosing;
  memory.set(IdleMemory::kPending, true);
  memory.set(IdleMemory::kFromServer, from_server);
  // A client that is served once per connection may get its answer together with the FIN.
  const bool answers = packet.payload_octets > 0 && !tracked.keepalive && !alert;
  if (from_server && answers && push_.waited(flow, packet.payload_octets, length, memory, sink)) {
    memory.probe |= IdleMemory::kWait;
  }
}

// Only one side is seen, and it acknowledges octets of the other that came out of the silence: they
// have got through. Keep-alives leave no trace of their answers. A single octet may be a FIN.
void IdleGaps::unseen_spoke(const FlowContext& context, const flow::Tracked& tracked,
                            uint32_t length, IdleMemory& memory, FindingSink& sink) const {
  if (tracked.keepalive || tracked.acknowledged <= 1) return;
  const bool from_server = tracked.direction == Direction::to_server;
  IdleGap gap{length};
  if (from_server) gap.marks = IdleGap::kTowardsClient;
  if (from_server && push_.waited(context.flow, tracked.acknowledged, length, memory, sink)) {
    gap.marks |= IdleGap::kWait;
  }
  tell(context, IdleGapKind::survived, gap, sink);
}

// A FIN or RST into the silence: told when it may be the timer of a box. Only while an answer is
// due, and only to clients that are known to wait: a server that has never let them wait may keep
// house, or be under attack. Where a box speaks with a TTL of its own, or cuts a connection that
// has worked well, one is enough; a client may have lost patience and a server that serves one
// request per connection its own reasons, so that of those many at one age are needed (IdleCloses).
bool IdleGaps::closes(const FlowContext& context, const wire::Packet& packet, IdleMemory& memory,
                      uint32_t length, FindingSink& sink) const {
  const flow::Flow& flow = context.flow;
  if (!push_.owed(flow, memory, sink)) return false;
  const bool from_client = flow.direction_of(packet) == Direction::to_server;
  const bool rst = packet.tcp_flags & wire::kRst;
  IdleGap gap{length};
  gap.mode = rst ? DropMode::rst : DropMode::fin;
  // Where it comes from is where the box is.
  gap.marks = IdleGap::kTimer;
  if (from_client) gap.marks |= IdleGap::kTowardsClient;
  if (foreign(flow, packet)) {
    gap.marks |= IdleGap::kForeign;
    tell(context, IdleGapKind::dropped, gap, sink);
  } else if (!push_.patient(flow, memory, sink) || (!from_client && housekeeping(length))) {
    return false;
  } else if (from_client && !rst) {
    memory.probe = IdleMemory::kGivingUp;  // whether anybody hears it will be seen
    return false;
  } else {
    const bool served = !from_client && memory.has(IdleMemory::kTwoRounds);
    tell(context, served ? IdleGapKind::dropped : IdleGapKind::closed, gap, sink);
  }
  memory.set(IdleMemory::kOver, true);
  return true;
}

void IdleGaps::reset(const FlowContext& context, const flow::Tracked& tracked,
                     const wire::Packet& packet, IdleMemory& memory, FindingSink& sink) const {
  const bool from_server = tracked.direction == Direction::to_client;
  if (!memory.has(IdleMemory::kPending)) {
    const uint32_t length = silence(tracked, packet);
    const bool next = packet.seq == context.flow.of(tracked.direction).next_seq;
    if (length >= least_gap_ms_ && next && !memory.has(IdleMemory::kInFlight) &&
        usable(context.flow) && !spoiled(context.flow)) {
      closes(context, packet, memory, length, sink);
    }
    memory.set(IdleMemory::kOver, true);
    return;
  }
  memory.set(IdleMemory::kOver, true);
  if (from_server == memory.has(IdleMemory::kFromServer)) {
    conclude(context, memory, sink);  // the sender of the probe has given up
    return;
  }
  memory.set(IdleMemory::kPending, false);
  IdleGap gap = gap_of(context, memory, DropMode::rst);
  if (foreign(context.flow, packet)) gap.marks |= IdleGap::kForeign;
  const bool prompt = gap.since_probe_ms <= kPromptMs;
  // Who wants to leave may be told so by a peer that has left as well. A client that closes in
  // order is answered by RST without ACK where nobody knows the connection any more.
  const bool unknown = from_server && !(packet.tcp_flags & wire::kAck);
  const bool known_end = memory.probe_has(IdleMemory::kPeerSpoke) ||
                         (memory.probe_has(IdleMemory::kClosing) && !unknown);
  if (memory.repeats() == 0 && !known_end && prompt) {
    tell(context, IdleGapKind::dropped, gap, sink);
  } else if (memory.probe_has(IdleMemory::kSuspected)) {
    tell(context, IdleGapKind::censored, gap, sink);
  }
}

}  // namespace exwire::detect
