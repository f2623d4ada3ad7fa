// SPDX-License-Identifier: BSD-3-Clause
// The spine. Read handle() first: a packet's whole way is in it.
#include "sensor/app/worker.hpp"

#include <algorithm>

namespace exwire::app {

using detect::FlowContext;
using detect::FlowDetector;

Worker::Worker(const Config& config, const inspect::DissectorHost& dissectors,
               std::shared_ptr<detect::CommonMemory> common, const Seat& seat)
    : dissectors_(dissectors),
      site_(config.site),
      outlet_(seat.outlet),
      budget_(seat.budget),
      turns_(seat.turns),
      number_(seat.number),
      flows_(config.flow, config.watch, budget_, *this),
      inspector_(config.inspect, dissectors, flows_, budget_, *this),
      points_(budget_, config.flow.most_flows),
      detectors_(detect::make_flow_detectors(config.site, std::move(common))) {}

void Worker::run(std::span<const Arrival> arrivals) {
  constexpr size_t kAhead = 6;  // packets handled while memory answers
  for (const Arrival& one : arrivals.first(std::min(arrivals.size(), kAhead))) {
    flows_.prefetch_found(*one.packet);
  }
  for (size_t index = 0; index < arrivals.size(); ++index) {
    if (index + kAhead < arrivals.size()) flows_.prefetch_found(*arrivals[index + kAhead].packet);
    handle(arrivals[index]);
  }
}

void Worker::handle(const Arrival& arrival) {
  const wire::Packet& packet = *arrival.packet;
  turns_.reach(number_, arrival.place);
  moment_ = packet.time;
  packet_ = packet.number;
  const flow::Tracked tracked = flows_.track(packet);  // flow/
  if (tracked.flow == nullptr) return;                 // half-open, stray or table full: counted
  flow::Flow& flow = *tracked.flow;
  outlet_.packet_seen(arrival.point, packet.payload_octets);
  points_.place(tracked.handle, arrival.point);
  if (FlowPoints::is_judged_now(flow)) outlet_.seen(points_.judged(tracked.handle, flow));
  detect(detect::kWantsSegments, flow, tracked.handle,
         [&](FlowDetector& one, const FlowContext& what) {
           one.segment(what, tracked, packet, *this);  // detect/
         });
  inspector_.inspect(tracked, packet);  // inspect/; detect/ and report/ from there
  tell_lost(tracked.handle);
  if (!payloads_wanted()) return;
  detect(detect::kWantsPayload, flow, tracked.handle,
         [&](FlowDetector& one, const FlowContext& what) {
           one.payload(what, tracked, packet, application_of(flow), *this);
         });
}

void Worker::expire(Timestamp now) {
  packet_ = 0;
  moment_ = now;
  flows_.expire(now);  // timers leave by the same doors
}

void Worker::fire(std::span<const Due> due, Timestamp now) {
  packet_ = 0;
  moment_ = now;
  for (const Due& one : due) {
    turns_.reach(number_, one.place);
    flows_.fire(one.handle, now);
  }
}

void Worker::end(std::span<const Due> due, Timestamp now) {
  packet_ = 0;
  moment_ = now;
  for (const Due& one : due) {
    turns_.reach(number_, one.place);
    flows_.leave(one.handle, flow::EndReason::shutdown, now);
  }
}

void Worker::sweep(Timestamp now) {
  packet_ = 0;
  moment_ = now;
  flows_.sweep(now);
}

void Worker::tick(Timestamp now) {
  detectors_.each(detect::kWantsTicks, [&](FlowDetector& one) { one.tick(now, *this); });
}

void Worker::drain(Timestamp now) {
  packet_ = 0;
  moment_ = now;
  flows_.drain(now);
}

void Worker::drain_half_open(Timestamp now) {
  packet_ = 0;
  moment_ = now;
  flows_.drain_half_open(now);
}

void Worker::tell_lost(uint32_t handle) {
  const uint64_t gap_octets = inspector_.counters().reassembly.gap_octets;
  if (points_.has_lost(gap_octets)) outlet_.seen(points_.lost(handle, gap_octets));
}

void Worker::restart(std::shared_ptr<detect::CommonMemory> common) {
  flows_.restart();
  detectors_.each([&](const FlowDetector& one) { alerts_beyond_ += one.overflow(); });
  detectors_ = detect::DetectorSet(detect::make_flow_detectors(site_, std::move(common)));
}

void Worker::flow_ended(uint32_t handle, flow::Flow& flow, flow::EndReason why, Timestamp when) {
  inspector_.close(handle, flow, when);
  tell_lost(handle);
  outlet_.seen(points_.ended(handle, flow));
  packet_ = 0;
  detect(detect::kWantsEnds, flow, handle,
         [&](FlowDetector& one, const FlowContext& what) { one.flow_ended(what, why, *this); });
  one_sided_ += flow.one_sided();
  report::FlowBody body{why};
  describe(flow, body);
  report::Event event = event_of(flow, when);
  event.packet = 0;
  event.body = body;
  outlet_.event(event);
}

void Worker::still_silent(const FlowContext& context) {
  report::FlowBody body{flow::EndReason::timeout, true};
  describe(flows_[context.handle], body);
  report::Event event = event_of(context.flow, context.now);
  event.packet = 0;
  event.body = body;
  outlet_.event(event);
}

void Worker::describe(flow::Flow& flow, report::FlowBody& body) {
  detect(detect::kWantsEnds, flow, [&](const FlowDetector& one, const FlowContext& what) {
    one.describe(what, body.numbers);
  });
}

void Worker::half_open_ended(const flow::Flow& flow, flow::EndReason why, Timestamp when) {
  ++half_open_told_;
  report::Event event = event_of(flow, when);
  event.packet = 0;
  event.body = report::FlowBody{why, false, true};
  outlet_.event(event);
  detectors_.each(detect::kWantsEnds,
                  [&](FlowDetector& one) { one.half_open_ended(flow, why, when, *this); });
}

void Worker::half_open_changed(const flow::HalfOpen& entry, flow::HalfOpenStage before,
                               flow::HalfOpenStage after, Timestamp began) {
  detectors_.each(detect::kWantsHalfOpen, [&](FlowDetector& one) {
    one.half_open_changed(entry, before, after, began, moment_, *this);
  });
}

void Worker::flow_timer(uint32_t handle, flow::Flow& flow, Timestamp now) {
  inspector_.timer(handle, flow, now);
  tell_lost(handle);
  detect(detect::kWantsTimers, flow, handle,
         [&](FlowDetector& one, const FlowContext& what) { one.flow_timer(what, *this); });
}

void Worker::odd_segment(uint32_t handle, flow::Flow& flow, Direction direction,
                         flow::Oddity oddity) {
  inspector_.odd_segment(handle, flow, direction, oddity);
}

void Worker::request_head(flow::Flow& flow, inspect::HttpTransaction& transaction) {
  detect(detect::kWantsRequests, flow, [&](FlowDetector& one, const FlowContext& what) {
    one.request_head(what, transaction, *this);
  });
}

void Worker::request_over(flow::Flow& flow, inspect::HttpTransaction& transaction) {
  detect(detect::kWantsRequestEnds, flow, [&](FlowDetector& one, const FlowContext& what) {
    one.request_over(what, transaction, *this);
  });
}

void Worker::http_body(flow::Flow& flow, inspect::HttpTransaction& transaction,
                       Direction direction) {
  detect(detect::kWantsBodies, flow, [&](FlowDetector& one, const FlowContext& what) {
    one.http_body(what, transaction, direction, *this);
  });
}

void Worker::response_head(flow::Flow& flow, inspect::HttpTransaction& transaction) {
  detect(detect::kWantsResponses, flow, [&](FlowDetector& one, const FlowContext& what) {
    one.response_head(what, transaction, *this);
  });
}

void Worker::transaction_over(flow::Flow& flow, inspect::HttpTransaction& transaction) {
  detect(detect::kWantsTransactions, flow, [&](FlowDetector& one, const FlowContext& what) {
    one.transaction_over(what, transaction, *this);
  });
  report::Event event = event_of(flow, moment_);
  event.body = report::HttpBody{&transaction};
  outlet_.event(event);
}

void Worker::anomaly(flow::Flow& flow, const inspect::Anomaly& anomaly) {
  detect(detect::kWantsPayload, flow,
         [&](FlowDetector& one, const FlowContext& what) { one.anomaly(what, anomaly, *this); });
  report::Event event = event_of(flow, moment_);
  event.body =
      report::AnomalyBody{anomaly.type, anomaly.event, anomaly.protocol, anomaly.direction};
  outlet_.event(event);
}

void Worker::tls_handshake(flow::Flow& flow, inspect::TlsHandshake& handshake) {
  detect(detect::kWantsTls, flow, [&](FlowDetector& one, const FlowContext& what) {
    one.tls_handshake(what, handshake, *this);
  });
  report::Event event = event_of(flow, moment_);
  event.body = report::TlsBody{&handshake};
  outlet_.event(event);
}

void Worker::tls_record(flow::Flow& flow, const inspect::TlsRecord& record) {
  detect(detect::kWantsRecords, flow,
         [&](FlowDetector& one, const FlowContext& what) { one.tls_record(what, record, *this); });
}

void Worker::found(const FlowContext& context, const detect::Finding& finding) {
  uint16_t point = Outlet::kPointBeingRead;
  if (context.handle != 0) {
    flows_[context.handle].mark(flow::kAlerted);
    point = points_.of(context.handle);
  }
  outlet_.finding(context.flow, finding, point);
}

void Worker::observe(const detect::Observation& observation) {
  outlet_.observation(observation);
}

void Worker::wake_at(const FlowContext& context, Timestamp at) {
  flows_.wake_at(context.handle, at);
}

void Worker::take_turn() noexcept {
  outlet_.take_turn();
}

void Worker::leave(const detect::Deed& deed) {
  outlet_.deed(deed);
}

std::string_view Worker::application_of(const flow::Flow& flow) const noexcept {
  if (flow.dissector == flow::Flow::kNoDissector) return {};
  return dissectors_.application_name(flow.dissector);
}

report::Event Worker::event_of(const flow::Flow& flow, Timestamp when) const noexcept {
  report::Event event;
  event.time = when;
  event.flow = &flow;
  event.packet = packet_;
  event.application = application_of(flow);
  event.label = inspector_.label_name(flow.label);
  return event;
}

void Worker::add_to(report::StatsBody& stats) const {
  const flow::FlowCounters& flows = flows_.counters();
  stats.flows += flows.opened;
  stats.flows_active += flows_.size();
  stats.flows_refused += flows.refused;
  stats.midstream_shed += flows.midstream_shed;
  stats.midstream += flows.midstream;
  stats.one_sided += one_sided_;
  stats.syn += flows.syn;
  stats.synack += flows.synack;
  stats.rst += flows.rst;
  stats.backscatter += flows.backscatter;
  stats.ignored_without_flow += flows.without_flow;
  stats.half_open += flows_.half_open().in_use();
  stats.half_open_shed += flows_.half_open().shed();
  const inspect::InspectCounters& inspect = inspector_.counters();
  stats.gaps += inspect.reassembly.gaps;
  stats.gap_octets += inspect.reassembly.gap_octets;
  stats.overlaps += inspect.reassembly.overlaps;
  stats.overlap_conflicts += inspect.reassembly.conflicts;
  stats.out_of_order += inspect.reassembly.out_of_order;
  stats.sessions_shed += inspect.sessions_shed;
  stats.bodies_shed += inspect.bodies_shed;
  for (size_t index = 0; index < dissectors_.size(); ++index) {
    const std::string_view name = dissectors_.application_name(static_cast<uint8_t>(index));
    if (name == "http") stats.http_flows += inspect.identified[index];
    if (name == "tls") stats.tls_flows += inspect.identified[index];
  }
  stats.tls_handshakes += inspect.handshakes;
  stats.http_transactions += inspect.transactions;
  stats.anomalies += inspect.anomalies;
  stats.anomalies_suppressed += inspect.anomalies_suppressed;
  stats.alerts_beyond += alerts_beyond_;
  detectors_.each([&](const FlowDetector& one) { stats.alerts_beyond += one.overflow(); });
  stats.memory_in_use += budget_.used() - inspector_.spare_octets();
}

}  // namespace exwire::app
