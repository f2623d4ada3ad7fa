// SPDX-License-Identifier: BSD-3-Clause
// Events as strict EVE JSON lines: every line validates against Suricata's published schema. What
// is ours stands in the places that schema leaves open: alert.context.exchange, alert.metadata,
// metadata.flowints and ndpi. Texts are given as they are: the caller has redacted them.
#pragma once

#include <array>
#include <string>
#include <string_view>
#include <vector>

#include "sensor/inspect/tls_fingerprints.hpp"
#include "sensor/report/event.hpp"
#include "sensor/report/json_writer.hpp"
#include "sensor/report/timestamp_text.hpp"

namespace exwire::report {

/// What events say of where their packets came from.
enum class SourceKey : uint8_t { none, in_iface, pcap_filename };

struct EveSettings {
  std::string sensor_name;  ///< EVE's `host`; empty: left out
  std::string uid_scope;    ///< what keeps uids of live sensors apart; empty for replay
  uint16_t community_id_seed = 0;
  bool extended = false;  ///< a top-level `exchange` object: leaves the strict schema
  SourceKey source = SourceKey::none;
};

class EveEncoder {
 public:
  explicit EveEncoder(EveSettings settings) : settings_(std::move(settings)) {}
  /// One line with its newline, valid until the next call. `source`: interface or capture file.
  std::string_view encode(const Event& event, std::string_view source = {});

 private:
  void head(const Event& event, std::string_view source);
  void endpoints(const flow::Flow& flow, uint64_t flow_id);
  void alert(const Event& event, const AlertBody& body);
  void http(const Event& event, const HttpBody& body);
  void flow(const Event& event, const FlowBody& body);
  void anomaly(const AnomalyBody& body);
  void tls(const Event& event, const TlsBody& body);
  void certificate(const inspect::Certificate& certificate);
  void tls_object(const inspect::TlsHandshake& handshake);
  void stats(const StatsBody& body);
  void known_servers(std::span<const detect::KnownServer> servers);
  void idle_paths(const StatsBody& body);
  void http_object(const inspect::HttpTransaction& transaction);
  void activesync_numbers(const inspect::HttpTransaction& transaction);
  void flow_counters(const flow::Flow& flow);
  void tcp_object(const flow::Flow& flow);
  void flow_numbers(const flow::Flow& flow, const detect::FlowNumbers& numbers);

  EveSettings settings_;
  JsonWriter json_;
  TimestampText time_;
  inspect::TlsFingerprints fingerprints_;
  /// What is told of a flow in each of its events, as written before.
  struct Endpoints {
    static constexpr size_t kRoom = 240;

    wire::FlowKey key;
    bool client_is_lo;
    uint8_t size;
    std::array<char, kRoom> octets;
  };
  static constexpr size_t kKnownFlows = 512;
  /// By flow_id, the flows told of last: their identifiers, 0 for none, stand apart, for they are
  /// all that most flows look at.
  std::array<uint64_t, kKnownFlows> known_ids_{};
  std::vector<Endpoints> known_{kKnownFlows};
};

}  // namespace exwire::report
