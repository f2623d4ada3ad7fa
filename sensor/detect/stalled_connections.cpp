// SPDX-License-Identifier: BSD-3-Clause
// Follows every connection towards a watched server through the stages at which only its client can
// be late, and tells each step to the fleet detector that counts. In clear text the HTTP dissector
// knows what is complete (RFC 9112); in TLS the times and lengths of records must do. Of
// connections that had begun before the capture nobody knows what they have sent, and silence says
// nothing: only what they do is judged, pieces with pauses and a shut window.
#include <algorithm>

#include "sensor/detect/stall_signs.hpp"
#include "sensor/detect/standing.hpp"

namespace exwire::detect {
namespace {

constexpr uint8_t kProgress = 16;  // KiB: what arrives in that order is no stall
constexpr uint32_t kPiece = 200;   // octets of a record, at most, for a piece of a request
constexpr uint8_t kPieceAfter_s = 2, kPieceWithin_s = 120, kPieces = 3;
// Of a connection joined later the pings of RPC over HTTP may be all there is to see.
constexpr uint8_t kJoinedPieceWithin_s = 30;
// RPC over HTTP keeps a request open for hours and pings within it (MS-RPCH 3.2.3), but has sent
// more than this by then.
constexpr uint64_t kFewOctets = 2304;
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
    if (sight_ != kWholeSight) see(context.flow, packet);
    Standing standing = Standing::of(context);
    if (standing.has(Standing::kOver)) return;
    if (!standing.has(Standing::kLooked)) begin(context, standing, sink);
    if (standing.has(Standing::kLooked) && !standing.has(Standing::kOver)) {
      follow(context, tracked, packet, standing, sink);
    }
    standing.keep(context);
  }

  void request_head(const FlowContext& context, inspect::HttpTransaction& transaction,
                    FindingSink& sink) override {
    Standing standing = Standing::of(context);
    // Packet 0: a head that was given up; flow_ended() follows.
    if (standing.has(Standing::kOver) || context.packet == 0) return;
    move(context, standing, Stage::none, sink);
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
    body_over(context, sink);
  }

  // Whoever has been answered need not go on sending.
  void response_head(const FlowContext& context, inspect::HttpTransaction&,
                     FindingSink& sink) override {
    body_over(context, sink);
  }

  void transaction_over(const FlowContext& context, inspect::HttpTransaction&,
                        FindingSink& sink) override {
    Standing standing = Standing::of(context);
    if (standing.is_over_or_joined() || context.packet == 0) return;
    if (standing.count != 0 && standing.count != 0xff) --standing.count;
    if (standing.count == 0 && standing.stage == Stage::unread) {
      move(context, standing, Stage::none, sink);
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
      finish(context, standing, sink);
    } else {
      const bool asked = handshake.flags & kExwireTlsEarlyData;  // perhaps with a request in it
      move(context, standing, asked ? Stage::none : Stage::no_request, sink);
      standing.set(Standing::kReady, true);
      standing.count = standing.base = 0;
    }
    standing.keep(context);
  }

  void tls_record(const FlowContext& context, const inspect::TlsRecord& record,
                  FindingSink& sink) override {
    Standing standing = Standing::of(context);
    const bool joined = standing.has(Standing::kJoined);
    if (standing.has(Standing::kOver) || !(joined || standing.has(Standing::kReady))) return;
    const bool from_client = record.direction == Direction::to_server;
    if (from_client && record.content_type == kHandshakeRecord) {
      if (standing.handshake_records() >= kUsualRecords) {
        const uint32_t now_s = seconds_of(context.now);
        tell(context.flow, Stage::renegotiating, true, now_s, context.now, sink);
      }
      standing.count_handshake_record();
    } else if (record.content_type == kApplicationData && !joined) {
      from_client ? asked(context, record, standing, sink) : answered(context, standing, sink);
    }
    standing.keep(context);
  }

  void flow_ended(const FlowContext& context, flow::EndReason why, FindingSink& sink) override {
    if (why == flow::EndReason::shutdown) return;  // it goes on when the capture ends
    Standing standing = Standing::of(context);
    finish(context, standing, sink);
    standing.keep(context);
  }

