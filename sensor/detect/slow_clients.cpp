// SPDX-License-Identifier: BSD-3-Clause
#include "sensor/detect/slow_clients.hpp"

#include "sensor/detect/stall_signs.hpp"

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

}  // namespace

void SlowClients::remember_stray(const flow::Flow& flow, Standing& standing) noexcept {
  const uint64_t octets = flow.of(Direction::to_server).stream_octets;
  if (octets == 0 || octets > kPiece) return;
  standing.since_s = seconds_of({flow.start_ns});
  standing.base = static_cast<uint8_t>(standing.since_s);
  standing.count_piece();
}

// A response is there, or due, and the client takes nothing.
void SlowClients::watch_window(const FlowContext& context, const wire::Packet& packet,
                               Standing& standing, FindingSink& sink) const {
  constexpr uint8_t kNoAck = wire::kSyn | wire::kRst | wire::kFin;
  const bool joined = standing.has(Standing::kJoined);  // a full buffer shows what was due
  const bool due = standing.has(Standing::kReady) ? standing.has(Standing::kAsked)
                   : joined                       ? !context.flow.one_sided()
                            : !standing.has(Standing::kSecure) && standing.count > 0;
  if (!due || !(packet.tcp_flags & wire::kAck) || (packet.tcp_flags & kNoAck)) return;
  const auto taken = static_cast<uint8_t>(context.flow.of(Direction::to_server).last_ack >> 10);
  if (standing.stage == Stage::unread) {
    if (window_is_open(context.flow)) {
      steps_.move(context, standing, Stage::none, sink);
      if (standing.has(Standing::kReady) || joined) standing.clear_pieces();
    } else if (static_cast<uint8_t>(taken - standing.base) >= kProgress) {
      steps_.move_on(context, standing, taken, sink);
    }
  } else if (standing.stage == Stage::none && window_is_shut(context.flow)) {
    steps_.move(context, standing, Stage::unread, sink);
    standing.base = taken;
  }
}

// The head is complete and the body is not.
void SlowClients::watch_body(const FlowContext& context, const flow::Tracked& tracked,
                             const wire::Packet& packet, Standing& standing,
                             FindingSink& sink) const {
  const flow::Flow& flow = context.flow;
  const bool from_client = tracked.direction == Direction::to_server;
  const auto sent = static_cast<uint8_t>(
      (flow.of(Direction::to_server).stream_octets + (from_client ? packet.payload_octets : 0)) >>
      10);
  // A sleeping dissector is told of the end with the next octets only.
  const uint32_t left = flow.session == 0 ? flow.skip_left[0] : 0;
  if (from_client && left != 0 && left <= packet.payload_octets) {
    standing.set(Standing::kBody, false);
    if (standing.stage == Stage::body) steps_.move(context, standing, Stage::none, sink);
  } else if (standing.stage == Stage::none) {
    steps_.move(context, standing, Stage::body, sink);
    standing.base = sent;
  } else if (standing.stage == Stage::body &&
             static_cast<uint8_t>(sent - standing.base) >= kProgress) {
    steps_.move_on(context, standing, sent, sink);
  }
}

void SlowClients::body_over(const FlowContext& context, FindingSink& sink) const {
  Standing standing = Standing::of(context);
  if (standing.has(Standing::kOver) || !standing.has(Standing::kBody)) return;
  standing.set(Standing::kBody, false);
  if (standing.stage == Stage::body) steps_.move(context, standing, Stage::none, sink);
  standing.keep(context);
}

void SlowClients::asked(const FlowContext& context, const inspect::TlsRecord& record,
                        Standing& standing, FindingSink& sink) const {
  if (standing.stage == Stage::no_request) steps_.move(context, standing, Stage::none, sink);
  standing.set(Standing::kAsked, true);
  piece(context, record.length, kPieceWithin_s, standing, sink);
}

void SlowClients::asked_midway(const FlowContext& context, uint32_t octets, Standing& standing,
                               FindingSink& sink) const {
  piece(context, octets, kJoinedPieceWithin_s, standing, sink);
}

// A request comes at once; small pieces with pauses, and no answer between, are the tools of slow
// requests. Which part of the request they belong to cannot be told.
void SlowClients::piece(const FlowContext& context, uint32_t length, uint8_t within_s,
                        Standing& standing, FindingSink& sink) const {
  const uint32_t now_s = seconds_of(context.now);
  if (standing.stage == Stage::unread) {
    if (window_is_shut(context.flow)) return;
    standing.clear_pieces();  // whoever asks again has taken the answer
    steps_.move(context, standing, Stage::none, sink);
  }
  const auto pause = static_cast<uint8_t>(now_s - standing.base);
  standing.base = static_cast<uint8_t>(now_s);
  if (standing.pieces() > 0 && pause < kPieceAfter_s) return;
  if (standing.pieces() == 0 || length > kPiece || pause > within_s) {
    steps_.move(context, standing, Stage::none, sink);
    standing.clear_pieces();
    standing.since_s = now_s;
  }
  if (standing.pieces() < kPieces) standing.count_piece();
  const uint64_t octets = context.flow.of(Direction::to_server).stream_octets;
  if (context.flow.one_sided()) return;  // answers would be missed
  if (standing.pieces() == kPieces && standing.stage == Stage::none && octets <= kFewOctets) {
    steps_.change(context, standing, Stage::pieces, standing.since_s, sink);
  }
}

void SlowClients::answered(const FlowContext& context, Standing& standing,
                           FindingSink& sink) const {
  if (standing.stage == Stage::pieces) steps_.move(context, standing, Stage::none, sink);
  if (standing.stage == Stage::none) standing.clear_pieces();
}

}  // namespace exwire::detect
