// SPDX-License-Identifier: BSD-3-Clause
// Idle gaps of connections to watched ports, and what became of them. A gap is at least 30 s
// between two packets with none between in either direction, begun with nothing in flight. The
// segment that ends it is the probe: acknowledged, the gap has survived; retransmitted and never
// acknowledged, it was dropped in silence; answered by RST at once, a box or a peer had forgotten
// the connection. RST and FIN without a probe count only while an answer is due and only where they
// cannot be a client that gave up or a server that keeps house (IIS: 120 s). Judged across
// connections in idle_paths.cpp. Requests that wait long for a small answer, again and again, are
// Direct Push; the longest of these waits is the heartbeat.
#include <algorithm>
#include <cstring>

#include "sensor/base/siphash.hpp"
#include "sensor/detect/detector.hpp"
#include "sensor/detect/heartbeat.hpp"
#include "sensor/detect/idle_gap.hpp"
#include "sensor/flow/sequence.hpp"
#include "sensor/inspect/activesync.hpp"

namespace exwire::detect {
namespace {

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
constexpr uint8_t kTlsAlert = 21, kTlsData = 23;
constexpr uint32_t kSealedAlert = 24;  ///< TLS 1.3: looks like data, but is too short for any
// What a Ping is answered with; mail comes in Sync.
constexpr uint32_t kSmallAnswer = 1000;
constexpr uint32_t kWaitsOfPush = 3;

constexpr uint32_t kProbeUnitMs = 64;

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
  kRepeats = 0x07,  ///< counter, saturating
  kWait = 1 << 3,   ///< it is the small answer to a request that waited
  kKeepalive = 1 << 4,
  kClosing = 1 << 5,    ///< FIN or a TLS alert: the sender wants to leave
  kPeerSpoke = 1 << 6,  ///< the peer lives, but has not acknowledged
  kSuspected = 1 << 7,
};

struct Memory {
  uint64_t gap_ms : 24;     ///< of the gap the probe has ended
  uint64_t probe_end : 24;  ///< low bits of the sequence number after the probe
  uint64_t probe_at : 16;   ///< when the probe was sent, in units of 64 ms since the flow's start
  uint32_t longest_s : 13;  ///< silence of this connection
  uint32_t waits : 3;       ///< long waits for a small answer, saturating
  uint32_t heartbeat_s : 12;
  uint32_t requested : 1;  ///< since the last of these waits
  uint32_t clear : 1;      ///< HTTP is readable: heartbeats are what Pings ask for
  uint32_t pings : 1;      ///< a Ping was read
  uint32_t patient : 1;    ///< a request has waited through a gap, and was answered
  uint8_t state, probe;

  bool has(uint8_t mark) const noexcept { return (state & mark) != 0; }
  bool probe_has(uint8_t mark) const noexcept { return (probe & mark) != 0; }
  void set(uint8_t mark, bool to) noexcept {
    state = static_cast<uint8_t>(to ? state | mark : state & ~mark);
  }
  uint8_t repeats() const noexcept { return probe & kRepeats; }
  // How far a sequence number is beyond the end of the probe.
  int32_t beyond_probe(uint32_t seq) const noexcept {
    return static_cast<int32_t>((seq - static_cast<uint32_t>(probe_end)) << 8) >> 8;
  }
  uint32_t waited_ms(uint32_t now_ms) const noexcept {
    return ((now_ms / kProbeUnitMs - static_cast<uint32_t>(probe_at)) & 0xffffU) * kProbeUnitMs;
  }
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

void tell(const FlowContext& context, IdleGapKind kind, const IdleGap& gap, FindingSink& sink) {
  Observation made =
      Observation::of(context.flow, Topic::idle_gap, static_cast<uint16_t>(kind), context.now);
  made.put(gap);
  sink.observe(made);
}

// The gap whose probe is pending.
IdleGap gap_of(const FlowContext& context, const Memory& memory, DropMode mode) noexcept {
  IdleGap gap;
  gap.length_ms = static_cast<uint32_t>(memory.gap_ms);
  gap.since_probe_ms = memory.waited_ms(age_ms(context.flow, context.now));
  gap.mode = mode;
  if (memory.has(kFromServer)) gap.marks = IdleGap::kTowardsClient;
  return gap;
}

bool usable(const flow::Flow& flow) noexcept {
  return flow.has(flow::kWatched) && !flow.has(flow::kUncertainRoles) && !flow.one_sided();
}

bool spoiled(const flow::Flow& flow) noexcept {
  return flow.has(flow::kGapToServer | flow::kGapToClient | flow::kTrackingLost);
}

class IdleTimeout final : public FlowDetector {
 public:
  explicit IdleTimeout(const PushSettings& settings)
      : interim_ns_(settings.interim_ns),
        least_gap_ms_(static_cast<uint32_t>(settings.shortest_gap_ns / kNanosPerMilli)),
        least_wait_ms_(static_cast<uint32_t>(settings.shortest_heartbeat_ns / kNanosPerMilli)) {}

