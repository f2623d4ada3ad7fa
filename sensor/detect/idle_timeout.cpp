// SPDX-License-Identifier: BSD-3-Clause
// Idle gaps of connections to watched ports, and what became of them. A gap is at least 30 s
// between two packets with none between in either direction, begun with nothing in flight. The
// segment that ends it is the probe: acknowledged, the gap has survived; retransmitted and never
// acknowledged, it was dropped in silence; answered by RST at once, a box or a peer had forgotten
// the connection. RST and FIN without a probe count only while an answer is due and only where they
// cannot be a client that gave up or a server that keeps house (IIS: 120 s). Judged across
// connections in idle_paths.cpp.
#include <algorithm>
#include <cstring>

#include "sensor/detect/detector.hpp"
#include "sensor/detect/idle_gap.hpp"
#include "sensor/flow/sequence.hpp"

namespace exwire::detect {
namespace {

constexpr uint32_t kLeastGapMs = 30'000;
// Unanswered so long, a probe is lost for good; a tunnel is shorter, Windows gives up after 10 s.
constexpr uint32_t kPatienceMs = 64'000;
constexpr uint32_t kLeastPatienceMs = 3'000;
constexpr uint8_t kLeastRepeats = 3;
// An RST from a box or a peer that has forgotten comes within a round trip; one after repeats is a
// phone that has found its network again.
constexpr uint32_t kPromptMs = 3'000;
// The smallest request that means an answer is due; TLS housekeeping of a client is shorter.
constexpr uint32_t kRequestOctets = 200;
// http.sys ends connections, slow headers and slow bodies at 120 s.
constexpr uint32_t kHousekeepingFromMs = 110'000, kHousekeepingToMs = 140'000;
constexpr uint8_t kTlsAlert = 21;

enum State : uint8_t {
  kSeen = 1 << 0,
  kInFlight = 1 << 1,  ///< octets waited for their acknowledgement after the last packet
  kAsked = 1 << 2,     ///< the client spoke last, and said enough for a request
  kOneRound = 1 << 3,  ///< requests answered so far
  kTwoRounds = 1 << 4,
  kFromServer = 1 << 5,  ///< sender of the probe
  kPending = 1 << 6,     ///< the fate of the probe is open
  kOver = 1 << 7,        ///< nothing more to learn here
};

enum Probe : uint8_t {
  kRepeats = 0x0f,  ///< counter, saturating
  kKeepalive = 1 << 4,
  kClosing = 1 << 5,    ///< FIN or a TLS alert: the sender wants to leave
  kPeerSpoke = 1 << 6,  ///< the peer lives, but has not acknowledged
  kSuspected = 1 << 7,
};

struct Memory {
  uint32_t gap_ms, probe_end, probe_ms;
  uint8_t state, probe;

  bool has(uint8_t mark) const noexcept { return (state & mark) != 0; }
  bool probe_has(uint8_t mark) const noexcept { return (probe & mark) != 0; }
  void set(uint8_t mark, bool to) noexcept {
    state = static_cast<uint8_t>(to ? state | mark : state & ~mark);
  }
  uint8_t repeats() const noexcept { return probe & kRepeats; }
};
constexpr uint8_t kOctets = 14;

Memory load(const FlowContext& context) noexcept {
  Memory memory{};
  std::memcpy(&memory, context.facts.data(), kOctets);
  return memory;
}

void store(const FlowContext& context, const Memory& memory) noexcept {
  std::memcpy(context.facts.data(), &memory, kOctets);
}

uint32_t age_ms(const flow::Flow& flow, Timestamp now) noexcept {
  const int64_t age = (now.ns - flow.start_ns) / kNanosPerMilli;
  return static_cast<uint32_t>(std::clamp<int64_t>(age, 0, UINT32_MAX));
}

void tell(const FlowContext& context, IdleGapKind kind, uint32_t length_ms, DropMode mode,
          FindingSink& sink) {
  Observation made =
      Observation::of(context.flow, Topic::idle_gap, static_cast<uint16_t>(kind), context.now);
  made.put(IdleGap{length_ms, mode});
  sink.observe(made);
}

bool usable(const flow::Flow& flow) noexcept {
  return flow.has(flow::kWatched) && !flow.has(flow::kUncertainRoles) && !flow.one_sided();
}

bool spoiled(const flow::Flow& flow) noexcept {
  return flow.has(flow::kGapToServer | flow::kGapToClient | flow::kTrackingLost);
}

class IdleTimeout final : public FlowDetector {
 public:
  DetectorInfo info() const noexcept override {
    return {"idle_timeout", kWantsSegments | kWantsTimers | kWantsEnds, kOctets};
  }
  std::vector<const Signature*> signatures() const override { return {}; }

