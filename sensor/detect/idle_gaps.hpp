// SPDX-License-Identifier: BSD-3-Clause
// The idle gaps of a connection, packet by packet, and the fate of each. The segment that ends a
// gap is its probe: acknowledged, the gap has survived; retransmitted and never acknowledged, it
// was dropped in silence; answered by RST at once, a box or a peer had forgotten the connection.
// RST and FIN without a probe count only while an answer is due and only where they cannot be a
// client that gave up or a server that keeps house (IIS: 120 s). Where only one side is seen, the
// other is known by what is acknowledged to it.
#pragma once

#include "sensor/detect/idle_gap.hpp"
#include "sensor/detect/idle_memory.hpp"
#include "sensor/detect/idle_signs.hpp"
#include "sensor/detect/push_shape.hpp"

namespace exwire::detect {

class IdleGaps {
 public:
  IdleGaps(const PushSettings& settings, PushShape& push)
      : least_gap_ms_(static_cast<uint32_t>(settings.shortest_gap_ns / kNanosPerMilli)),
        least_ns_(std::min<uint64_t>(uint64_t{least_gap_ms_} * kNanosPerMilli, kNanosPerSecond)),
        push_(push) {}

  /// True, and all done, for most packets: they follow the last one at once, no probe waits for its
  /// answer, nothing is missing and no request begins (kAsked stands for `requested` as well: the
  /// answer that takes one back takes both). Whether anything is in flight may be news, and that
  /// the server speaks.
  bool goes_on(const FlowContext& context, const flow::Tracked& tracked,
               const wire::Packet& packet) const noexcept {
    const flow::Flow& flow = context.flow;
    const auto pause_ns = static_cast<uint64_t>(packet.time.ns - tracked.previous.ns);
    if (pause_ns >= least_ns_ || (packet.tcp_flags & wire::kRst)) return false;
    if (spoiled(flow) || flow.one_sided()) return false;
    uint8_t& state = IdleMemory::state_in(context);
    if ((state & (IdleMemory::kSeen | IdleMemory::kPending)) != IdleMemory::kSeen) return false;
    const bool speaks = packet.payload_octets != 0 && !tracked.keepalive;
    const bool from_client = tracked.direction == Direction::to_server;
    if (speaks && from_client && packet.payload_octets >= kRequestOctets &&
        !(state & IdleMemory::kAsked)) {
      return false;
    }
    uint8_t now = in_flight(flow, tracked, packet)
                      ? IdleMemory::with(state, IdleMemory::kInFlight)
                      : IdleMemory::without(state, IdleMemory::kInFlight);
    if (speaks && !from_client) now = answered(now, is_first(flow, tracked));
    state = now;
    return true;
  }
  /// Every packet of an established connection, before its octets are counted.
  void segment(const FlowContext& context, const flow::Tracked& tracked, const wire::Packet& packet,
               IdleMemory& memory, FindingSink& sink) const;
  /// The flow's timer: has the probe waited long enough?
  void timer(const FlowContext& context, IdleMemory& memory, FindingSink& sink) const;
  void ended(const FlowContext& context, IdleMemory& memory, FindingSink& sink) const;

 private:
  void consider(const FlowContext& context, const flow::Tracked& tracked,
                const wire::Packet& packet, IdleMemory& memory, FindingSink& sink) const;
  void unseen_spoke(const FlowContext& context, const flow::Tracked& tracked, uint32_t length,
                    IdleMemory& memory, FindingSink& sink) const;
  bool closes(const FlowContext& context, const wire::Packet& packet, IdleMemory& memory,
              uint32_t length, FindingSink& sink) const;
  void reset(const FlowContext& context, const flow::Tracked& tracked, const wire::Packet& packet,
             IdleMemory& memory, FindingSink& sink) const;

  // The smallest request that means an answer is due; TLS housekeeping of a client is shorter.
  static constexpr uint32_t kRequestOctets = 200;

  static void spoke(Direction direction, uint32_t octets, bool first, IdleMemory& memory) noexcept;
  static void remember(const flow::Flow& flow, const flow::Tracked& tracked,
                       const wire::Packet& packet, IdleMemory& memory) noexcept;

  // Whether this packet, or what was sent before, waits for its acknowledgement.
  static bool in_flight(const flow::Flow& flow, const flow::Tracked& tracked,
                        const wire::Packet& packet) noexcept {
    const flow::DirectionState& own = flow.of(tracked.direction);
    const flow::DirectionState& peer = flow.of(opposite(tracked.direction));
    uint32_t own_end = own.next_seq;
    const uint32_t end = packet.seq + packet.sequence_length();
    if (!tracked.keepalive && flow::before(own_end, end)) own_end = end;
    return flow::distance(own_end, peer.last_ack) < 0 ||
           flow::distance(peer.next_seq, own.last_ack) < 0;
  }
  // The first octets of a side.
  static bool is_first(const flow::Flow& flow, const flow::Tracked& tracked) noexcept {
    return flow.of(tracked.direction).stream_octets == 0;
  }
  // The server speaks. Its first octets answer a hello, no request.
  static uint8_t answered(uint8_t state, bool first) noexcept {
    if (!(state & IdleMemory::kAsked)) return state;
    const bool again = state & IdleMemory::kOneRound;
    const uint8_t round = again ? IdleMemory::kTwoRounds : IdleMemory::kOneRound;
    return IdleMemory::without(first ? state : IdleMemory::with(state, round), IdleMemory::kAsked);
  }

  const uint32_t least_gap_ms_;
  const uint64_t least_ns_;  ///< shorter silences are nothing to anybody
  PushShape& push_;
};

/// Tells the fleet half what has become of a gap.
void tell(const FlowContext& context, IdleGapKind kind, const IdleGap& gap, FindingSink& sink);

}  // namespace exwire::detect
