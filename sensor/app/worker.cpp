// SPDX-License-Identifier: BSD-3-Clause
// The spine. Read run() first: a packet's whole way is in it.
#include "sensor/app/worker.hpp"

#include <algorithm>

namespace exwire::app {

using detect::FlowContext;
using detect::FlowDetector;

namespace {

wire::FrameHead head_of(const capture::Frame& frame, Timestamp time) noexcept {
  return {time, frame.number, frame.wire_octets, frame.link_type};
}

}  // namespace

Worker::Worker(const Config& config, const inspect::DissectorHost& dissectors, HashKey secret,
               Outlet& outlet)
    : dissectors_(dissectors),
      site_(config.site),
      outlet_(outlet),
      budget_(config.memory_limit),
      decoder_(secret, config.decode, budget_),
      flows_(config.flow, config.watch, budget_, *this),
      inspector_(config.inspect, dissectors, flows_, budget_, *this),
      points_(budget_, config.flow.most_flows),
      detectors_(detect::make_flow_detectors(config.site)) {}

void Worker::run(const capture::Batch& batch) {
  std::array<wire::Packet, capture::Batch::kCapacity> packets;
  std::array<uint16_t, capture::Batch::kCapacity> interfaces;
  uint32_t count = 0;
  for (uint32_t index = 0; index < batch.count; ++index) {
    const capture::Frame& frame = batch.frames[index];
    const bool last = index + 1 == batch.count;
    const Timestamp time =
        stamps_.believe(frame.time, last ? nullptr : &batch.frames[index + 1].time);
    clock_.advance(time);
    const wire::DecodeStatus status =
        decoder_.decode(head_of(frame, time), frame.octets, packets[count]);
    if (status == wire::DecodeStatus::duplicate) points_.duplicate(frame.interface);
    if (status == wire::DecodeStatus::tcp) {
      interfaces[count] = frame.interface;
      flows_.prefetch(packets[count++]);
    }
  }
  tell_notices();
  constexpr uint32_t kAhead = 6;  // packets handled while memory answers
  for (uint32_t index = 0; index < std::min(count, kAhead); ++index) {
    flows_.prefetch_found(packets[index]);
  }
  for (uint32_t index = 0; index < count; ++index) {
    if (index + kAhead < count) flows_.prefetch_found(packets[index + kAhead]);
    const wire::Packet& packet = packets[index];
    moment_ = packet.time;
    packet_ = packet.number;
    const flow::Tracked tracked = flows_.track(packet);  // flow/
    if (tracked.flow == nullptr) continue;               // half-open, stray or table full: counted
    points_.packet(interfaces[index], tracked.handle, *tracked.flow, packet.payload_octets);
    detect(detect::kWantsSegments, *tracked.flow, [&](FlowDetector& one, const FlowContext& what) {
      one.segment(what, tracked, packet, *this);  // detect/
    });
    inspector_.inspect(tracked, packet);  // inspect/; detect/ and report/ from there
    points_.lost(tracked.handle, inspector_.counters().reassembly.gap_octets);
    detect(detect::kWantsPayload, *tracked.flow, [&](FlowDetector& one, const FlowContext& what) {
      one.payload(what, tracked, packet, application_of(*tracked.flow), *this);
    });
  }
  decoder_.release();
  if (batch.tick) clock_.advance(*batch.tick);
  packet_ = 0;
  moment_ = clock_.now();
  flows_.expire(clock_.now());  // timers leave by the same doors
  detectors_.each(detect::kWantsTicks, [&](FlowDetector& one) { one.tick(clock_.now(), *this); });
}

// These packets belong to no flow: a receiving host would not take them, or not as they are.
void Worker::tell_notices() {
  static constexpr const char* kEvents[] = {
      "ipv4.invalid_checksum",          "tcpv4.invalid_checksum",  "exwire.fragment_overlap",
      "exwire.fragment_beyond_the_end", "exwire.tcp_in_fragments", "exwire.tcp_header_impossible",
      "exwire.tcp_flags_impossible"};
  for (const wire::Notice& notice : decoder_.notices().waiting()) {
    flow::Flow flow;
    flow.key = notice.key;
    flow.start_ns = notice.time.ns;
    if (notice.from_lo) flow.mark(flow::kClientIsLo);
    report::Event event;
    event.time = notice.time;
    event.flow = &flow;
    event.packet = notice.number;
    const bool tcp6 = notice.kind == wire::NoticeKind::bad_checksum && notice.key.ip_version == 6;
    const char* name = tcp6 ? "tcpv6.invalid_checksum" : kEvents[static_cast<size_t>(notice.kind)];
    event.body = report::AnomalyBody{"decode", name, nullptr, Direction::to_server};
    outlet_.event(event);
    ++notices_told_;
  }
}

template <class Tell>
void Worker::detect(detect::Interest interest, flow::Flow& flow, Tell&& tell) {
  if (!detectors_.wanted(interest)) return;
  detectors_.each(interest, flow, flows_.handle_of(flow), moment_, packet_, tell);
}

void Worker::learn(const capture::Batch& batch) {
  for (uint32_t index = 0; index < batch.count; ++index) {
    const capture::Frame& frame = batch.frames[index];
    decoder_.learn(head_of(frame, frame.time), frame.octets);
  }
}

void Worker::drain() {
  packet_ = 0;
  moment_ = clock_.now();
  flows_.drain(clock_.now());
}

void Worker::restart() {
  packet_ = 0;
  moment_ = clock_.now();
  flows_.restart(clock_.now());
  stamps_.restart();
  clock_ = {};
  detectors_.each([&](const FlowDetector& one) { alerts_beyond_ += one.overflow(); });
  detectors_ = detect::DetectorSet(detect::make_flow_detectors(site_));
}

void Worker::flow_ended(uint32_t handle, flow::Flow& flow, flow::EndReason why, Timestamp when) {
  inspector_.close(handle, flow, when);
  points_.lost(handle, inspector_.counters().reassembly.gap_octets);
  points_.ended(handle, flow);
  packet_ = 0;
  detect(detect::kWantsEnds, flow,
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
  points_.lost(handle, inspector_.counters().reassembly.gap_octets);
  detect(detect::kWantsTimers, flow,
         [&](FlowDetector& one, const FlowContext& what) { one.flow_timer(what, *this); });
}

void Worker::odd_segment(uint32_t handle, flow::Flow& flow, Direction direction,
                         flow::Oddity oddity) {
  inspector_.odd_segment(handle, flow, direction, oddity);
}

void Worker::request_head(flow::Flow& flow, inspect::HttpTransaction& transaction) {
  detect(detect::kWantsHttp, flow, [&](FlowDetector& one, const FlowContext& what) {
    one.request_head(what, transaction, *this);
  });
}

void Worker::request_over(flow::Flow& flow, inspect::HttpTransaction& transaction) {
  detect(detect::kWantsHttp, flow, [&](FlowDetector& one, const FlowContext& what) {
    one.request_over(what, transaction, *this);
  });
}

void Worker::http_body(flow::Flow& flow, inspect::HttpTransaction& transaction,
                       Direction direction) {
  detect(detect::kWantsHttp, flow, [&](FlowDetector& one, const FlowContext& what) {
    one.http_body(what, transaction, direction, *this);
  });
}

void Worker::response_head(flow::Flow& flow, inspect::HttpTransaction& transaction) {
  detect(detect::kWantsHttp, flow, [&](FlowDetector& one, const FlowContext& what) {
    one.response_head(what, transaction, *this);
  });
}

void Worker::transaction_over(flow::Flow& flow, inspect::HttpTransaction& transaction) {
  detect(detect::kWantsHttp, flow, [&](FlowDetector& one, const FlowContext& what) {
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
  if (context.handle != 0) flows_[context.handle].mark(flow::kAlerted);
  outlet_.finding(context.flow, finding);
}

void Worker::observe(const detect::Observation& observation) {
  outlet_.observation(observation);
}

void Worker::wake_at(const FlowContext& context, Timestamp at) {
  flows_.wake_at(context.handle, at);
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
  const wire::DecodeCounters& wire = decoder_.counters();
  stats.packets += wire.packets;
  stats.octets += wire.octets;
  stats.ipv4 += wire.ipv4;
  stats.ipv6 += wire.ipv6;
  stats.tcp += wire.tcp;
  stats.udp += wire.udp;
  stats.vlan += wire.vlan;
  stats.qinq += wire.qinq;
  stats.invalid += wire.invalid;
  stats.cut += wire.cut;
  stats.fragments += wire.fragments;
  stats.unknown_link += wire.unknown_link;
  stats.tunnels += wire.tunnels;
  stats.bad_checksums += wire.bad_checksums;
  stats.accepted_checksums += wire.accepted_checksums;
  stats.duplicates += wire.duplicates;
  stats.vlans_apart += decoder_.vlans().apart();
  const wire::FragmentCounters& fragments = decoder_.fragment_counters();
  stats.datagrams_joined += fragments.joined;
  stats.fragment_overlaps += fragments.overlaps;
  stats.fragments_dropped +=
      fragments.oversize + fragments.expired + fragments.shed + fragments.cut;
  stats.not_ip += wire.not_ip;
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
  stats.anomalies += inspect.anomalies + notices_told_;
  stats.anomalies_suppressed += inspect.anomalies_suppressed + decoder_.notices().suppressed();
  stats.clock_backwards += stamps_.backward_steps();
  stats.clock_jumps += stamps_.odd_jumps();
  stats.alerts_beyond += alerts_beyond_;
  detectors_.each([&](const FlowDetector& one) { stats.alerts_beyond += one.overflow(); });
  stats.memory_in_use += budget_.used() - inspector_.spare_octets();
}

}  // namespace exwire::app