  DetectorInfo info() const noexcept override {
    return {"idle_timeout", kWantsSegments | kWantsTimers | kWantsEnds | kWantsHttp, kOctets};
  }
  std::vector<const Signature*> signatures() const override { return {}; }

  void segment(const FlowContext& context, const flow::Tracked& tracked, const wire::Packet& packet,
               FindingSink& sink) override {
    const flow::Flow& flow = context.flow;
    Memory memory = load(context);
    if (!memory.has(kSeen)) {
      memory.set(kSeen, true);
      greet(context, sink);
    } else if (!memory.has(kInFlight)) {
      const uint32_t seconds = std::min(silence(tracked, packet) / 1000, kLongest);
      if (seconds > memory.longest_s) memory.longest_s = seconds & kLongest;
    }
    const bool followed = flow.has(flow::kWatched) && !flow.has(flow::kUncertainRoles);
    if (packet.tcp_flags & wire::kRst) {
      if (followed && !memory.has(kOver) && flow.state == flow::TcpState::reset) {
        reset(context, tracked, packet, memory, sink);
      }
    } else {
      if (followed && !memory.has(kOver)) {
        if (memory.has(kPending)) {
          answer_or_repeat(context, tracked, packet, memory, sink);
        } else {
          consider(context, tracked, packet, memory, sink);
        }
      }
      remember(flow, tracked, packet, memory);
    }
    store(context, memory);
  }

  void transaction_over(const FlowContext& context, inspect::HttpTransaction& transaction,
                        FindingSink& sink) override {
    if (context.facts.size() < kOctets) return;  // of no flow in a table
    Memory memory = load(context);
    memory.clear = 1;
    const auto request = inspect::ActiveSync::of(transaction);
    const bool waits = request.command == "Ping" ||
                       (request.command == "Sync" && request.heartbeat_s.value_or(0) > 0);
    constexpr uint32_t kMailCame = 2;  // statuses above are refusals
    if (waits && request.status.value_or(1) <= kMailCame) {
      memory.pings = 1;
      const uint32_t seconds = request.heartbeat_s.value_or(0);
      if (seconds != 0)
        memory.heartbeat_s = std::min(seconds, kLongestHeartbeat) & kLongestHeartbeat;
      Observation made = Observation::of(context.flow, Topic::direct_push, 0, context.now);
      made.put(Heartbeat{digest(request.device_id), seconds, request.status.value_or(0)});
      sink.observe(made);
    }
    store(context, memory);
  }

  void flow_timer(const FlowContext& context, FindingSink& sink) override {
    Memory memory = load(context);
    if (memory.has(kPending) && memory.probe_has(kSuspected)) {
      const uint32_t waited = memory.waited_ms(age_ms(context.flow, context.now));
      if (waited >= kPatienceMs) {
        conclude(context, memory, sink);
        store(context, memory);
      } else {
        wake_in(context, kPatienceMs - waited, sink);
      }
    }
    if (!context.flow.has(flow::kWatched)) return;
    int64_t since = context.flow.last_seen().ns;
    if (context.now.ns - since >= interim_ns_) {
      sink.still_silent(context);
      since = context.now.ns;
    }
    sink.wake_at(context, {since + interim_ns_});
  }

  void flow_ended(const FlowContext& context, flow::EndReason, FindingSink& sink) override {
    Memory memory = load(context);
    if (!memory.has(kPending)) return;
    conclude(context, memory, sink);
    store(context, memory);
  }

  void describe(const FlowContext& context, FlowNumbers& numbers) const noexcept override {
    const Memory memory = load(context);
    numbers.idle_gap_max_s = memory.longest_s;
    numbers.direct_push = memory.clear ? memory.pings != 0 : memory.waits >= kWaitsOfPush;
    if (numbers.direct_push) numbers.heartbeat_s = memory.heartbeat_s;
  }

 private:
  static constexpr uint32_t kLongest = (1U << 13) - 1, kLongestHeartbeat = (1U << 12) - 1;

  void greet(const FlowContext& context, FindingSink& sink) const {
    const flow::Flow& flow = context.flow;
    if (!flow.has(flow::kWatched)) return;
    sink.wake_at(context, {context.now.ns + interim_ns_});
    if (!flow.has(flow::kMidstream | flow::kUncertainRoles)) {
      tell(context, IdleGapKind::opened, {}, sink);
    }
  }

