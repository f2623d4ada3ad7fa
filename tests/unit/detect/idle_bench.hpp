// SPDX-License-Identifier: BSD-3-Clause
// A bench for the measurement of idle timeouts: a flow table, the flow half and the fleet half of
// it, and phones whose conversations are written as they go; times are packet times.
#pragma once

#include <algorithm>
#include <catch2/catch.hpp>
#include <map>
#include <optional>

#include "sensor/detect/common_memory.hpp"
#include "sensor/detect/detector_set.hpp"
#include "sensor/detect/fleet_detector.hpp"
#include "sensor/detect/idle_gap.hpp"
#include "tests/support/packet_builder.hpp"

namespace exwire::detect {
std::unique_ptr<FlowDetector> make_idle_timeout(const Site& site, std::shared_ptr<PushShape> push);
std::unique_ptr<FleetDetector> make_idle_paths(const Site& site);
}  // namespace exwire::detect

namespace exwire::test::idle {

using detect::FlowContext;
using detect::FlowDetector;
using detect::IdleGapKind;
using detect::Phase;
using test::Talk;

struct Told {
  Phase phase;
  std::map<std::string, std::string> facts;
  int64_t number(const char* name) const { return std::stoll(facts.at(name)); }
};

inline const detect::Site kSite;

inline std::vector<std::unique_ptr<FlowDetector>> only_idle_timeout() {
  std::vector<std::unique_ptr<FlowDetector>> all;
  all.push_back(detect::make_idle_timeout(kSite, std::make_shared<detect::PushShape>(kSite.push)));
  return all;
}

class Bench final : public flow::FlowListener, detect::FindingSink, detect::FleetSink {
 public:
  Bench() {
    watch_.tls_ports.set(443);
    flow::FlowSettings settings;
    settings.most_flows = 4096;
    settings.half_open_entries = 4096;
    table_.emplace(settings, watch_, budget_, *this);
  }
  void add(const Talk& talk) {
    frames_.insert(frames_.end(), talk.frames.begin(), talk.frames.end());
  }
  Bench& run() {
    std::stable_sort(frames_.begin(), frames_.end(),
                     [](const auto& a, const auto& b) { return a.time < b.time; });
    for (const wire::Packet& packet : test::decode_all(frames_)) feed(packet);
    table_->drain(now_);
    fleet_->drain(now_, *this);
    return *this;
  }
  int count(IdleGapKind kind) const {
    return static_cast<int>(std::count_if(seen.begin(), seen.end(), [&](const auto& one) {
      return one.kind == static_cast<uint16_t>(kind);
    }));
  }
  detect::IdleGap gap(IdleGapKind kind) const {
    for (const auto& one : seen) {
      if (one.kind == static_cast<uint16_t>(kind)) return one.template get<detect::IdleGap>();
    }
    return {};
  }
  /// Observations of gaps.
  int gaps() const {
    return static_cast<int>(seen.size()) - count(IdleGapKind::opened) -
           count(IdleGapKind::captured);
  }
  /// What is said of the only path.
  detect::PathReport path() const {
    std::vector<detect::PathReport> paths;
    fleet_->report(paths);
    REQUIRE(paths.size() == 1);
    return paths[0];
  }

  std::vector<detect::Observation> seen;
  std::vector<Told> told;
  std::vector<detect::FlowNumbers> numbers;  ///< of each flow at its end
  std::vector<Timestamp> silent;             ///< interim records

 private:
  void feed(const wire::Packet& packet) {
    now_ = packet.time;
    const flow::Tracked tracked = table_->track(packet);
    if (tracked.flow != nullptr) {
      set_.each(detect::kWantsSegments, *tracked.flow, tracked.handle, now_, packet.number,
                [&](FlowDetector& one, const FlowContext& context) {
                  one.segment(context, tracked, packet, *this);
                });
      if (packet.payload_octets > 0 && !(packet.tcp_flags & wire::kRst)) {
        flow::DirectionState& side = tracked.flow->of(tracked.direction);
        const int64_t ahead =
            tracked.offset + packet.payload_octets - static_cast<int64_t>(side.stream_octets);
        if (ahead > packet.payload_octets) tracked.flow->mark(flow::kGapToServer);
        if (ahead > 0) side.advance(static_cast<uint64_t>(ahead));
      }
      if (packet.tcp_flags & wire::kFin) table_->fin_reached(tracked.handle, tracked.direction);
    }
    table_->expire(now_);
    fleet_->tick(now_, *this);
  }
  void flow_ended(uint32_t handle, flow::Flow& flow, flow::EndReason why, Timestamp when) override {
    set_.each(detect::kWantsEnds, flow, handle, when, 0,
              [&](FlowDetector& one, const FlowContext& context) {
                numbers.emplace_back();
                one.describe(context, numbers.back());
              });
    set_.each(detect::kWantsEnds, flow, handle, when, 0,
              [&](FlowDetector& one, const FlowContext& context) {
                one.flow_ended(context, why, *this);
              });
  }
  void half_open_ended(const flow::Flow&, flow::EndReason, Timestamp) override {}
  void flow_timer(uint32_t handle, flow::Flow& flow, Timestamp now) override {
    set_.each(
        detect::kWantsTimers, flow, handle, now, 0,
        [&](FlowDetector& one, const FlowContext& context) { one.flow_timer(context, *this); });
  }
  void found(const FlowContext&, const detect::Finding&) override {}
  void observe(const detect::Observation& observation) override {
    seen.push_back(observation);
    if (fleet_->listens_to(observation.topic)) fleet_->observe(observation, *this);
  }
  void wake_at(const FlowContext& context, Timestamp at) override {
    table_->wake_at(context.handle, at);
  }
  void still_silent(const FlowContext& context) override { silent.push_back(context.now); }
  void found(const flow::Flow&, const detect::Finding& finding) override {
    Told one{finding.phase, {}};
    for (uint32_t index = 0; index < finding.facts.size(); ++index) {
      const auto fact = finding.facts[index];
      one.facts[fact.name] = fact.is_number ? std::to_string(fact.number) : std::string(fact.text);
    }
    CHECK(finding.severity == 3);
    told.push_back(one);
  }

  Budget budget_{size_t{1} << 30};
  flow::Watch watch_;
  detect::DetectorSet set_{only_idle_timeout()};
  std::unique_ptr<detect::FleetDetector> fleet_ = detect::make_idle_paths(kSite);
  std::optional<flow::FlowTable> table_;
  std::vector<test::TestFrame> frames_;
  Timestamp now_;
};

}  // namespace exwire::test::idle