  void segment(const FlowContext& context, const flow::Tracked& tracked, const wire::Packet& packet,
               FindingSink& sink) override {
    const flow::Flow& flow = context.flow;
    if (!flow.has(flow::kWatched) || flow.has(flow::kUncertainRoles)) return;
    Memory memory = load(context);
    if (!memory.has(kSeen)) {
      memory.set(kSeen, true);
      if (!flow.has(flow::kMidstream)) tell(context, IdleGapKind::opened, 0, {}, sink);
    }
    if (!memory.has(kOver)) {
      if (packet.tcp_flags & wire::kRst) {
        if (flow.state == flow::TcpState::reset) reset(context, tracked, packet, memory, sink);
      } else {
        if (memory.has(kPending)) {
          answer_or_repeat(context, tracked, packet, memory, sink);
        } else {
          consider(context, tracked, packet, memory, sink);
        }
        remember(flow, tracked, packet, memory);
      }
    }
    store(context, memory);
  }

  void flow_timer(const FlowContext& context, FindingSink& sink) override {
    Memory memory = load(context);
    if (!memory.has(kPending)) return;
    const uint32_t now = age_ms(context.flow, context.now);
    if (now - std::min(now, memory.probe_ms) >= kPatienceMs) {
      conclude(context, memory, sink);
      store(context, memory);
    } else {
      wake(context, memory, sink);
    }
  }

  void flow_ended(const FlowContext& context, flow::EndReason, FindingSink& sink) override {
    Memory memory = load(context);
    if (!memory.has(kPending)) return;
    conclude(context, memory, sink);
    store(context, memory);
  }

 private:
  static void wake(const FlowContext& context, const Memory& memory, FindingSink& sink) {
    const int64_t due = int64_t{memory.probe_ms} + kPatienceMs;
    sink.wake_at(context, {context.flow.start_ns + due * kNanosPerMilli});
  }

  // Does this packet end an idle gap?
  static void consider(const FlowContext& context, const flow::Tracked& tracked,
                       const wire::Packet& packet, Memory& memory, FindingSink& sink) {
    const flow::Flow& flow = context.flow;
    const uint32_t gap = silence(tracked, packet);
    if (gap < kLeastGapMs || memory.has(kInFlight) || !usable(flow)) return;
    if (spoiled(flow)) {
      tell(context, IdleGapKind::unusable, gap, {}, sink);
      return;
    }
    if (!continues(flow, tracked, packet)) return;
    const bool fin = packet.tcp_flags & wire::kFin;
    if (packet.payload_octets == 0 && !fin && !tracked.keepalive) return;
    const bool from_server = tracked.direction == Direction::to_client;
    if (fin && packet.payload_octets == 0 && from_server && timer_like(flow, packet, memory, gap)) {
      tell(context, IdleGapKind::dropped, gap, DropMode::fin, sink);
      memory.set(kOver, true);
      return;
    }
    const bool alert = packet.payload.size > 0 && packet.payload.data[0] == kTlsAlert;
    memory.gap_ms = gap;
    memory.probe_end = packet.seq + packet.sequence_length();
    memory.probe_ms = age_ms(flow, packet.time);
    memory.probe =
        static_cast<uint8_t>((tracked.keepalive ? kKeepalive : 0) | (fin || alert ? kClosing : 0));
    memory.set(kPending, true);
    memory.set(kFromServer, from_server);
  }

  static uint32_t silence(const flow::Tracked& tracked, const wire::Packet& packet) noexcept {
    const int64_t gap = (packet.time.ns - tracked.previous.ns) / kNanosPerMilli;
    return static_cast<uint32_t>(std::clamp<int64_t>(gap, 0, UINT32_MAX));
  }

  // Both sides go on exactly where they stopped: nothing was said that the capture missed.
  static bool continues(const flow::Flow& flow, const flow::Tracked& tracked,
                        const wire::Packet& packet) noexcept {
    const flow::DirectionState& own = flow.of(tracked.direction);
    const flow::DirectionState& peer = flow.of(opposite(tracked.direction));
    const bool next = tracked.keepalive || packet.seq == own.next_seq;
    return flow.state == flow::TcpState::established && !(peer.tcp_flags & wire::kFin) && next &&
           (packet.tcp_flags & wire::kAck) && packet.ack == peer.next_seq &&
           flow::distance(own.next_seq, peer.last_ack) >= 0;
  }

  // May this FIN or RST, sent into the silence, be the timer of a box? Only while an answer is due.
  // What comes with another TTL than the sender's own packets was sent by somebody else. Otherwise
  // a client may have lost patience, and a server that has never answered may be under attack.
  static bool timer_like(const flow::Flow& flow, const wire::Packet& packet, const Memory& memory,
                         uint32_t gap) noexcept {
    if (!memory.has(kAsked)) return false;
    const Direction direction = flow.direction_of(packet);
    const int own = static_cast<int>(flow.of(direction).ttl);
    const int other = packet.ttl;
    if (own != 0 && (own - other > 1 || other - own > 1)) return true;
    if (direction == Direction::to_server || !memory.has(kTwoRounds)) return false;
    return gap < kHousekeepingFromMs || gap > kHousekeepingToMs;
  }

