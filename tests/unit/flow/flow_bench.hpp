// SPDX-License-Identifier: BSD-3-Clause
// A flow table that nobody inspects, and what it has told: for the tests of flows.
#pragma once

#include <optional>
#include <vector>

#include "sensor/flow/flow_table.hpp"
#include "tests/support/packet_builder.hpp"

namespace exwire::flow_bench {

struct Ended {
  flow::Flow flow;
  flow::EndReason why;
  Timestamp when;
  bool half_open;
};

class Recorder final : public flow::FlowListener {
 public:
  void flow_ended(uint32_t, flow::Flow& flow, flow::EndReason why, Timestamp when) override {
    ended.push_back({flow, why, when, false});
  }
  void half_open_ended(const flow::Flow& flow, flow::EndReason why, Timestamp when) override {
    ended.push_back({flow, why, when, true});
  }
  void half_open_changed(const flow::HalfOpen&, flow::HalfOpenStage, flow::HalfOpenStage after,
                         Timestamp) override {
    if (after == flow::HalfOpenStage::hammered) {
      ++hammered;
    } else {
      stage = after;
    }
  }
  void flow_timer(uint32_t, flow::Flow&, Timestamp) override { ++timers; }
  flow::HalfOpenStage stage = flow::HalfOpenStage::none;  // told last
  int hammered = 0;
  std::vector<Ended> ended;
  int timers = 0;
};

struct Bench {
  explicit Bench(uint32_t most = 4096) {
    watch.tls_ports.set(443);
    watch.plaintext_ports.set(80);
    settings.most_flows = most;
    settings.half_open_entries = 1024;
    table.emplace(settings, watch, budget, recorder);
  }
  flow::Tracked feed(const wire::Packet& packet) {
    const flow::Tracked tracked = table->track(packet);
    if (tracked.flow != nullptr && packet.payload_octets > 0) {  // as an uninspected flow would
      flow::DirectionState& side = tracked.flow->of(tracked.direction);
      const int64_t ahead =
          tracked.offset + packet.payload_octets - static_cast<int64_t>(side.stream_octets);
      if (ahead > 0) side.advance(static_cast<uint64_t>(ahead));
    }
    if (tracked.flow != nullptr && (packet.tcp_flags & wire::kFin)) {
      table->fin_reached(tracked.handle, tracked.direction);
    }
    table->expire(packet.time);
    return tracked;
  }
  void feed(const test::Talk& talk) {
    for (const auto& packet : test::decode_all(talk.frames)) feed(packet);
  }
  Budget budget{size_t{1} << 30};
  flow::Watch watch;
  flow::FlowSettings settings;
  Recorder recorder;
  std::optional<flow::FlowTable> table;
};

}  // namespace exwire::flow_bench
