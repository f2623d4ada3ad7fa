// SPDX-License-Identifier: BSD-3-Clause
// The life of established flows. How a flow comes to be stands in flow_opening.cpp, how
// another connection takes its place in flow_replacement.cpp.
#include "sensor/flow/flow_table.hpp"

#include <algorithm>
#include <cstring>

#include "sensor/flow/midstream.hpp"
#include "sensor/flow/sequence.hpp"

namespace exwire::flow {
namespace {

void add_saturating(uint8_t& counter) noexcept {
  if (counter != 0xff) ++counter;
}

constexpr uint16_t fin_mark(Direction direction) noexcept {
  return direction == Direction::to_server ? kFinToServer : kFinToClient;
}
constexpr uint16_t reset_mark(Direction direction) noexcept {
  return direction == Direction::to_server ? kResetByClient : kResetByServer;
}

// A record that was given back has no packets; see leave().
bool is_in_use(const Flow& flow) noexcept {
  return (flow.direction[0].packets | flow.direction[1].packets) != 0;
}

// Counts a segment that begins before what is expected, counted already among the packets of its
// side, if it is a keep-alive or a repetition. True for a keep-alive.
bool note_repetition(Flow& flow, Direction direction, const wire::Packet& packet,
                     int32_t ahead) noexcept {
  const auto side = static_cast<size_t>(direction);
  constexpr uint8_t kNoKeepalive = wire::kSyn | wire::kFin | wire::kRst;
  if (!(packet.tcp_flags & kNoKeepalive) && ahead == -1 && packet.payload_octets <= 1 &&
      flow.direction[side].packets > 1) {
    add_saturating(flow.keepalives[side]);
    return true;
  }
  if (packet.payload_octets > 0 && ahead + static_cast<int64_t>(packet.payload_octets) <= 0) {
    add_saturating(flow.retransmissions[side]);
  }
  return false;
}

}  // namespace

FlowTable::FlowTable(const FlowSettings& settings, const Watch& watch, Budget& budget,
                     FlowListener& listener)
    : settings_(settings),
      watch_(watch),
      listener_(listener),
      flows_(budget, settings.most_flows),
      index_(budget, settings.most_flows),
      half_open_(budget, settings.half_open_entries),
      syn_payloads_(budget),
      wheel_(flows_),
      singles_(kMostSingles) {
  budget.take(singles_.octets());
}

void FlowTable::start(Timestamp at) noexcept {
  if (started_) return;
  wheel_.start(at);
  started_ = true;
}

uint32_t FlowTable::find(const wire::Packet& packet) noexcept {
  return index_.find(packet.hash,
                     [&](uint32_t handle) { return flows_[handle].key == packet.key; });
}

Tracked FlowTable::track(const wire::Packet& packet) {
  start(packet.time);
  if (packet.tcp_flags & (wire::kSyn | wire::kRst)) count_kind(packet.tcp_flags);
  const uint32_t handle = find(packet);
  if (handle == 0) return open(packet);
  Flow& flow = flows_[handle];
  // Packet time may have passed the limit before the wheel did: ended by the packet's own clock, so
  // that the result does not depend on how ticks fall.
  const Timestamp last = flow.last_seen();
  if (const int64_t limit = timeout_of(flow); packet.time.ns - last.ns > limit) {
    end(handle, EndReason::timeout, {last.ns + limit});
    return open(packet);
  }
  if (((packet.tcp_flags & wire::kSyn) || flow.has(kSynPending)) &&
      leads_elsewhere(handle, packet)) {
    return open(packet);
  }
  return update(handle, packet, last);
}

void FlowTable::count_kind(uint8_t tcp_flags) noexcept {
  counters_.syn += (tcp_flags & (wire::kSyn | wire::kAck)) == wire::kSyn;
  counters_.synack += (tcp_flags & (wire::kSyn | wire::kAck)) == (wire::kSyn | wire::kAck);
  counters_.rst += (tcp_flags & wire::kRst) != 0;
}

// The first packets of a side, until it has sent octets: what is known of it may have been guessed.
void FlowTable::begin_side(Flow& flow, const wire::Packet& packet) noexcept {
  // The side that answered speaks first, and as a client: the roles of a split handshake, or of
  // whoever calls back, are not those of what is spoken.
  const uint64_t spoken = flow.direction[0].stream_octets + flow.direction[1].stream_octets;
  if (spoken == 0 && packet.payload_octets > 0 &&
      flow.direction_of(packet) == Direction::to_client &&
      speaker_of(packet.payload) == Speaker::client) {
    turn_around(flow);
  }
  DirectionState& side = flow.of(flow.direction_of(packet));
  const bool midstream = flow.has(kMidstream);
  // Midstream a side begins with its first octets, even if the peer had them acknowledged before
  // they came by: packets change places on the way to a capture.
  const bool late = midstream && packet.payload_octets > 1 && before(packet.seq, side.next_seq);
  const bool first = side.packets == 0 && side.tcp_flags == 0;
  if (first && (side.next_seq == 0 || late)) side.next_seq = packet.seq;
  // A keep-alive is numbered one behind what is sent next (RFC 9293 3.8.4): where nothing else of a
  // side has come by, neither has the stream begun there.
  const bool unknown = flow.session == 0 && !(side.tcp_flags & wire::kSyn);
  const bool behind_probe =
      midstream && unknown && packet.payload_octets > 0 && packet.seq == side.next_seq + 1;
  if (behind_probe) side.next_seq = packet.seq;
}

Tracked FlowTable::update(uint32_t handle, const wire::Packet& packet, Timestamp previous) {
  Flow& flow = flows_[handle];
  if (flow.of(flow.direction_of(packet)).stream_octets == 0) begin_side(flow, packet);
  const Direction direction = flow.direction_of(packet);
  DirectionState& side = flow.of(direction);
  DirectionState& peer = flow.of(opposite(direction));
  flow.mark(direction == Direction::to_server ? kSawToServer : kSawToClient);
  if (side.packets != 0xffffffffU) ++side.packets;
  side.wire_octets = (side.wire_octets + packet.wire_octets) & DirectionState::kLargest48;
  side.window = packet.window;
  // Written only where one is new: the position stands in the same word and is read at once, which
  // would wait for the write of an octet of it.
  const auto tcp_flags = static_cast<uint8_t>(side.tcp_flags | packet.tcp_flags);
  if (tcp_flags != side.tcp_flags) side.tcp_flags = tcp_flags;
  if (side.ttl == 0) side.ttl = packet.ttl;
  const int64_t since = (packet.time.ns - flow.start_ns) / kNanosPerMilli;
  if (since > side.last_ms) {
    side.last_ms = static_cast<uint32_t>(std::min<int64_t>(since, 0xffffffffLL));
  }
  uint32_t acknowledged = 0;
  if ((packet.tcp_flags & wire::kAck) &&
      (side.last_ack == 0 || before(side.last_ack, packet.ack))) {
    if (side.last_ack != 0) acknowledged = packet.ack - side.last_ack;
    side.last_ack = packet.ack;
    // A peer that was never heard is known by what is acknowledged to it.
    if (peer.packets == 0 && peer.stream_octets == 0 && peer.tcp_flags == 0) {
      peer.next_seq = packet.ack;
    }
  }

  const uint32_t payload_seq = packet.seq + ((packet.tcp_flags & wire::kSyn) ? 1U : 0U);
  const int32_t ahead = distance(side.next_seq, payload_seq);
  const bool keepalive = ahead < 0 && note_repetition(flow, direction, packet, ahead);
  const int64_t offset = static_cast<int64_t>(side.stream_octets) + ahead;
  constexpr uint8_t kNoPayload = wire::kSyn | wire::kRst;
  if (packet.tcp_flags & wire::kRst) {
    on_reset(handle, direction, packet);
  } else if (flow.state != TcpState::established && packet.payload_octets > 0 && ahead >= 0 &&
             (packet.tcp_flags & (kNoPayload | wire::kAck)) == wire::kAck) {
    reopen(handle, direction);
  }
  return {handle, &flow, direction, offset, previous, keepalive, {}, false, acknowledged};
}

// A host that sends on behind the end of its stream has not ended it, whoever said so in its name:
// unless its peer has acknowledged the FIN.
void FlowTable::reopen(uint32_t handle, Direction direction) {
  Flow& flow = flows_[handle];
  const uint16_t reset = reset_mark(direction), fin = fin_mark(direction);
  const bool taken =
      distance(flow.of(direction).next_seq, flow.of(opposite(direction)).last_ack) > 0;
  if (!flow.has(reset) && (!flow.has(fin) || taken)) return;
  const Oddity oddity = flow.has(reset) ? Oddity::reset_ignored : Oddity::fin_ignored;
  flow.marks = static_cast<uint16_t>(flow.marks & ~(reset | (taken ? 0U : fin)));
  if (!flow.has(kResetByClient | kResetByServer)) {
    const bool closing = flow.has(kFinToServer | kFinToClient);
    set_state(handle, closing ? TcpState::closing : TcpState::established);
  }
  listener_.odd_segment(handle, flow, direction, oddity);
}

// RFC 5961 3.2: exactly the next number resets; what the peer has acknowledged last is the same for
// a capture that missed octets, and one that is known to miss some cannot be so strict. Anything
// else leaves the flow alone, as does a signature nobody has agreed on.
void FlowTable::on_reset(uint32_t handle, Direction direction, const wire::Packet& packet) {
  Flow& flow = flows_[handle];
  const DirectionState& side = flow.of(direction);
  const DirectionState& peer = flow.of(opposite(direction));
  const bool exact = packet.seq == side.next_seq || packet.seq == peer.last_ack;
  const int32_t ahead = distance(peer.last_ack, packet.seq);
  const unsigned scale =
      direction == Direction::to_server ? flow.window_scales >> 4U : flow.window_scales & 15U;
  constexpr unsigned kMostScale = 14;
  const bool in_window = peer.last_ack != 0 && ahead >= 0 &&
                         ahead <= static_cast<int64_t>(peer.window)
                                      << (flow.has(kMidstream) ? kMostScale : scale);
  // After FIN the sender's own number has moved one further.
  const bool behind_fin = packet.seq == side.next_seq + 1;
  constexpr uint16_t kIncomplete = kMidstream | kTrackingLost | kGapToServer | kGapToClient;
  const bool tolerated = in_window && (flow.one_sided() || flow.has(kIncomplete));
  if (packet.is_signed || (!exact && !behind_fin && !tolerated)) {
    ++counters_.rst_ignored;
    const bool over = flow.state == TcpState::closed || flow.state == TcpState::reset;
    if (in_window && !over) {
      listener_.odd_segment(handle, flow, direction, Oddity::reset_out_of_place);
    }
    return;
  }
  flow.mark(reset_mark(direction));
  if (flow.state != TcpState::closed) set_state(handle, TcpState::reset);
}

void FlowTable::fin_reached(uint32_t handle, Direction direction) {
  Flow& flow = flows_[handle];
  if (flow.has(fin_mark(direction))) return;
  flow.mark(fin_mark(direction));
  if (flow.state == TcpState::reset) return;
  set_state(handle, flow.has(fin_mark(opposite(direction))) ? TcpState::closed : TcpState::closing);
}

void FlowTable::set_state(uint32_t handle, TcpState state) {
  Flow& flow = flows_[handle];
  if (flow.state == state) return;
  flow.state = state;
  wake_at(handle, {flow.last_seen().ns + timeout_of(flow)});
}

void FlowTable::wake_at(uint32_t handle, Timestamp at) {
  const uint32_t tick = wheel_.tick_at(at);
  if (tick >= flows_[handle].deadline) return;
  wheel_.cancel(handle);
  wheel_.schedule(handle, tick);
}

int64_t FlowTable::timeout_of(const Flow& flow) const noexcept {
  switch (flow.state) {
    case TcpState::closed:
      return settings_.closed_linger_ns;
    case TcpState::reset:
      return settings_.reset_linger_ns;
    case TcpState::closing:
      return settings_.closing_timeout_ns;
    default:
      break;
  }
  return flow.has(kWatched) ? settings_.watched_timeout_ns : settings_.other_timeout_ns;
}

void FlowTable::fire(uint32_t handle, Timestamp now) {
  Flow& flow = flows_[handle];
  const int64_t last = flow.last_seen().ns;
  const int64_t due = last + timeout_of(flow);
  if (due < now.ns) {
    end(handle, EndReason::timeout, {due});
    return;
  }
  wheel_.cancel(handle);
  wheel_.schedule(handle, wheel_.tick_at({due + 1}));
  listener_.flow_timer(handle, flow, now);
}

// By age: the order must depend neither on who was scheduled last nor on which table has a flow.
bool FlowTable::older(const Flow& a, const Flow& b) noexcept {
  if (a.start_ns != b.start_ns) return a.start_ns < b.start_ns;
  return std::memcmp(&a.key, &b.key, sizeof a.key) < 0;
}

std::optional<uint32_t> FlowTable::next_due(Timestamp now) {
  if (!started_ || !wheel_.advance(now)) return std::nullopt;
  due_.clear();
  wheel_.each_due([&](uint32_t handle) { due_.push_back(handle); });
  std::sort(due_.begin(), due_.end(),
            [&](uint32_t a, uint32_t b) { return older(flows_[a], flows_[b]); });
  return wheel_.now();
}

void FlowTable::expire(Timestamp now) {
  while (next_due(now)) {
    for (const uint32_t handle : due_) fire(handle, now);
  }
  sweep(now);
}

void FlowTable::sweep(Timestamp now) {
  if (!sweeps_at(now)) return;
  swept_ = now;
  half_open_.sweep(now, [&](const HalfOpen& entry) { tell_over(entry); });
}

void FlowTable::end(uint32_t handle, EndReason why, Timestamp when) {
  index_.erase(flows_[handle].hash, handle);
  leave(handle, why, when);
}

void FlowTable::leave(uint32_t handle, EndReason why, Timestamp when) {
  Flow& flow = flows_[handle];
  listener_.flow_ended(handle, flow, why, when);
  wheel_.cancel(handle);
  flow.direction = {};  // so that nobody takes the free record for a flow
  flows_.give(handle);
}

void FlowTable::restart() noexcept {
  started_ = false;
  swept_ = {};
}

void FlowTable::drain(Timestamp now) {
  constexpr uint32_t kAhead = 4;  // flows that leave while memory answers
  const uint32_t count = gather_all();
  for (uint32_t index = 0; index < count; ++index) {
    if (index + kAhead < count) flows_.prefetch(index_.gathered(index + kAhead));
    leave(index_.take_gathered(index), EndReason::shutdown, now);
  }
  drain_half_open(now);
}

uint32_t FlowTable::gather_all() noexcept {
  return index_.gather(
      flows_.bound(), [&](uint32_t handle) { return is_in_use(flows_[handle]); },
      [&](uint32_t a, uint32_t b) { return older(flows_[a], flows_[b]); });
}

// Where the sweep stands when an entry's time has come depends on how keys hash; what is told about
// it must not.
void FlowTable::tell_over(const HalfOpen& entry) {
  counters_.backscatter += entry.stage() == HalfOpenStage::unasked;
  tell_stage(entry, entry.stage(), HalfOpenStage::none);
  listener_.half_open_ended(summary(entry), EndReason::timeout, half_open_.over_at(entry));
}

void FlowTable::drain_half_open(Timestamp now) {
  half_open_.drain([&](const HalfOpen& entry) {
    if (half_open_.is_over(entry, now)) {
      tell_over(entry);
    } else {
      counters_.backscatter += entry.stage() == HalfOpenStage::unasked;
      listener_.half_open_ended(summary(entry), EndReason::shutdown, now);
    }
  });
}

}  // namespace exwire::flow
