// SPDX-License-Identifier: BSD-3-Clause
// Follows every connection towards a watched server through the stages before its first complete
// request, and tells each step to the fleet detector that counts. Only connections whose handshake
// was seen in both directions are judged: of others nobody knows what they have sent before.
#include <algorithm>
#include <cstring>

#include "sensor/detect/detector.hpp"
#include "sensor/detect/stage.hpp"

namespace exwire::detect {
namespace {

/// This detector's slot in a flow.
struct Standing {
  uint32_t since_s = 0;
  Stage stage = Stage::none;
  uint8_t requests = 0;  ///< complete heads that wait for the end of their answer, saturating
  uint8_t looked = 0;    ///< 1: the first packet was seen
  uint8_t over = 0;      ///< 1: nothing more to judge
};
static_assert(sizeof(Standing) == 8);

Standing standing_of(const FlowContext& context) noexcept {
  Standing standing;
  if (context.facts.size() < sizeof standing) {
    standing.over = 1;  // nowhere to keep it
    return standing;
  }
  std::memcpy(&standing, context.facts.data(), sizeof standing);
  return standing;
}

void keep(const FlowContext& context, const Standing& standing) noexcept {
  if (context.facts.size() < sizeof standing) return;
  std::memcpy(context.facts.data(), &standing, sizeof standing);
}

Stage stage_of(flow::HalfOpenStage stage) noexcept {
  switch (stage) {
    case flow::HalfOpenStage::unanswered:
      return Stage::unanswered;
    case flow::HalfOpenStage::answered:
      return Stage::half_open;
    default:
      return Stage::none;
  }
}

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
    Standing standing = standing_of(context);
    if (standing.over != 0) return;
    if (standing.looked == 0) begin(context, standing, sink);
    if (standing.over == 0) follow(context, tracked, packet, standing, sink);
    keep(context, standing);
  }

  void request_head(const FlowContext& context, inspect::HttpTransaction&,
                    FindingSink& sink) override {
    Standing standing = standing_of(context);
    if (standing.over != 0 || context.packet == 0) return;  // given up: flow_ended() follows
    move(context, standing, Stage::none, sink);
    if (standing.requests != 0xff) ++standing.requests;
    keep(context, standing);
  }

  void transaction_over(const FlowContext& context, inspect::HttpTransaction&,
                        FindingSink&) override {
    Standing standing = standing_of(context);
    if (standing.requests != 0 && standing.requests != 0xff) --standing.requests;
    keep(context, standing);
  }

  void tls_handshake(const FlowContext& context, inspect::TlsHandshake& handshake,
                     FindingSink& sink) override {
    Standing standing = standing_of(context);
    if (standing.stage != Stage::handshake || context.packet == 0) return;
    const bool ready = (handshake.flags & kExwireTlsComplete) && handshake.alert == 255;
    move(context, standing, ready ? Stage::no_request : Stage::none, sink);
    standing.over = ready ? 0 : 1;
    keep(context, standing);
  }

  // What the client sends once TLS is ready is its request; alerts and handshakes are not.
  void tls_record(const FlowContext& context, const inspect::TlsRecord& record,
                  FindingSink& sink) override {
    constexpr uint8_t kApplicationData = 23;
    Standing standing = standing_of(context);
    if (standing.stage != Stage::no_request || record.content_type != kApplicationData ||
        record.direction != Direction::to_server) {
      return;
    }
    finish(context, standing, sink);
    keep(context, standing);
  }

  void flow_ended(const FlowContext& context, flow::EndReason why, FindingSink& sink) override {
    if (why == flow::EndReason::shutdown) return;  // it goes on when the capture ends
    Standing standing = standing_of(context);
    finish(context, standing, sink);
    keep(context, standing);
  }

  void half_open_changed(const flow::HalfOpen& entry, flow::HalfOpenStage before,
                         flow::HalfOpenStage after, Timestamp began, Timestamp now,
                         FindingSink& sink) override {
    flow::Flow shown;
    shown.key = entry.key;
    if (entry.has(flow::kClientLo)) shown.mark(flow::kClientIsLo);
    if (!is_server(shown)) return;
    tell(shown, stage_of(before), false, seconds_of(began), now, sink);
    tell(shown, stage_of(after), true, seconds_of(began), now, sink);
  }

 private:
  bool is_server(const flow::Flow& flow) const noexcept {
    return site_.servers.empty() ||
           std::any_of(site_.servers.begin(), site_.servers.end(), [&](const Prefix& prefix) {
             return prefix.covers(flow.server(), flow.key.ip_version);
           });
  }

  void begin(const FlowContext& context, Standing& standing, FindingSink& sink) {
    const flow::Flow& flow = context.flow;
    standing.looked = 1;
    if (!flow.has(flow::kWatched) || flow.has(flow::kMidstream) || flow.one_sided() ||
        flow.state != flow::TcpState::established || !is_server(flow)) {
      standing.over = 1;
      return;
    }
    move(context, standing, Stage::silent, sink);
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
    if (packet.payload_octets == 0 || tracked.keepalive) return;
    const bool from_client = tracked.direction == Direction::to_server;
    const bool dissected = flow.work & flow::kWorkDissectToServer;
    switch (standing.stage) {
      case Stage::silent:
      case Stage::none:
        if (standing.requests > 0) break;
        if (from_client && dissected) {
          speak(context, packet, standing, sink);
        } else if (standing.stage == Stage::silent || !dissected) {
          finish(context, standing, sink);  // the server speaks first, or not a language we know
        }
        break;
      case Stage::head:
        if (!from_client || !dissected) finish(context, standing, sink);
        break;
      case Stage::handshake:
        if (!dissected) finish(context, standing, sink);
        break;
      default:
        break;
    }
  }

  // The client's first octets, or its first ones after an answer.
  void speak(const FlowContext& context, const wire::Packet& packet, Standing& standing,
             FindingSink& sink) {
    constexpr uint8_t kHandshakeRecord = 22;
    if (packet.payload.size == 0) return;  // cut by the capture
    const uint8_t first = packet.payload.data[0];
    if (first == kHandshakeRecord && standing.stage == Stage::silent) {
      move(context, standing, Stage::handshake, sink);
    } else if (first >= 'A' && first <= 'Z') {
      move(context, standing, Stage::head, sink);
    } else {
      finish(context, standing, sink);
    }
  }

  void finish(const FlowContext& context, Standing& standing, FindingSink& sink) {
    move(context, standing, Stage::none, sink);
    standing.over = 1;
  }

  void move(const FlowContext& context, Standing& standing, Stage to, FindingSink& sink) {
    if (standing.stage == to) return;
    tell(context.flow, standing.stage, false, standing.since_s, context.now, sink);
    standing.stage = to;
    standing.since_s = seconds_of(context.now);
    tell(context.flow, to, true, standing.since_s, context.now, sink);
  }

  static void tell(const flow::Flow& flow, Stage stage, bool entered, uint32_t since_s,
                   Timestamp now, FindingSink& sink) {
    if (stage == Stage::none) return;
    Observation step = Observation::of(flow, Topic::stage, static_cast<uint16_t>(stage), now);
    step.put(StageStep{since_s, static_cast<uint8_t>(entered)});
    sink.observe(step);
  }

  const Site& site_;
};

}  // namespace

std::unique_ptr<FlowDetector> make_stalled_connections(const Site& site) {
  return std::make_unique<StalledConnections>(site);
}

}  // namespace exwire::detect