  void half_open_changed(const flow::HalfOpen& entry, flow::HalfOpenStage before,
                         flow::HalfOpenStage after, Timestamp began, Timestamp now,
                         FindingSink& sink) override {
    const bool asked = entry.has(flow::kSyn);
    if (asked && (entry.has(flow::kSynAck) || entry.packets[1] > 0)) sight_ |= kSightOfAnswers;
    if (after == flow::HalfOpenStage::waiting) sight_ |= kSightOfAcks;
    const Stage left = stage_of(before), entered = stage_of(after);
    if (left == entered) return;
    flow::Flow shown;
    shown.key = entry.key;
    if (entry.has(flow::kClientLo)) shown.mark(flow::kClientIsLo);
    if (entered == Stage::backscatter && !is_told_backscatter(entry)) return;
    if (!is_server(shown) && (asked || !is_client(shown))) return;
    if (!is_rate(left)) tell(shown, left, false, seconds_of(began), now, sink);
    tell(shown, entered, true, seconds_of(is_rate(entered) ? now : began), now, sink);
  }

 private:
  bool is_ours(const wire::Address& address, uint8_t version) const noexcept {
    return site_.servers.empty() ||
           std::any_of(site_.servers.begin(), site_.servers.end(),
                       [&](const Prefix& prefix) { return prefix.covers(address, version); });
  }
  bool is_server(const flow::Flow& flow) const noexcept {
    return is_ours(flow.server(), flow.key.ip_version);
  }
  // In whose name somebody may have asked: servers elsewhere answer ours.
  bool is_client(const flow::Flow& flow) const noexcept {
    return is_ours(flow.client(), flow.key.ip_version);
  }
  // Where one direction is never captured, a server that is down refuses honest clients like that.
  bool is_told_backscatter(const flow::HalfOpen& entry) const noexcept {
    return entry.has(flow::kSynAck) || (sight_ & kSightOfAnswers);
  }

  void see(const flow::Flow& flow, const wire::Packet& packet) noexcept {
    if (!flow.one_sided()) sight_ |= kSightOfAnswers;
    if (!(packet.tcp_flags & (wire::kSyn | wire::kFin | wire::kRst))) sight_ |= kSightOfAcks;
  }

  void begin(const FlowContext& context, Standing& standing, FindingSink& sink) {
    const flow::Flow& flow = context.flow;
    const bool watched = flow.has(flow::kWatched), midstream = flow.has(flow::kMidstream);
    const bool open = flow.state == flow::TcpState::established;
    // The server's part of the handshake may come late: packets change places.
    if (open && flow.one_sided() && !midstream) return;
    standing.set(Standing::kLooked, true);
    if (!open || !is_server(flow)) {
      standing.set(Standing::kOver, true);
    } else if (midstream) {
      const bool known = watched && !flow.has(flow::kUncertainRoles);
      standing.set(known ? Standing::kJoined : Standing::kOver, true);
      if (known) remember_stray(flow, standing);
    } else if (watched) {
      move(context, standing, Stage::silent, sink);
    }
  }

  // What came before the other side was heard.
  static void remember_stray(const flow::Flow& flow, Standing& standing) noexcept {
    const uint64_t octets = flow.of(Direction::to_server).stream_octets;
    if (octets == 0 || octets > kPiece) return;
    standing.since_s = seconds_of({flow.start_ns});
    standing.base = static_cast<uint8_t>(standing.since_s);
    standing.count_piece();
  }