  static void reset(const FlowContext& context, const flow::Tracked& tracked,
                    const wire::Packet& packet, Memory& memory, FindingSink& sink) {
    const bool from_server = tracked.direction == Direction::to_client;
    memory.set(kOver, true);
    if (!memory.has(kPending)) {
      const uint32_t gap = silence(tracked, packet);
      const bool next = packet.seq == context.flow.of(tracked.direction).next_seq;
      if (gap >= kLeastGapMs && next && !memory.has(kInFlight) && usable(context.flow) &&
          !spoiled(context.flow) && timer_like(context.flow, packet, memory, gap)) {
        tell(context, IdleGapKind::dropped, gap, DropMode::rst, sink);
      }
      return;
    }
    if (from_server == memory.has(kFromServer)) {
      conclude(context, memory, sink);  // the sender of the probe has given up
      return;
    }
    memory.set(kPending, false);
    const uint32_t waited = age_ms(context.flow, packet.time) - memory.probe_ms;
    if (memory.repeats() == 0 && !memory.probe_has(kClosing | kPeerSpoke) && waited <= kPromptMs) {
      tell(context, IdleGapKind::dropped, memory.gap_ms, DropMode::rst, sink);
    } else if (memory.probe_has(kSuspected)) {
      tell(context, IdleGapKind::censored, memory.gap_ms, {}, sink);
    }
  }

  static void answer_or_repeat(const FlowContext& context, const flow::Tracked& tracked,
                               const wire::Packet& packet, Memory& memory, FindingSink& sink) {
    const bool from_server = tracked.direction == Direction::to_client;
    if (from_server != memory.has(kFromServer)) {
      const bool all = flow::distance(memory.probe_end, packet.ack) >= 0;
      if (!(packet.tcp_flags & wire::kAck) || (!all && !memory.probe_has(kKeepalive))) {
        memory.probe |= kPeerSpoke;
        return;
      }
      const bool suspected = memory.probe_has(kSuspected);
      tell(context, suspected ? IdleGapKind::recovered : IdleGapKind::survived, memory.gap_ms, {},
           sink);
      memory.set(kPending, false);
      return;
    }
    const bool carries = packet.sequence_length() > 0 || tracked.keepalive;
    const uint32_t end = packet.seq + packet.sequence_length();
    if (!carries || flow::distance(memory.probe_end, end) > 0) return;
    if (memory.repeats() < kRepeats) ++memory.probe;
    if (memory.repeats() == 2 && !memory.probe_has(kSuspected)) {
      memory.probe |= kSuspected;
      tell(context, IdleGapKind::suspected, memory.gap_ms, {}, sink);
      wake(context, memory, sink);
    }
  }

  // The probe will not be answered any more.
  static void conclude(const FlowContext& context, Memory& memory, FindingSink& sink) {
    memory.set(kPending, false);
    if (!memory.probe_has(kSuspected)) return;
    const uint32_t now = age_ms(context.flow, context.now);
    const bool long_enough = now - std::min(now, memory.probe_ms) >= kLeastPatienceMs;
    const bool dropped = memory.repeats() >= kLeastRepeats && long_enough &&
                         !memory.probe_has(kPeerSpoke) && !spoiled(context.flow);
    if (dropped) memory.set(kOver, true);
    tell(context, dropped ? IdleGapKind::dropped : IdleGapKind::censored, memory.gap_ms,
         DropMode::silent, sink);
  }

  // Who spoke last, and whether anything is in flight.
  static void remember(const flow::Flow& flow, const flow::Tracked& tracked,
                       const wire::Packet& packet, Memory& memory) noexcept {
    const flow::DirectionState& own = flow.of(tracked.direction);
    const flow::DirectionState& peer = flow.of(opposite(tracked.direction));
    uint32_t own_end = own.next_seq;
    const uint32_t end = packet.seq + packet.sequence_length();
    if (!tracked.keepalive && flow::before(own_end, end)) own_end = end;
    memory.set(kInFlight, flow::distance(own_end, peer.last_ack) < 0 ||
                              flow::distance(peer.next_seq, own.last_ack) < 0);
    if (packet.payload_octets == 0 || tracked.keepalive) return;
    if (tracked.direction == Direction::to_server) {
      if (packet.payload_octets >= kRequestOctets) memory.set(kAsked, true);
    } else {
      // The first octets of a server answer a hello, no request.
      if (memory.has(kAsked) && own.stream_octets > 0) {
        memory.set(memory.has(kOneRound) ? kTwoRounds : kOneRound, true);
      }
      memory.set(kAsked, false);
    }
  }
};

}  // namespace

std::unique_ptr<FlowDetector> make_idle_timeout() {
  return std::make_unique<IdleTimeout>();
}

}  // namespace exwire::detect
