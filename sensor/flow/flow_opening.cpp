// SPDX-License-Identifier: BSD-3-Clause
// How a flow comes to be: SYN and SYN-ACK wait in the half-open table; the third packet, or a
// midstream segment that looks like HTTP or TLS, makes a Flow. RFC 9293 3.5, RFC 7413 for the
// acknowledged data of a SYN.
#include <algorithm>

#include "sensor/flow/flow_table.hpp"
#include "sensor/flow/midstream.hpp"
#include "sensor/flow/sequence.hpp"

namespace exwire::flow {
namespace {

// The answer, or the refusal, has overtaken its SYN on the way to the capture: two taps whose
// clocks differ show nothing else.
bool is_answered_by(const wire::Packet& syn, const HalfOpen& entry, Timestamp answered) noexcept {
  if (entry.has(kSyn)) return false;
  if (entry.has(kSynAck)) return entry.client_next == syn.seq + 1;
  const bool soon = syn.time.ns - answered.ns < kNanosPerSecond;
  return soon && entry.stage() == HalfOpenStage::backscatter;
}

// What was seen of a connection so far, by direction.
void take_over(const HalfOpen& entry, Flow& flow) noexcept {
  const auto age_ms = static_cast<uint32_t>(entry.last_10ms * 10);
  for (size_t side = 0; side < 2; ++side) {
    DirectionState& state = flow.direction[side];
    state.next_seq = side == 0 ? entry.client_next : entry.server_next;
    if (entry.is_stray()) {
      const bool followed = entry.has(kServerStray) == (side == 1);
      const uint32_t octets = side == 0 ? entry.server_next : entry.client_next;
      state.stream_octets = followed ? octets : 0;
      if (!followed) state.next_seq = 0;
    }
    state.packets = entry.packets[side];
    state.wire_octets = uint64_t{entry.packets[side]} * entry.wire_octets[side];
    state.tcp_flags = entry.tcp_flags[side];
    if (entry.packets[side] > 0) state.last_ms = age_ms;
  }
  const bool reset_by_client = (entry.tcp_flags[0] & wire::kRst) != 0;
  const bool reset_by_server = (entry.tcp_flags[1] & wire::kRst) != 0;
  flow.marks = static_cast<uint16_t>(
      (entry.has(kClientLo) ? kClientIsLo : 0) | (entry.packets[0] > 0 ? kSawToServer : 0) |
      (entry.packets[1] > 0 ? kSawToClient : 0) | (entry.has(kSyn) ? 0 : kMidstream) |
      (reset_by_server ? kResetByServer : 0) |
      (reset_by_client && !reset_by_server ? kResetByClient : 0));
}

}  // namespace

Tracked FlowTable::open(const wire::Packet& packet) {
  HalfOpen* entry = half_open_.find(packet.key, packet.hash);
  if (entry != nullptr && half_open_.is_over(*entry, packet.time)) {  // not swept yet
    tell_over(*entry);
    half_open_.erase(*entry, packet.hash);
    entry = nullptr;
  }
  const bool syn = packet.tcp_flags & wire::kSyn, ack = packet.tcp_flags & wire::kAck;
  const bool broken = packet.tcp_flags & (wire::kRst | wire::kFin);
  if (syn && !broken) {
    if (ack) return on_synack(packet, entry);
    on_syn(packet, entry);
    return {};
  }
  if (syn) {  // SYN+FIN, SYN+RST: no host opens on these
    ++counters_.without_flow;
    return {};
  }
  if (entry == nullptr || entry->is_stray()) return on_stray(packet, entry);
  const Direction direction =
      packet.from_lo == entry->has(kClientLo) ? Direction::to_server : Direction::to_client;
  if (packet.tcp_flags & wire::kRst) {
    const HalfOpenStage before = entry->stage();
    half_open_.count(*entry, packet, direction);  // refused; the SYN may be repeated all the same
    tell_stage(*entry, before, entry->stage());
    return {};
  }
  return promote(*entry, packet);
}

void FlowTable::on_syn(const wire::Packet& packet, HalfOpen* entry) {
  if (entry != nullptr) {
    const HalfOpenStage before = entry->stage();
    const bool from_client = packet.from_lo == entry->has(kClientLo);
    if (entry->has(kSyn) && from_client && entry->client_next == packet.seq + 1) {
      half_open_.count(*entry, packet, Direction::to_server);
      tell_stage(*entry, before, entry->stage());
      // Hosts repeat a SYN six times or so within two minutes.
      constexpr uint8_t kMostRepeats = 16;
      if (entry->packets[0] >= kMostRepeats) tell_hammered(*entry, packet.time);
      return;
    }
    if (entry->has(kSyn) && !from_client) {
      // Simultaneous open or split handshake: the server sends a SYN of its own (RFC 9293 3.5).
      entry->server_next = packet.seq + 1;
      entry->marks |= kSynAck;
      half_open_.count(*entry, packet, Direction::to_client);
      tell_stage(*entry, before, entry->stage());
      return;
    }
    if (from_client && is_answered_by(packet, *entry, half_open_.last_seen(*entry))) {
      take_late_syn(*entry, packet);
      return;
    }
    // Nor do they take a port again while the last attempt is young.
    constexpr int64_t kSoonNs = 10 * kNanosPerSecond;
    const bool soon = packet.time.ns - half_open_.last_seen(*entry).ns < kSoonNs;
    if (entry->has(kSyn) && from_client && soon) tell_hammered(*entry, packet.time);
    replace(*entry, packet);
  }
  HalfOpen& fresh = note(packet, kSyn, packet.from_lo);
  fresh.client_next = packet.seq + 1;
  syn_payloads_.keep(packet.hash, fresh.client_next, packet.payload);
  if (packet.window_scale != wire::Packet::kNoWindowScale) {
    fresh.marks |= kClientScales;
    fresh.window_scales = packet.window_scale;
  }
  half_open_.count(fresh, packet, Direction::to_server);
  tell_stage(fresh, HalfOpenStage::none, fresh.stage());
}

void FlowTable::take_late_syn(HalfOpen& entry, const wire::Packet& packet) {
  const HalfOpenStage before = entry.stage();
  entry.marks |= kSyn;
  entry.client_next = packet.seq + 1;
  if (packet.window_scale != wire::Packet::kNoWindowScale) {
    entry.marks |= kClientScales;
    entry.window_scales = static_cast<uint8_t>((entry.window_scales & 0xf0) | packet.window_scale);
  }
  half_open_.count(entry, packet, Direction::to_server);
  tell_stage(entry, before, entry.stage());
}

Tracked FlowTable::on_synack(const wire::Packet& packet, HalfOpen* entry) {
  if (entry != nullptr && entry->has(kSyn) && packet.from_lo == entry->has(kClientLo)) {
    // The client's SYN-ACK answers a server's SYN: a split handshake goes on.
    return entry->has(kSynAck) ? promote(*entry, packet) : Tracked{};
  }
  bool fresh = false;
  if (entry == nullptr || !entry->has(kSyn)) {
    if (entry != nullptr && !entry->has(kSynAck)) {
      replace(*entry, packet);
      entry = nullptr;
    }
    if (entry == nullptr) {
      entry = &note(packet, kSynAck, !packet.from_lo);
      entry->client_next = packet.ack;
      fresh = true;
    }
  } else {
    constexpr int32_t kMostSynData = 65535;  // TCP Fast Open: the answer may cover data of the SYN
    const int32_t covered = distance(entry->client_next, packet.ack);
    if (covered < 0 || covered > kMostSynData) {
      ++counters_.without_flow;  // answers another SYN
      return {};
    }
    const HalfOpenStage before = entry->stage();
    syn_payloads_.acknowledge(packet.hash, entry->client_next, packet.ack);
    entry->marks |= kSynAck;
    tell_stage(*entry, before, entry->stage());
  }
  entry->server_next = packet.seq + 1;
  if (packet.window_scale != wire::Packet::kNoWindowScale) {
    entry->marks |= kServerScales;
    entry->window_scales =
        static_cast<uint8_t>((entry->window_scales & 0x0f) | (packet.window_scale << 4));
  }
  if (packet.payload_octets > 0) return promote(*entry, packet);
  const HalfOpenStage before = fresh ? HalfOpenStage::none : entry->stage();
  half_open_.count(*entry, packet, Direction::to_client);
  tell_stage(*entry, before, entry->stage());
  return {};
}

// A segment of a connection whose handshake was not seen.
Tracked FlowTable::on_stray(const wire::Packet& packet, HalfOpen* entry) {
  const bool reset = packet.tcp_flags & wire::kRst;
  if (!reset && speaker_of(packet.payload) != Speaker::unknown) {
    return entry != nullptr ? promote(*entry, packet) : pick_up(packet);
  }
  if (entry == nullptr) {
    const Roles roles = roles_of(packet, watch_);
    entry = &note(packet, 0, roles.client_is_lo);
  }
  const Direction direction =
      packet.from_lo == entry->has(kClientLo) ? Direction::to_server : Direction::to_client;
  const auto other = static_cast<size_t>(opposite(direction));
  if (!reset && entry->packets[other] > 0) return promote(*entry, packet);
  ++counters_.without_flow;
  const HalfOpenStage before = entry->stage();
  half_open_.count(*entry, packet, direction);
  note_stray(*entry, packet, direction);
  tell_stage(*entry, before, entry->stage());
  return {};
}

// Only one side of a stray connection is followed: the field of the other holds its payload octets.
// That other side has come by only if all it sent was a reset.
void FlowTable::note_stray(HalfOpen& entry, const wire::Packet& packet,
                           Direction direction) noexcept {
  if (entry.packets[static_cast<size_t>(opposite(direction))] > 0) return;
  const bool to_server = direction == Direction::to_server;
  if (!to_server) entry.marks |= kServerStray;
  uint32_t& next = to_server ? entry.client_next : entry.server_next;
  uint32_t& octets = to_server ? entry.server_next : entry.client_next;
  const uint32_t end = packet.seq + packet.sequence_length();
  const bool first = entry.packets[static_cast<size_t>(direction)] == 1;
  const int32_t ahead = first ? static_cast<int32_t>(packet.payload_octets) : distance(next, end);
  if (ahead > 0 && packet.payload_octets > 0) octets += static_cast<uint32_t>(ahead);
  if (first || ahead > 0) next = end;
}

HalfOpen& FlowTable::note(const wire::Packet& packet, uint8_t marks, bool client_is_lo) {
  if (!half_open_.covers(packet.time)) drain_half_open(packet.time);
  HalfOpen& entry = half_open_.insert(packet.key, packet.hash, packet.time);
  entry.marks = static_cast<uint8_t>(marks | (client_is_lo ? kClientLo : 0));
  return entry;
}

uint32_t FlowTable::add(const wire::Packet& packet) {
  const uint32_t handle = flows_.take();
  if (handle == 0) {
    ++counters_.refused;
    return 0;
  }
  Flow& flow = flows_[handle];
  flow.key = packet.key;
  flow.hash = FlowIndex::tag_of(packet.hash);
  flow.generation = ++generation_;
  flow.work = kWorkIdentify | kWorkDissectToServer | kWorkDissectToClient;
  index_.insert(packet.hash, handle);
  ++counters_.opened;
  return handle;
}

Tracked FlowTable::promote(HalfOpen& entry, const wire::Packet& packet) {
  const uint32_t handle = add(packet);
  if (handle == 0) return {};
  Flow& flow = flows_[handle];
  flow.start_ns = half_open_.first_seen(entry).ns;
  take_over(entry, flow);
  // What the server's SYN-ACK has acknowledged: its window is counted from there.
  if (entry.has(kSyn) && entry.has(kSynAck))
    flow.of(Direction::to_client).last_ack = entry.client_next;
  // An answer that was not seen, or not yet, has most probably taken the client's offer.
  const bool scaled = entry.has(kServerScales) || !entry.has(kSynAck);
  flow.window_scales = entry.has(kClientScales) && scaled ? entry.window_scales : uint8_t{0};
  if (entry.is_stray()) {
    const Roles roles = roles_of(packet, watch_);
    if (roles.certain && roles.client_is_lo != flow.has(kClientIsLo)) {
      turn_around(flow);
    }
    if (!roles.certain) flow.mark(kUncertainRoles);
  }
  counters_.midstream += flow.has(kMidstream);
  if (watch_.port(entry.server_port()) || watch_.port(flow.server_port())) flow.mark(kWatched);
  tell_stage(entry, entry.stage(), HalfOpenStage::none);
  const bool opened = entry.has(kSyn);
  const uint32_t client_next = entry.client_next;
  half_open_.erase(entry, packet.hash);
  wheel_.schedule(handle, wheel_.tick_at({packet.time.ns + timeout_of(flow)}));
  const bool client_is_lo = flow.has(kClientIsLo);
  const bool any = (flow.direction[0].packets | flow.direction[1].packets) != 0;
  Tracked tracked = update(handle, packet, any ? flow.last_seen() : packet.time);
  tracked.opens = true;
  if (opened && flow.has(kClientIsLo) == client_is_lo) {
    const uint32_t next = tracked.direction == Direction::to_server ? packet.seq : packet.ack;
    tracked.opening = syn_payloads_.taken(packet.hash, client_next, next);
  }
  return tracked;
}

void FlowTable::turn_around(Flow& flow) noexcept {
  flow.marks ^= kClientIsLo;
  std::swap(flow.direction[0], flow.direction[1]);
  std::swap(flow.retransmissions[0], flow.retransmissions[1]);
  std::swap(flow.keepalives[0], flow.keepalives[1]);
  flow.window_scales = static_cast<uint8_t>(flow.window_scales << 4 | flow.window_scales >> 4);
  const bool to_server = flow.has(kSawToServer), to_client = flow.has(kSawToClient);
  flow.marks = static_cast<uint16_t>(flow.marks & ~(kSawToServer | kSawToClient));
  if (to_server) flow.mark(kSawToClient);
  if (to_client) flow.mark(kSawToServer);
}

Tracked FlowTable::pick_up(const wire::Packet& packet) {
  const uint32_t handle = add(packet);
  if (handle == 0) return {};
  shed_single(handle, packet.time);
  Flow& flow = flows_[handle];
  const Roles roles = roles_of(packet, watch_);
  flow.start_ns = packet.time.ns;
  flow.marks = static_cast<uint16_t>(kMidstream | (roles.client_is_lo ? kClientIsLo : 0) |
                                     (roles.certain ? 0 : kUncertainRoles));
  ++counters_.midstream;
  if (watch_.port(flow.server_port())) flow.mark(kWatched);
  wheel_.schedule(handle, wheel_.tick_at({packet.time.ns + timeout_of(flow)}));
  return update(handle, packet, packet.time);
}

void FlowTable::tell_stage(const HalfOpen& entry, HalfOpenStage before, HalfOpenStage after) {
  if (before == after) return;
  counters_.backscatter += after == HalfOpenStage::backscatter;
  if (!watch_.port(entry.server_port())) return;
  listener_.half_open_changed(entry, before, after, half_open_.first_seen(entry));
}

// Takes the place of the flow that was picked up longest ago; that one ends if it has remained
// alone.
void FlowTable::shed_single(uint32_t handle, Timestamp now) {
  Single& single = singles_[next_single_++ % kMostSingles];
  const Single old = single;
  single = {handle, flows_[handle].generation};
  if (old.handle == 0 || old.handle == handle) return;
  const Flow& flow = flows_[old.handle];
  if (flow.generation != old.generation || !flow.has(kMidstream) ||
      flow.direction[0].packets + flow.direction[1].packets != 1) {
    return;
  }
  ++counters_.midstream_shed;
  end(old.handle, EndReason::forced, now);
}

void FlowTable::tell_hammered(const HalfOpen& entry, Timestamp now) {
  if (!watch_.port(entry.server_port())) return;
  listener_.half_open_changed(entry, HalfOpenStage::none, HalfOpenStage::hammered, now);
}

void FlowTable::replace(const HalfOpen& entry, const wire::Packet& packet) {
  tell_stage(entry, entry.stage(), HalfOpenStage::none);
  listener_.half_open_ended(summary(entry), EndReason::tcp_reuse, packet.time);
  half_open_.erase(entry, packet.hash);
}

// The entry as the flow it would have become.
Flow FlowTable::summary(const HalfOpen& entry) const noexcept {
  Flow flow;
  flow.key = entry.key;
  flow.start_ns = half_open_.first_seen(entry).ns;
  take_over(entry, flow);
  if (entry.is_refused()) flow.state = TcpState::reset;
  if (watch_.port(flow.server_port())) flow.mark(kWatched);
  return flow;
}

}  // namespace exwire::flow