  static uint64_t digest(std::string_view device) noexcept {
    if (device.empty()) return 0;
    SipHash13 hash{HashKey{}};
    hash.octets(device.data(), device.size());
    return hash.finish();
  }

  static void wake_in(const FlowContext& context, uint32_t ms, FindingSink& sink) {
    sink.wake_at(context, {context.now.ns + int64_t{ms} * kNanosPerMilli});
  }

  // Does this packet end an idle gap?
  void consider(const FlowContext& context, const flow::Tracked& tracked,
                const wire::Packet& packet, Memory& memory, FindingSink& sink) const {
    const flow::Flow& flow = context.flow;
    const uint32_t length = silence(tracked, packet);
    if (length < least_gap_ms_ || memory.has(kInFlight) || !usable(flow)) return;
    if (spoiled(flow)) {
      tell(context, IdleGapKind::unusable, {length}, sink);
      return;
    }
    if (!continues(flow, tracked, packet)) return;
    const bool fin = packet.tcp_flags & wire::kFin;
    if (packet.payload_octets == 0 && !fin && !tracked.keepalive) return;
    if (fin && packet.payload_octets == 0 && closes(context, packet, memory, length, sink)) return;
    const bool from_server = tracked.direction == Direction::to_client;
    const bool alert = is_alert(packet);
    memory.gap_ms = std::min(length, 0xffffffU) & 0xffffffU;
    memory.probe_end = (packet.seq + packet.sequence_length()) & 0xffffffU;
    memory.probe_at = (age_ms(flow, packet.time) / kProbeUnitMs) & 0xffffU;
    memory.probe =
        static_cast<uint8_t>((tracked.keepalive ? kKeepalive : 0) | (fin || alert ? kClosing : 0));
    memory.set(kPending, true);
    memory.set(kFromServer, from_server);
    if (!from_server || tracked.keepalive || fin || alert || !memory.requested) return;
    memory.requested = 0;
    memory.patient = 1;
    if (length < least_wait_ms_ || packet.payload_octets > kSmallAnswer) return;
    if (memory.waits < kWaitsOfPush * 2) ++memory.waits;
    memory.probe |= kWait;
    const uint32_t seconds = std::min((length + 500) / 1000, kLongestHeartbeat);
    if (seconds > memory.heartbeat_s && !memory.clear) {
      memory.heartbeat_s = seconds & kLongestHeartbeat;
    }
  }

  // A FIN or RST into the silence: told when it may be the timer of a box.
  bool closes(const FlowContext& context, const wire::Packet& packet, Memory& memory,
              uint32_t length, FindingSink& sink) const {
    const flow::Flow& flow = context.flow;
    IdleGap gap{length};
    gap.mode = (packet.tcp_flags & wire::kRst) ? DropMode::rst : DropMode::fin;
    const bool from_client = flow.direction_of(packet) == Direction::to_server;
    // Where it comes from is where the box is.
    gap.marks = IdleGap::kTimer;
    if (from_client) gap.marks |= IdleGap::kTowardsClient;
    if (foreign(flow, packet)) gap.marks |= IdleGap::kForeign;
    if (timer_like(flow, packet, memory, length)) {
      tell(context, IdleGapKind::dropped, gap, sink);
    } else if (from_client && memory.has(kAsked) && memory.patient) {
      tell(context, IdleGapKind::closed, gap, sink);
    } else {
      return false;
    }
    memory.set(kOver, true);
    return true;
  }

