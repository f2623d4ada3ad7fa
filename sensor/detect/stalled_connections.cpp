// SPDX-License-Identifier: BSD-3-Clause
// Follows every connection towards a watched server through the stages at which only its client can
// be late, and tells each step to the fleet detector that counts. In clear text the HTTP dissector
// knows what is complete (RFC 9112); in TLS the times and lengths of records must do. Of
// connections that had begun before the capture nobody knows what they have sent, and silence says
// nothing: only what they do is judged, pieces with pauses and a shut window.
#include <algorithm>

#include "sensor/detect/slow_clients.hpp"
#include "sensor/detect/stage_steps.hpp"
#include "sensor/detect/stall_signs.hpp"
#include "sensor/detect/standing.hpp"

namespace exwire::detect {
namespace {

constexpr uint8_t kHandshakeRecord = 22, kApplicationData = 23;
// Records of four renegotiations; one is usual (client certificates in IIS).
constexpr uint8_t kUsualRecords = 12;

class StalledConnections final : public FlowDetector {
 public:
  explicit StalledConnections(const Site& site) : site_(site) {}

  DetectorInfo info() const noexcept override {
    return {"stalled_connections",
            kWantsHttp | kWantsSegments | kWantsTls | kWantsRecords | kWantsEnds | kWantsHalfOpen,
            sizeof(Standing)};
  }
  std::vector<const Signature*> signatures() const override { return {}; }

  void segment(const FlowContext& context, const flow::Tracked& tracked, const wire::Packet& packet,
               FindingSink& sink) override {
    if (steps_.sight() == kWholeSight) {
      const Standing standing = Standing::of(context);
      if (standing.has(Standing::kOver) || goes_on(context.flow, tracked, packet, standing)) return;
    }
    look(context, tracked, packet, sink);
  }

  void request_head(const FlowContext& context, inspect::HttpTransaction& transaction,
                    FindingSink& sink) override {
    Standing standing = Standing::of(context);
    // Packet 0: a head that was given up; flow_ended() follows.
    if (standing.has(Standing::kOver) || context.packet == 0) return;
    steps_.move(context, standing, Stage::none, sink);
    if (standing.has(Standing::kJoined)) {  // from here on as if from the start
      standing.set(Standing::kJoined, false);
      standing.count = 0;
    }
    if (standing.count != 0xff) ++standing.count;
    const bool open_by_design = transaction.text(inspect::HttpField::method).starts_with("RPC_");
    standing.set(Standing::kBody, !open_by_design);
    standing.since_s = seconds_of(context.now);
    standing.keep(context);
  }

  void request_over(const FlowContext& context, inspect::HttpTransaction&,
                    FindingSink& sink) override {
    slow_.body_over(context, sink);
  }

  // Whoever has been answered need not go on sending.
  void response_head(const FlowContext& context, inspect::HttpTransaction&,
                     FindingSink& sink) override {
    slow_.body_over(context, sink);
  }

  void transaction_over(const FlowContext& context, inspect::HttpTransaction&,
                        FindingSink& sink) override {
    Standing standing = Standing::of(context);
    if (standing.is_over_or_joined() || context.packet == 0) return;
    if (standing.count != 0 && standing.count != 0xff) --standing.count;
    if (standing.count == 0 && standing.stage == Stage::unread) {
      steps_.move(context, standing, Stage::none, sink);
    }
    standing.keep(context);
  }

  void tls_handshake(const FlowContext& context, inspect::TlsHandshake& handshake,
                     FindingSink& sink) override {
    Standing standing = Standing::of(context);
    if (!standing.has(Standing::kSecure) || standing.has(Standing::kOver) || context.packet == 0) {
      return;
    }
    if (!(handshake.flags & kExwireTlsComplete) || handshake.alert != 255) {
      steps_.finish(context, standing, sink);
    } else {
      const bool asked = handshake.flags & kExwireTlsEarlyData;  // perhaps with a request in it
      steps_.move(context, standing, asked ? Stage::none : Stage::no_request, sink);
      standing.set(Standing::kReady, true);
      standing.count = standing.base = 0;
    }
    standing.keep(context);
  }

  void tls_record(const FlowContext& context, const inspect::TlsRecord& record,
                  FindingSink& sink) override {
    if (Standing::of(context).counts_records()) count(context, record, sink);
  }

  void flow_ended(const FlowContext& context, flow::EndReason why, FindingSink& sink) override {
    if (why == flow::EndReason::shutdown) return;  // it goes on when the capture ends
    Standing standing = Standing::of(context);
    steps_.finish(context, standing, sink);
    standing.keep(context);
  }

