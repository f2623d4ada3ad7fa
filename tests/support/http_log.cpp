// SPDX-License-Identifier: BSD-3-Clause
#include "tests/support/http_log.hpp"

#include "sensor/flow/flow_table.hpp"
#include "sensor/inspect/inspector.hpp"

namespace exwire::test {
namespace {

using inspect::HttpField;
using inspect::HttpTransaction;

class Recorder final : public inspect::Listener, public flow::FlowListener {
 public:
  void request_head(flow::Flow&, HttpTransaction& one) override {
    log += "request " + std::to_string(one.number) + "\n";
    fields(one, 0, HttpField::stat_code);
  }
  void response_head(flow::Flow&, HttpTransaction& one) override {
    log += "response " + std::to_string(one.number) + "\n";
    fields(one, static_cast<size_t>(HttpField::stat_code), HttpField::count_);
  }
  void transaction_over(flow::Flow&, HttpTransaction& one) override {
    log += "over " + std::to_string(one.number) + " request " +
           (one.request_complete ? std::to_string(one.request_body) : "open") + " response " +
           (one.response_complete ? std::to_string(one.response_body) : "open") + "\n";
  }
  void anomaly(flow::Flow&, const inspect::Anomaly& anomaly) override {
    log += "anomaly " + std::string(anomaly.event) + "\n";
  }
  void flow_ended(uint32_t handle, flow::Flow& flow, flow::EndReason, Timestamp when) override {
    inspector->close(handle, flow, when);
  }
  void half_open_ended(const flow::Flow&, flow::EndReason, Timestamp) override {}
  void flow_timer(uint32_t handle, flow::Flow& flow, Timestamp now) override {
    inspector->timer(handle, flow, now);
  }
  std::string log;
  inspect::Inspector* inspector = nullptr;

 private:
  void fields(const HttpTransaction& one, size_t from, HttpField to) {
    for (size_t index = from; index < static_cast<size_t>(to); ++index) {
      const auto field = static_cast<HttpField>(index);
      if (!one.has(field)) continue;
      log += "  " + std::string(inspect::kHttpFieldNames[index]) + "=" +
             std::string(one.text(field)) + "\n";
    }
  }
};

wire::Packet segment(Direction direction, uint32_t seq, uint32_t ack, uint8_t flags,
                     std::string_view payload, int64_t time_ns) {
  wire::Packet packet;
  const wire::Address client{192, 0, 2, 10}, server{198, 51, 100, 20};
  const bool there = direction == Direction::to_server;
  packet.from_lo = set_endpoints(packet.key, there ? client : server, there ? 50000 : 80,
                                 there ? server : client, there ? 80 : 50000);
  packet.hash = hash_of(packet.key, HashKey{});
  packet.time = {time_ns};
  packet.seq = seq;
  packet.ack = ack;
  packet.tcp_flags = flags;
  packet.payload = as_bytes(payload);
  packet.payload_octets = packet.wire_octets = static_cast<uint32_t>(payload.size());
  return packet;
}

}  // namespace

std::string http_log(const std::vector<StreamPiece>& pieces) {
  Budget budget(size_t{256} << 20);
  flow::Watch watch;
  watch.plaintext_ports.set(80);
  flow::FlowSettings flow_settings;
  flow_settings.most_flows = 1024;
  flow_settings.half_open_entries = 1024;
  inspect::InspectSettings settings;
  settings.most_sessions = 64;
  settings.most_transactions = 1024;
  settings.label_unknown = false;
  Recorder recorder;
  flow::FlowTable table(flow_settings, watch, budget, recorder);
  const inspect::DissectorHost host(inspect::builtin_dissectors());
  inspect::Inspector inspector(settings, host, table, budget, recorder);
  recorder.inspector = &inspector;
  int64_t now = 1'700'000'000 * kNanosPerSecond;
  uint32_t seq[2] = {1000, 5000};
  const auto feed = [&](Direction direction, uint8_t flags, std::string_view payload) {
    const auto side = static_cast<size_t>(direction);
    now += kNanosPerMilli;
    const wire::Packet packet = segment(direction, seq[side], seq[1 - side], flags, payload, now);
    const flow::Tracked tracked = table.track(packet);
    if (tracked.flow != nullptr) inspector.inspect(tracked, packet);
    table.expire(packet.time);
    seq[side] +=
        static_cast<uint32_t>(payload.size()) + ((flags & (wire::kSyn | wire::kFin)) ? 1U : 0U);
  };
  feed(Direction::to_server, wire::kSyn, "");
  feed(Direction::to_client, wire::kSyn | wire::kAck, "");
  feed(Direction::to_server, wire::kAck, "");
  for (const StreamPiece& piece : pieces) {
    seq[static_cast<size_t>(piece.direction)] += piece.lost;
    if (!piece.octets.empty()) feed(piece.direction, wire::kAck | wire::kPsh, piece.octets);
    if (piece.lost > 0) {
      // The peer acknowledges what the capture has missed; then patience runs out.
      feed(opposite(piece.direction), wire::kAck, "");
      now += 2 * kNanosPerSecond;
      table.expire({now});
    }
  }
  feed(Direction::to_client, wire::kAck | wire::kFin, "");
  feed(Direction::to_server, wire::kAck | wire::kFin, "");
  table.drain({now});
  return recorder.log;
}

}  // namespace exwire::test