  static bool is_alert(const wire::Packet& packet) noexcept {
    if (packet.payload.size == 0) return false;
    const uint8_t type = packet.payload.data[0];
    return type == kTlsAlert || (type == kTlsData && packet.payload_octets == kSealedAlert);
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

  // What comes with another TTL than the sender's own packets was sent by somebody else.
  static bool foreign(const flow::Flow& flow, const wire::Packet& packet) noexcept {
    const int own = static_cast<int>(flow.of(flow.direction_of(packet)).ttl);
    const int other = packet.ttl;
    return own != 0 && (own - other > 1 || other - own > 1);
  }

  // May this FIN or RST, sent into the silence, be the timer of a box? Only while an answer is due;
  // a client may have lost patience, and a server that has never answered may be under attack.
  static bool timer_like(const flow::Flow& flow, const wire::Packet& packet, const Memory& memory,
                         uint32_t gap) noexcept {
    if (!memory.has(kAsked)) return false;
    if (foreign(flow, packet)) return true;
    const bool from_client = flow.direction_of(packet) == Direction::to_server;
    if (from_client || !memory.has(kTwoRounds)) return false;
    return gap < kHousekeepingFromMs || gap > kHousekeepingToMs;
  }

  void reset(const FlowContext& context, const flow::Tracked& tracked, const wire::Packet& packet,
             Memory& memory, FindingSink& sink) const {
    const bool from_server = tracked.direction == Direction::to_client;
    if (!memory.has(kPending)) {
      const uint32_t length = silence(tracked, packet);
      const bool next = packet.seq == context.flow.of(tracked.direction).next_seq;
      if (length >= least_gap_ms_ && next && !memory.has(kInFlight) && usable(context.flow) &&
          !spoiled(context.flow)) {
        closes(context, packet, memory, length, sink);
      }
      memory.set(kOver, true);
      return;
    }
    memory.set(kOver, true);
    if (from_server == memory.has(kFromServer)) {
      conclude(context, memory, sink);  // the sender of the probe has given up
      return;
    }
    memory.set(kPending, false);
    IdleGap gap = gap_of(context, memory, DropMode::rst);
    if (foreign(context.flow, packet)) gap.marks |= IdleGap::kForeign;
    const bool prompt = gap.since_probe_ms <= kPromptMs;
    // Who wants to leave may be told so by a peer that has left as well. A client that closes in
    // order is answered by RST without ACK where nobody knows the connection any more.
    const bool unknown = from_server && !(packet.tcp_flags & wire::kAck);
    const bool known_end = memory.probe_has(kPeerSpoke) || (memory.probe_has(kClosing) && !unknown);
    if (memory.repeats() == 0 && !known_end && prompt) {
      tell(context, IdleGapKind::dropped, gap, sink);
    } else if (memory.probe_has(kSuspected)) {
      tell(context, IdleGapKind::censored, gap, sink);
    }
  }

  static void answer_or_repeat(const FlowContext& context, const flow::Tracked& tracked,
                               const wire::Packet& packet, Memory& memory, FindingSink& sink) {
    const bool from_server = tracked.direction == Direction::to_client;
    if (from_server != memory.has(kFromServer)) {
      const bool all = memory.beyond_probe(packet.ack) >= 0;
      if (!(packet.tcp_flags & wire::kAck) || (!all && !memory.probe_has(kKeepalive))) {
        memory.probe |= kPeerSpoke;
        return;
      }
      const bool suspected = memory.probe_has(kSuspected);
      IdleGap gap = gap_of(context, memory, DropMode::silent);
      if (memory.probe_has(kWait) && !memory.clear) gap.marks |= IdleGap::kWait;
      tell(context, suspected ? IdleGapKind::recovered : IdleGapKind::survived, gap, sink);
      memory.set(kPending, false);
      return;
    }
    const bool carries = packet.sequence_length() > 0 || tracked.keepalive;
    const uint32_t end = packet.seq + packet.sequence_length();
    if (!carries || memory.beyond_probe(end) > 0) return;
    if (memory.repeats() < kRepeats) ++memory.probe;
    if (memory.repeats() == 2 && !memory.probe_has(kSuspected)) {
      memory.probe |= kSuspected;
      tell(context, IdleGapKind::suspected, gap_of(context, memory, DropMode::silent), sink);
      wake_in(context, kPatienceMs, sink);
    }
  }

  // The probe will not be answered any more.
  static void conclude(const FlowContext& context, Memory& memory, FindingSink& sink) {
    memory.set(kPending, false);
    if (!memory.probe_has(kSuspected)) return;
    const IdleGap gap = gap_of(context, memory, DropMode::silent);
    const bool dropped = memory.repeats() >= kLeastRepeats &&
                         gap.since_probe_ms >= kLeastPatienceMs && !memory.probe_has(kPeerSpoke) &&
                         !spoiled(context.flow);
    if (dropped) memory.set(kOver, true);
    tell(context, dropped ? IdleGapKind::dropped : IdleGapKind::censored, gap, sink);
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
      if (packet.payload_octets < kRequestOctets) return;
      memory.set(kAsked, true);
      memory.requested = 1;
    } else {
      // The first octets of a server answer a hello, no request.
      if (memory.has(kAsked) && own.stream_octets > 0) {
        memory.set(memory.has(kOneRound) ? kTwoRounds : kOneRound, true);
      }
      memory.set(kAsked, false);
    }
  }

  const int64_t interim_ns_;
  const uint32_t least_gap_ms_, least_wait_ms_;
};

}  // namespace

std::unique_ptr<FlowDetector> make_idle_timeout(const Site& site) {
  return std::make_unique<IdleTimeout>(site.push);
}

}  // namespace exwire::detect