  void half_open_changed(const flow::HalfOpen& entry, flow::HalfOpenStage before,
                         flow::HalfOpenStage after, Timestamp began, Timestamp now,
                         FindingSink& sink) override {
    const bool asked = entry.has(flow::kSyn);
    if (asked && (entry.has(flow::kSynAck) || entry.packets[1] > 0))
      steps_.add_sight(kSightOfAnswers);
    if (after == flow::HalfOpenStage::waiting) steps_.add_sight(kSightOfAcks);
    const Stage left = stage_of(before), entered = stage_of(after);
    if (left == entered) return;
    if (entered == Stage::backscatter && !is_told_backscatter(entry)) return;
    const wire::FlowKey& key = entry.key;
    const bool client_is_lo = entry.has(flow::kClientLo);
    // Servers elsewhere answer ours: somebody may have asked in their name.
    const bool ours = is_ours(client_is_lo ? key.hi : key.lo, key.ip_version) ||
                      (!asked && is_ours(client_is_lo ? key.lo : key.hi, key.ip_version));
    if (!ours) return;
    // A refusal without a SYN is one no more when that comes by after it.
    const bool asked_late = left == Stage::backscatter && asked && !entry.has(flow::kSynAck);
    const Stage over = is_rate(left) && !asked_late ? Stage::none : left;
    if (over == entered) return;
    const uint32_t began_s = seconds_of(began);
    const uint32_t entered_s = is_rate(entered) ? seconds_of(now) : began_s;
    steps_.tell(key, client_is_lo, {began_s, entered_s, over, entered}, now, sink);
  }

 private:
  // Most packets: an answer on its way, and acknowledgements by a client that takes it.
  static bool goes_on(const flow::Flow& flow, const flow::Tracked& tracked,
                      const wire::Packet& packet, const Standing& standing) noexcept {
    if (!standing.awaits_nothing() || (packet.tcp_flags & wire::kFin)) return false;
    if (is_lost(flow) || flow.state != flow::TcpState::established) return false;
    if (tracked.direction == Direction::to_client) return true;
    return standing.stage != Stage::unread && !window_is_shut(flow);
  }
  static bool is_lost(const flow::Flow& flow) noexcept {
    return flow.has(flow::kGapToServer | flow::kGapToClient | flow::kTrackingLost);
  }

  // Apart from segment(), so that most packets save no registers.
  [[gnu::noinline]] void look(const FlowContext& context, const flow::Tracked& tracked,
                              const wire::Packet& packet, FindingSink& sink) {
    if (steps_.sight() != kWholeSight) see(context.flow, packet);
    Standing standing = Standing::of(context);
    if (standing.has(Standing::kOver)) return;
    if (!standing.has(Standing::kLooked)) begin(context, standing, sink);
    if (standing.has(Standing::kLooked) && !standing.has(Standing::kOver)) {
      follow(context, tracked, packet, standing, sink);
    }
    standing.keep(context);
  }

  // Apart from tls_record(), as above: of a handshake no record counts.
  [[gnu::noinline]] void count(const FlowContext& context, const inspect::TlsRecord& record,
                               FindingSink& sink) const {
    Standing standing = Standing::of(context);
    const bool from_client = record.direction == Direction::to_server;
    if (from_client && record.content_type == kHandshakeRecord) {
      if (standing.handshake_records() >= kUsualRecords) {
        const uint32_t now_s = seconds_of(context.now);
        steps_.tell(context, {now_s, now_s, Stage::none, Stage::renegotiating}, sink);
      }
      standing.count_handshake_record();
    } else if (record.content_type == kApplicationData && !standing.has(Standing::kJoined)) {
      from_client ? slow_.asked(context, record, standing, sink)
                  : slow_.answered(context, standing, sink);
    }
    standing.keep(context);
  }

  bool is_ours(const wire::Address& address, uint8_t version) const noexcept {
    return site_.servers.empty() ||
           std::any_of(site_.servers.begin(), site_.servers.end(),
                       [&](const Prefix& prefix) { return prefix.covers(address, version); });
  }
  // Where one direction is never captured, a server that is down refuses honest clients like that.
  bool is_told_backscatter(const flow::HalfOpen& entry) const noexcept {
    return entry.has(flow::kSynAck) || (steps_.sight() & kSightOfAnswers);
  }

  void see(const flow::Flow& flow, const wire::Packet& packet) noexcept {
    if (!flow.one_sided()) steps_.add_sight(kSightOfAnswers);
    if (!(packet.tcp_flags & (wire::kSyn | wire::kFin | wire::kRst)))
      steps_.add_sight(kSightOfAcks);
  }

