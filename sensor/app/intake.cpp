// SPDX-License-Identifier: BSD-3-Clause
#include "sensor/app/intake.hpp"

namespace exwire::app {

void Intake::learn(const capture::Batch& batch) {
  for (uint32_t index = 0; index < batch.count; ++index) {
    const capture::Frame& frame = batch.frames[index];
    decoder_.learn(head_of(frame, frame.time), frame.octets);
  }
}

void Intake::release(const capture::Batch& batch) {
  count_ = 0;
  decoder_.release();
  if (batch.tick) clock_.advance(*batch.tick);
}

void Intake::restart() noexcept {
  stamps_.restart();
  clock_ = {};
}

// These packets belong to no flow: a receiving host would not take them, or not as they are.
void Intake::tell_notices(Outlet& outlet) {
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
    outlet.event(event);
    ++notices_told_;
  }
  decoder_.clear_notices();
}

void Intake::add_to(report::StatsBody& stats) const {
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
  stats.anomalies += notices_told_;
  stats.anomalies_suppressed += decoder_.notices().suppressed();
  stats.clock_backwards += stamps_.backward_steps();
  stats.clock_jumps += stamps_.odd_jumps();
}

}  // namespace exwire::app