  void follow(const FlowContext& context, const flow::Tracked& tracked, const wire::Packet& packet,
              Standing& standing, FindingSink& sink) {
    const flow::Flow& flow = context.flow;
    const bool lost = flow.has(flow::kGapToServer | flow::kGapToClient | flow::kTrackingLost);
    const bool in_order =
        tracked.offset == static_cast<int64_t>(flow.of(tracked.direction).stream_octets);
    const bool fin = (packet.tcp_flags & wire::kFin) && in_order;
    if (lost || fin || flow.state != flow::TcpState::established) {
      finish(context, standing, sink);
      return;
    }
    const bool from_client = tracked.direction == Direction::to_server;
    const bool joined = standing.has(Standing::kJoined);
    if (from_client) watch_window(context, packet, standing, sink);
    if (joined) return follow_joined(context, tracked, packet, standing, sink);
    if (standing.has(Standing::kBody)) watch_body(context, tracked, packet, standing, sink);
    if (packet.payload_octets == 0 || tracked.keepalive || standing.has(Standing::kReady)) return;
    const bool dissected = flow.work & flow::kWorkDissectToServer;
    if (standing.has(Standing::kSecure)) {
      if (!dissected) return finish(context, standing, sink);
      take_turn(context, tracked, packet, standing, sink);
    } else if (standing.stage == Stage::head) {
      if (!from_client || !dissected) finish(context, standing, sink);
    } else if (standing.count == 0) {
      if (from_client && dissected) {
        speak(context, tracked, packet, standing, sink);
      } else if (standing.stage == Stage::silent || !dissected) {
        finish(context, standing, sink);  // the server speaks first, or not a language we know
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
      answered(context, standing, sink);
    } else {
      piece(context, packet.payload_octets, kJoinedPieceWithin_s, standing, sink);
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
      move(context, standing, Stage::head, sink);
    } else {
      finish(context, standing, sink);  // not what we know, or cut by the capture
    }
  }

  // Until TLS is ready it is one side's turn after the other's; a server may take its time.
  void take_turn(const FlowContext& context, const flow::Tracked& tracked,
                 const wire::Packet& packet, Standing& standing, FindingSink& sink) {
    if (tracked.direction == Direction::to_client) {
      if (!standing.has(Standing::kServerSpoke)) move(context, standing, Stage::handshake, sink);
      standing.set(Standing::kServerSpoke, true);
      return;
    }
    const bool whole = tracked.offset + packet.payload_octets >= standing.expected();
    const bool done = standing.has(Standing::kServerSpoke) || whole;
    move(context, standing, done ? Stage::none : Stage::handshake, sink);
  }

  // A response is there, or due, and the client takes nothing.
  void watch_window(const FlowContext& context, const wire::Packet& packet, Standing& standing,
                    FindingSink& sink) {
    constexpr uint8_t kNoAck = wire::kSyn | wire::kRst | wire::kFin;
    const bool joined = standing.has(Standing::kJoined);  // a full buffer shows what was due
    const bool due = standing.has(Standing::kReady) ? standing.has(Standing::kAsked)
                     : joined                       ? !context.flow.one_sided()
                              : !standing.has(Standing::kSecure) && standing.count > 0;
    if (!due || !(packet.tcp_flags & wire::kAck) || (packet.tcp_flags & kNoAck)) return;
    const auto taken = static_cast<uint8_t>(context.flow.of(Direction::to_server).last_ack >> 10);
    if (standing.stage == Stage::unread) {
      if (window_is_open(context.flow)) {
        move(context, standing, Stage::none, sink);
        if (standing.has(Standing::kReady) || joined) standing.clear_pieces();
      } else if (static_cast<uint8_t>(taken - standing.base) >= kProgress) {
        move_on(context, standing, taken, sink);
      }
    } else if (standing.stage == Stage::none && window_is_shut(context.flow)) {
      move(context, standing, Stage::unread, sink);
      standing.base = taken;
    }
  }

  // The head is complete and the body is not.
  void watch_body(const FlowContext& context, const flow::Tracked& tracked,
                  const wire::Packet& packet, Standing& standing, FindingSink& sink) {
    const flow::Flow& flow = context.flow;
    const bool from_client = tracked.direction == Direction::to_server;
    const auto sent = static_cast<uint8_t>(
        (flow.of(Direction::to_server).stream_octets + (from_client ? packet.payload_octets : 0)) >>
        10);
    // A sleeping dissector is told of the end with the next octets only.
    const uint32_t left = flow.session == 0 ? flow.skip_left[0] : 0;
    if (from_client && left != 0 && left <= packet.payload_octets) {
      standing.set(Standing::kBody, false);
      if (standing.stage == Stage::body) move(context, standing, Stage::none, sink);
    } else if (standing.stage == Stage::none) {
      move(context, standing, Stage::body, sink);
      standing.base = sent;
    } else if (standing.stage == Stage::body &&
               static_cast<uint8_t>(sent - standing.base) >= kProgress) {
      move_on(context, standing, sent, sink);
    }
  }

  void body_over(const FlowContext& context, FindingSink& sink) {
    Standing standing = Standing::of(context);
    if (standing.has(Standing::kOver) || !standing.has(Standing::kBody)) return;
    standing.set(Standing::kBody, false);
    if (standing.stage == Stage::body) move(context, standing, Stage::none, sink);
    standing.keep(context);
  }

  void asked(const FlowContext& context, const inspect::TlsRecord& record, Standing& standing,
             FindingSink& sink) {
    if (standing.stage == Stage::no_request) move(context, standing, Stage::none, sink);
    standing.set(Standing::kAsked, true);
    piece(context, record.length, kPieceWithin_s, standing, sink);
  }

  // A request comes at once; small pieces with pauses, and no answer between, are the tools of slow
  // requests. Which part of the request they belong to cannot be told.
  void piece(const FlowContext& context, uint32_t length, uint8_t within_s, Standing& standing,
             FindingSink& sink) {
    const uint32_t now_s = seconds_of(context.now);
    if (standing.stage == Stage::unread) {
      if (window_is_shut(context.flow)) return;
      standing.clear_pieces();  // whoever asks again has taken the answer
      move(context, standing, Stage::none, sink);
    }
    const auto pause = static_cast<uint8_t>(now_s - standing.base);
    standing.base = static_cast<uint8_t>(now_s);
    if (standing.pieces() > 0 && pause < kPieceAfter_s) return;
    if (standing.pieces() == 0 || length > kPiece || pause > within_s) {
      move(context, standing, Stage::none, sink);
      standing.clear_pieces();
      standing.since_s = now_s;
    }
    if (standing.pieces() < kPieces) standing.count_piece();
    const uint64_t octets = context.flow.of(Direction::to_server).stream_octets;
    if (context.flow.one_sided()) return;  // answers would be missed
    if (standing.pieces() == kPieces && standing.stage == Stage::none && octets <= kFewOctets) {
      enter(context, standing, Stage::pieces, standing.since_s, sink);
    }
  }

  void answered(const FlowContext& context, Standing& standing, FindingSink& sink) {
    if (standing.stage == Stage::pieces) move(context, standing, Stage::none, sink);
    if (standing.stage == Stage::none) standing.clear_pieces();
  }

  void finish(const FlowContext& context, Standing& standing, FindingSink& sink) {
    move(context, standing, Stage::none, sink);
    standing.set(Standing::kOver, true);
  }

  // Progress: the stage begins anew.
  void move_on(const FlowContext& context, Standing& standing, uint8_t base, FindingSink& sink) {
    standing.base = base;
    if (standing.since_s == seconds_of(context.now)) return;
    const Stage stage = standing.stage;
    move(context, standing, Stage::none, sink);
    move(context, standing, stage, sink);
  }

  void move(const FlowContext& context, Standing& standing, Stage to, FindingSink& sink) {
    if (standing.stage == to) return;
    tell(context.flow, standing.stage, false, standing.since_s, context.now, sink);
    enter(context, standing, to, seconds_of(context.now), sink);
  }

  void enter(const FlowContext& context, Standing& standing, Stage to, uint32_t since_s,
             FindingSink& sink) {
    standing.stage = to;
    if (to == Stage::none) return;
    standing.since_s = since_s;
    tell(context.flow, to, true, since_s, context.now, sink);
  }

  void tell(const flow::Flow& flow, Stage stage, bool entered, uint32_t since_s, Timestamp now,
            FindingSink& sink) const {
    if (stage == Stage::none) return;
    Observation step = Observation::of(flow, Topic::stage, static_cast<uint16_t>(stage), now);
    step.put(StageStep{since_s, static_cast<uint8_t>(entered), sight_});
    sink.observe(step);
  }

  const Site& site_;
  uint8_t sight_ = 0;
};

}  // namespace

std::unique_ptr<FlowDetector> make_stalled_connections(const Site& site) {
  return std::make_unique<StalledConnections>(site);
}

}  // namespace exwire::detect