  void begin(const FlowContext& context, Standing& standing, FindingSink& sink) {
    const flow::Flow& flow = context.flow;
    const bool watched = flow.has(flow::kWatched), midstream = flow.has(flow::kMidstream);
    const bool spoke = flow.of(Direction::to_server).stream_octets > 0;
    const bool open = flow.state == flow::TcpState::established;
    // The server's part of the handshake may come late: packets change places.
    if (open && flow.one_sided() && !midstream) return;
    standing.set(Standing::kLooked, true);
    if (!open || !is_ours(flow.server(), flow.key.ip_version)) {
      standing.set(Standing::kOver, true);
    } else if (midstream || (spoke && standing.count == 0)) {
      const bool known = watched && !flow.has(flow::kUncertainRoles);
      standing.set(known ? Standing::kJoined : Standing::kOver, true);
      if (known) SlowClients::remember_stray(flow, standing);
    } else if (watched && !spoke) {
      steps_.move(context, standing, Stage::silent, sink);
    }
  }

  void follow(const FlowContext& context, const flow::Tracked& tracked, const wire::Packet& packet,
              Standing& standing, FindingSink& sink) {
    const flow::Flow& flow = context.flow;
    const bool in_order =
        tracked.offset == static_cast<int64_t>(flow.of(tracked.direction).stream_octets);
    const bool fin = (packet.tcp_flags & wire::kFin) && in_order;
    if (is_lost(flow) || fin || flow.state != flow::TcpState::established) {
      steps_.finish(context, standing, sink);
      return;
    }
    const bool from_client = tracked.direction == Direction::to_server;
    const bool joined = standing.has(Standing::kJoined);
    if (from_client) slow_.watch_window(context, packet, standing, sink);
    if (joined) return follow_joined(context, tracked, packet, standing, sink);
    if (standing.has(Standing::kBody)) slow_.watch_body(context, tracked, packet, standing, sink);
    if (packet.payload_octets == 0 || tracked.keepalive || standing.has(Standing::kReady)) return;
    const bool dissected = flow.work & flow::kWorkDissectToServer;
    if (standing.has(Standing::kSecure)) {
      if (!dissected) return steps_.finish(context, standing, sink);
      take_turn(context, tracked, packet, standing, sink);
    } else if (standing.stage == Stage::head) {
      if (!from_client || !dissected) steps_.finish(context, standing, sink);
    } else if (standing.count == 0) {
      if (from_client && dissected) {
        speak(context, tracked, packet, standing, sink);
      } else if (standing.stage == Stage::silent || !dissected) {
        steps_.finish(context, standing,
                      sink);  // the server speaks first, or not a language we know
      }
    }
  }

  // No record is known to begin where a segment does: segments must do for pieces.
  void follow_joined(const FlowContext& context, const flow::Tracked& tracked,
                     const wire::Packet& packet, Standing& standing, FindingSink& sink) {
    if (packet.payload_octets == 0 || tracked.keepalive) return;
    const auto expected = static_cast<int64_t>(context.flow.of(tracked.direction).stream_octets);
    if (tracked.offset < expected) return;  // repeated
    if (tracked.direction == Direction::to_client) {
      slow_.answered(context, standing, sink);
    } else {
      slow_.asked_midway(context, packet.payload_octets, standing, sink);
    }
  }

  // The client's first octets, or its first ones after an answer.
  void speak(const FlowContext& context, const flow::Tracked& tracked, const wire::Packet& packet,
             Standing& standing, FindingSink& sink) {
    const Bytes payload = packet.payload;
    const bool fresh = context.flow.of(Direction::to_server).stream_octets == 0;
    if (payload.size > 0 && payload.data[0] == kHandshakeRecord && fresh) {
      standing.set(Standing::kSecure, true);
      standing.expect(payload.size < 5 ? 0xffff : 5 + (payload.data[3] << 8 | payload.data[4]));
      take_turn(context, tracked, packet, standing, sink);
    } else if (context.flow.has(flow::kWatched)
                   ? payload.size > 0 && payload.data[0] >= 'A' && payload.data[0] <= 'Z'
                   : is_method(payload)) {
      steps_.move(context, standing, Stage::head, sink);
    } else {
      steps_.finish(context, standing, sink);  // not what we know, or cut by the capture
    }
  }

  // Until TLS is ready it is one side's turn after the other's; a server may take its time.
  void take_turn(const FlowContext& context, const flow::Tracked& tracked,
                 const wire::Packet& packet, Standing& standing, FindingSink& sink) {
    if (tracked.direction == Direction::to_client) {
      if (!standing.has(Standing::kServerSpoke))
        steps_.move(context, standing, Stage::handshake, sink);
      standing.set(Standing::kServerSpoke, true);
      return;
    }
    const bool whole = tracked.offset + packet.payload_octets >= standing.expected();
    const bool done = standing.has(Standing::kServerSpoke) || whole;
    steps_.move(context, standing, done ? Stage::none : Stage::handshake, sink);
  }

  const Site& site_;
  StageSteps steps_;
  SlowClients slow_{steps_};
};

}  // namespace

std::unique_ptr<FlowDetector> make_stalled_connections(const Site& site) {
  return std::make_unique<StalledConnections>(site);
}

}  // namespace exwire::detect
