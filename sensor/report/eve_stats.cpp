// SPDX-License-Identifier: BSD-3-Clause
// Counters in the closed `stats` object of the schema. What has no place there (half-open table,
// sheddings, one-sided flows) is given with `extended: yes` in the top-level `exchange` object.
#include <algorithm>
#include <cmath>

#include "sensor/report/eve.hpp"

namespace exwire::report {

void EveEncoder::stats(const StatsBody& body) {
  const auto count = [&](std::string_view key, uint64_t value) {
    json_.unsigned_number(key, value);
  };
  json_.object("stats");
  json_.number("uptime", body.uptime_s);
  json_.object("capture");
  count("kernel_packets", body.kernel_packets);
  count("kernel_drops", body.kernel_drops);
  count("kernel_ifdrops", body.interface_drops);
  json_.close().object("decoder");
  count("pkts", body.packets);
  count("bytes", body.octets);
  count("invalid", body.invalid + body.cut);
  count("ipv4", body.ipv4);
  count("ipv6", body.ipv6);
  count("tcp", body.tcp);
  count("udp", body.udp);
  count("vlan", body.vlan);
  count("vlan_qinq", body.qinq);
  count("unknown_ethertype", body.not_ip);
  json_.close().object("flow");
  count("total", body.flows);
  count("active", body.flows_active);
  count("tcp", body.flows);
  count("memuse", body.memory_in_use);
  json_.close().object("tcp");
  count("sessions", body.flows);
  count("active_sessions", body.flows_active);
  count("ssn_memcap_drop", body.flows_refused);
  count("midstream_pickups", body.midstream);
  count("no_flow", body.ignored_without_flow);
  count("syn", body.syn);
  count("synack", body.synack);
  count("rst", body.rst);
  count("invalid_checksum", body.bad_checksums);
  count("reassembly_gap", body.gaps);
  count("overlap", body.overlaps);
  count("overlap_diff_data", body.overlap_conflicts);
  json_.close().object("detect");
  count("alert", body.alerts);
  count("alert_queue_overflow", body.alerts_beyond);
  count("alerts_suppressed", body.findings_suppressed);
  json_.close().object("app_layer").object("flow");
  count("http", body.http_flows);
  count("tls", body.tls_flows);
  json_.close().object("tx");
  count("http", body.http_transactions);
  count("tls", body.tls_handshakes);
  json_.close().close().close();
  if (!settings_.extended) return;
  json_.object("exchange");
  count("half_open", body.half_open);
  count("half_open_shed", body.half_open_shed);
  count("backscatter", body.backscatter);
  count("midstream_shed", body.midstream_shed);
  count("stall_sources_shed", body.stall_sources_shed);
  count("stall_populations_refused", body.stall_populations_refused);
  count("one_sided", body.one_sided);
  count("sessions_shed", body.sessions_shed);
  count("bodies_shed", body.bodies_shed);
  count("gap_octets", body.gap_octets);
  count("out_of_order", body.out_of_order);
  count("fragments", body.fragments);
  count("datagrams_joined", body.datagrams_joined);
  count("fragment_overlaps", body.fragment_overlaps);
  count("fragments_dropped", body.fragments_dropped);
  count("tunnels", body.tunnels);
  count("accepted_checksums", body.accepted_checksums);
  count("duplicates", body.duplicates);
  count("vlans_apart", body.vlans_apart);
  count("unknown_link", body.unknown_link);
  count("cut_packets", body.cut);
  count("loopback_copies", body.loopback_copies);
  count("filtered", body.filtered);
  count("cut_by_snaplen", body.cut_by_snaplen);
  count("odd_times", body.odd_times);
  count("odd_lengths", body.odd_lengths);
  count("bad_records", body.bad_records);
  count("refused_by_filter", body.refused_by_filter);
  count("skipped_files", body.skipped_files);
  count("clock_backwards", body.clock_backwards);
  count("clock_jumps", body.clock_jumps);
  count("anomalies", body.anomalies);
  count("anomalies_suppressed", body.anomalies_suppressed);
  count("events_lost", body.events_lost);
  known_servers(body.servers);
  idle_paths(body);
  json_.close();
}

// As many as fit into a line.
void EveEncoder::known_servers(std::span<const detect::KnownServer> servers) {
  constexpr size_t kMostShown = 32;
  json_.array("servers");
  for (const detect::KnownServer& server : servers.first(std::min(servers.size(), kMostShown))) {
    const auto text = [&](std::string_view key, std::string_view value) {
      if (!value.empty()) json_.text(key, value);
    };
    json_.object();
    text("address", wire::to_text(server.address, server.ip_version));
    json_.number("port", server.port);
    text("product", detect::product_of(server.software));
    text("build", detect::build_of(server.software));
    text("web_server", detect::web_server_of(server.software));
    text("role", detect::role_of(server));
    json_.close();
  }
  json_.close();
}

void EveEncoder::idle_paths(const StatsBody& body) {
  constexpr size_t kMostShown = 20;  // a line has an end
  if (body.paths.empty()) return;
  json_.array("idle_paths");
  for (const detect::PathReport& path : body.paths.first(std::min(body.paths.size(), kMostShown))) {
    const detect::IdleEstimate& estimate = path.estimate;
    json_.object().text("client_net", path.client_net).text("server", path.server);
    json_.number("port", path.port).text("verdict", to_text(estimate.verdict));
    if (estimate.sufficient()) {
      json_.text("mode", to_text(estimate.mode));
      json_.number("estimate_s", std::lround(estimate.estimate_s));
    }
    json_.unsigned_number("drops", estimate.drops).unsigned_number("gaps", estimate.gaps);
    json_.number("survived_max_s", std::lround(estimate.survived_most_s));
    json_.unsigned_number("unusable", path.unusable);
    json_.number("capture_loss_permille", std::lround(estimate.capture_loss * 1000));
    json_.unsigned_number("lost_phones", path.lost_phones).close();
  }
  json_.close();
}

}  // namespace exwire::report
