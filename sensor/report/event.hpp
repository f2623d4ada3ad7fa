// SPDX-License-Identifier: BSD-3-Clause
// What happened, in a form every encoder can write: the body is one of the EVE kinds, everything
// else is common. An event is a view: it lives as long as the call that reports it.
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <string_view>
#include <variant>

#include "sensor/base/time.hpp"
#include "sensor/detect/detector.hpp"
#include "sensor/detect/finding.hpp"
#include "sensor/detect/path_report.hpp"
#include "sensor/detect/server_software.hpp"
#include "sensor/flow/flow.hpp"
#include "sensor/inspect/http_transaction.hpp"
#include "sensor/inspect/tls_facts.hpp"

namespace exwire::report {

/// What a capture point has shown of itself so far.
struct CaptureQuality {
  uint64_t packets = 0, duplicates = 0;  ///< of connections; second copies, left out
  uint64_t octets = 0, lost_octets = 0;  ///< of TCP payload; lost: missed in streams that are read
  uint64_t connections = 0, one_sided = 0;
};

struct AlertBody {
  const detect::Finding* finding;
};

struct HttpBody {
  const inspect::HttpTransaction* transaction;
};

struct TlsBody {
  const inspect::TlsHandshake* handshake;
};

struct FlowBody {
  flow::EndReason reason;
  bool interim = false;    ///< still alive: reported by timer
  bool half_open = false;  ///< never got beyond the handshake
  detect::FlowNumbers numbers{};
};

/// `layer`: EVE's anomaly.type: decode, stream or applayer.
struct AnomalyBody {
  const char* type;
  const char* event;
  const char* protocol;  ///< dissector's name for applayer, else null
  Direction direction;
};

/// Counters as they stand; all since start.
struct StatsBody {
  int64_t uptime_s = 0;
  // capture
  uint64_t kernel_packets = 0, kernel_drops = 0, interface_drops = 0, loopback_copies = 0;
  uint64_t filtered = 0, cut_by_snaplen = 0, odd_times = 0, odd_lengths = 0;
  uint64_t bad_records = 0, refused_by_filter = 0, skipped_files = 0;
  // decoder
  uint64_t packets = 0, octets = 0, ipv4 = 0, ipv6 = 0, tcp = 0, udp = 0, vlan = 0, qinq = 0;
  uint64_t invalid = 0, cut = 0, fragments = 0, unknown_link = 0, not_ip = 0;
  uint64_t tunnels = 0, bad_checksums = 0, accepted_checksums = 0, duplicates = 0;
  uint64_t vlans_apart = 0;
  uint64_t datagrams_joined = 0, fragment_overlaps = 0, fragments_dropped = 0;
  // flow and tcp
  uint64_t flows = 0, flows_active = 0, half_open = 0, half_open_shed = 0, flows_refused = 0,
           midstream_shed = 0;
  uint64_t midstream = 0, one_sided = 0, syn = 0, synack = 0, rst = 0, backscatter = 0;
  uint64_t gaps = 0, gap_octets = 0, overlaps = 0, overlap_conflicts = 0, out_of_order = 0;
  uint64_t ignored_without_flow = 0, sessions_shed = 0, bodies_shed = 0, clock_backwards = 0,
           clock_jumps = 0;
  uint64_t memory_in_use = 0, stall_sources_shed = 0, stall_populations_refused = 0;
  // app layer and detection
  uint64_t http_flows = 0, http_transactions = 0, tls_flows = 0, tls_handshakes = 0;
  uint64_t alerts = 0, findings_suppressed = 0, alerts_beyond = 0;
  uint64_t anomalies = 0, anomalies_suppressed = 0, events_lost = 0;
  std::span<const detect::KnownServer> servers{};
  // what is known of idle timeouts, most telling first
  std::span<const detect::PathReport> paths{};
};

/// `flow` may be null for stats and decode anomalies.
struct Event {
  Timestamp time;
  const flow::Flow* flow = nullptr;
  uint64_t packet = 0;                      ///< pcap_cnt, 0: none
  std::string_view application;             ///< name of the dissector on the flow; empty: not known
  std::string_view label;                   ///< nDPI's name of the protocol; empty: none
  const CaptureQuality* quality = nullptr;  ///< of where the connection was seen
  /// Counters by their address: all together they are larger than any event.
  std::variant<AlertBody, HttpBody, FlowBody, AnomalyBody, const StatsBody*, TlsBody> body;
};

}  // namespace exwire::report
