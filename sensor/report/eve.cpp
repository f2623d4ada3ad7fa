// SPDX-License-Identifier: BSD-3-Clause
// The common head and the events about traffic; alerts stand in eve_alert.cpp, counters in
// eve_stats.cpp.
#include "sensor/report/eve.hpp"

#include <algorithm>
#include <charconv>

#include "sensor/inspect/activesync.hpp"
#include "sensor/inspect/exchange_product.hpp"

namespace exwire::report {
namespace {

using inspect::HttpField;
using inspect::HttpTransaction;

const char* kind_of(const Event& event) noexcept {
  static constexpr const char* kKinds[] = {"alert", "http", "flow", "anomaly", "stats", "tls"};
  return kKinds[event.body.index()];
}

std::string_view hex_flags(uint64_t flags, std::array<char, 2>& buffer) noexcept {
  static constexpr char kHex[] = "0123456789abcdef";
  buffer = {kHex[flags >> 4 & 15], kHex[flags & 15]};
  return {buffer.data(), 2};
}

bool only_digits(std::string_view text) noexcept {
  return !text.empty() && text.size() <= 5 &&
         std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; });
}

}  // namespace

std::string_view EveEncoder::encode(const Event& event) {
  json_.start();
  json_.object();
  head(event, kind_of(event));
  if (const auto* body = std::get_if<AlertBody>(&event.body)) alert(event, *body);
  if (const auto* body = std::get_if<HttpBody>(&event.body)) http(event, *body);
  if (const auto* body = std::get_if<FlowBody>(&event.body)) flow(event, *body);
  if (const auto* body = std::get_if<AnomalyBody>(&event.body)) anomaly(*body);
  if (const auto* body = std::get_if<TlsBody>(&event.body)) tls(event, *body);
  if (const auto* body = std::get_if<StatsBody>(&event.body)) stats(*body);
  json_.close();
  return json_.line();
}

void EveEncoder::head(const Event& event, const char* kind) {
  json_.text("timestamp", time_.of(event.time).view());
  const uint64_t flow_id = event.flow == nullptr ? 0 : flow::flow_id(*event.flow);
  if (event.flow != nullptr) json_.unsigned_number("flow_id", flow_id);
  if (!event.interface.empty()) json_.text("in_iface", event.interface);
  if (event.packet != 0) json_.unsigned_number("pcap_cnt", event.packet);
  if (settings_.capture_file && !event.capture_file.empty()) {
    json_.text("pcap_filename", event.capture_file);
  }
  if (!settings_.sensor_name.empty()) json_.text("host", settings_.sensor_name);
  json_.text("event_type", kind);
  if (event.flow == nullptr) return;
  endpoints(*event.flow, flow_id);
  if (event.packet != 0) json_.text("pkt_src", "wire/pcap");
  if (!event.application.empty()) json_.text("app_proto", event.application);
  if (!event.label.empty()) json_.object("ndpi").text("proto", event.label).close();
}

// Client first: in alerts, transactions and flows alike.
void EveEncoder::endpoints(const flow::Flow& flow, uint64_t flow_id) {
  Endpoints& known = known_[flow_id % kKnownFlows];
  const bool client_is_lo = flow.has(flow::kClientIsLo);
  const bool told = !known.members.empty() && known.client_is_lo == client_is_lo;
  if (told && known.key == flow.key) {
    json_.members(known.members);
    return;
  }
  const size_t begin = json_.size();
  if (flow.key.vlan != 0) json_.array("vlan").element(int64_t{flow.key.vlan}).close();
  const wire::AddressText client(flow.client(), flow.key.ip_version);
  const wire::AddressText server(flow.server(), flow.key.ip_version);
  const wire::CommunityId id = wire::community_id(flow.key, settings_.community_id_seed);
  json_.text("src_ip", client.view()).number("src_port", flow.client_port());
  json_.text("dest_ip", server.view()).number("dest_port", flow.server_port());
  json_.text("proto", "TCP");
  json_.number("ip_v", flow.key.ip_version);
  json_.text("community_id", {id.data(), id.size()});
  known.key = flow.key;
  known.client_is_lo = client_is_lo;
  known.members = json_.members_since(begin);  // in the room of the former
}

void EveEncoder::http_object(const HttpTransaction& transaction) {
  json_.object("http");
  const auto text = [&](const char* key, HttpField field) {
    if (transaction.has(field)) json_.text(key, transaction.text(field));
  };
  if (transaction.has(HttpField::host)) {
    const std::string_view host = transaction.text(HttpField::host);
    const size_t colon = host.rfind(':');
    const bool port = colon != std::string_view::npos && host.find(']', colon) == host.npos &&
                      only_digits(host.substr(colon + 1));
    json_.text("hostname", host.substr(0, port ? colon : host.size()));
    if (port) {
      int value = 0;
      std::from_chars(host.data() + colon + 1, host.data() + host.size(), value);
      json_.number("http_port", value);
    }
  }
  text("url", HttpField::uri_raw);
  text("http_user_agent", HttpField::user_agent);
  text("http_content_type", HttpField::response_content_type);
  text("http_refer", HttpField::referer);
  text("http_method", HttpField::method);
  text("protocol",
       transaction.has(HttpField::protocol) ? HttpField::protocol : HttpField::response_protocol);
  if (const int status = transaction.status(); status != 0) json_.number("status", status);
  text("redirect", HttpField::location);
  text("xff", HttpField::x_forwarded_for);
  if (transaction.response_complete) {
    json_.unsigned_number("length", transaction.response_body);
  }
  json_.close();
}

void EveEncoder::http(const Event& event, const HttpBody& body) {
  const HttpTransaction& transaction = *body.transaction;
  json_.unsigned_number("tx_id", transaction.number);
  http_object(transaction);
  json_.object("metadata").object("flowints");
  if (transaction.request_seen && transaction.response_seen) {
    const int64_t wait = transaction.response_time.ns - transaction.request_time.ns;
    json_.number("exw.wait_ms", std::max<int64_t>(wait, 0) / kNanosPerMilli);
  }
  if (transaction.request_complete) {
    json_.unsigned_number("exw.request_octets", transaction.request_body);
  }
  activesync_numbers(transaction);
  if (const auto product = inspect::exchange_product(transaction); !product.empty()) {
    json_.text("exw.server_product", product);
  }
  json_.boolean("exw.complete", transaction.request_complete && transaction.response_complete);
  json_.boolean("exw.midstream", event.flow->has(flow::kMidstream));
  json_.boolean("exw.one_sided", event.flow->one_sided());
  json_.close().close();
}

// What a phone asked ActiveSync for, as far as this link shows it.
void EveEncoder::activesync_numbers(const HttpTransaction& transaction) {
  static constexpr struct {
    const char* name;
    HttpField field;
  } kTexts[] = {{"exw.command", HttpField::as_command},
                {"exw.user", HttpField::as_user},
                {"exw.device_id", HttpField::as_device_id},
                {"exw.device_type", HttpField::as_device_type},
                {"exw.protocol_version", HttpField::as_version},
                {"exw.policy_key", HttpField::policy_key}},
    kNumbers[] = {{"exw.heartbeat_s", HttpField::as_heartbeat_s},
                  {"exw.folders", HttpField::as_folders},
                  {"exw.status", HttpField::as_status},
                  {"exw.client_policy_status", HttpField::as_client_policy_status},
                  {"exw.new_policy_key", HttpField::as_new_policy_key},
                  {"exw.remote_wipe", HttpField::as_remote_wipe}};
  if (!transaction.has(HttpField::as_command)) return;
  for (const auto& [name, field] : kTexts) {
    if (transaction.has(field)) json_.text(name, transaction.text(field));
  }
  for (const auto& [name, field] : kNumbers) {
    if (const auto value = number_of(transaction, field)) json_.unsigned_number(name, *value);
  }
}

void EveEncoder::flow_counters(const flow::Flow& flow) {
  const flow::DirectionState& there = flow.of(Direction::to_server);
  const flow::DirectionState& back = flow.of(Direction::to_client);
  json_.unsigned_number("pkts_toserver", there.packets);
  json_.unsigned_number("pkts_toclient", back.packets);
  json_.unsigned_number("bytes_toserver", there.wire_octets);
  json_.unsigned_number("bytes_toclient", back.wire_octets);
  json_.text("start", time_.of({flow.start_ns}).view());
}

void EveEncoder::tcp_object(const flow::Flow& flow) {
  const uint64_t there = flow.of(Direction::to_server).tcp_flags;
  const uint64_t back = flow.of(Direction::to_client).tcp_flags;
  std::array<char, 2> digits;
  json_.object("tcp");
  json_.text("tcp_flags", hex_flags(there | back, digits));
  json_.text("tcp_flags_ts", hex_flags(there, digits));
  json_.text("tcp_flags_tc", hex_flags(back, digits));
  static constexpr struct {
    std::string_view name;
    uint8_t flag;
  } kFlags[] = {{"syn", wire::kSyn}, {"fin", wire::kFin}, {"rst", wire::kRst}, {"psh", wire::kPsh},
                {"ack", wire::kAck}, {"urg", wire::kUrg}, {"ecn", wire::kEce}, {"cwr", wire::kCwr}};
  for (const auto& [name, flag] : kFlags) {
    if ((there | back) & flag) json_.boolean(name, true);
  }
  if (flow.has(flow::kGapToServer)) json_.boolean("ts_gap", true);
  if (flow.has(flow::kGapToClient)) json_.boolean("tc_gap", true);
  json_.close();
}

void EveEncoder::flow_numbers(const flow::Flow& flow, const detect::FlowNumbers& numbers) {
  json_.object("metadata").object("flowints");
  json_.unsigned_number("exw.stream_octets_toserver", flow.of(Direction::to_server).stream_octets);
  json_.unsigned_number("exw.stream_octets_toclient", flow.of(Direction::to_client).stream_octets);
  const struct {
    std::string_view name;
    uint64_t value;
  } optional[] = {
      {"exw.idle_gap_max_s", numbers.idle_gap_max_s},
      {"exw.heartbeat_s", numbers.heartbeat_s},
      {"exw.direct_push", numbers.direct_push},
      {"exw.midstream", flow.has(flow::kMidstream)},
      {"exw.one_sided", flow.one_sided()},
      {"exw.uncertain_roles", flow.has(flow::kUncertainRoles)},
      {"exw.tracking_lost", flow.has(flow::kTrackingLost)},
      {"exw.fin_toserver", flow.has(flow::kFinToServer)},
      {"exw.fin_toclient", flow.has(flow::kFinToClient)},
      {"exw.reset_by_client", flow.has(flow::kResetByClient)},
      {"exw.reset_by_server", flow.has(flow::kResetByServer)},
      {"exw.retransmissions_toserver", flow.retransmissions[0]},
      {"exw.retransmissions_toclient", flow.retransmissions[1]},
      {"exw.keepalives_toserver", flow.keepalives[0]},
      {"exw.keepalives_toclient", flow.keepalives[1]},
  };
  if (numbers.wait_kind > detect::WaitKind::ordinary) {
    json_.text("exw.wait_kind", to_text(numbers.wait_kind));
  }
  if (numbers.push_score != 0) {
    const bool sealed = numbers.wait_kind == detect::WaitKind::sealed;
    json_.unsigned_number("exw.push_score", numbers.push_score);
    json_.text("exw.push_reason", sealed ? "long waits for small answers" : "read");
  }
  for (const auto& [name, value] : optional) {
    if (value != 0) json_.unsigned_number(name, value);
  }
  json_.close().close();
}

void EveEncoder::flow(const Event& event, const FlowBody& body) {
  static constexpr const char* kReasons[] = {"timeout", "forced", "shutdown", "tcp_reuse"};
  const flow::Flow& flow = *event.flow;
  const bool over = flow.state == flow::TcpState::closed || flow.state == flow::TcpState::reset;
  json_.object("flow");
  flow_counters(flow);
  const Timestamp last = flow.last_seen();
  json_.text("end", time_.of(last).view());
  json_.number("age", (last.ns - flow.start_ns) / kNanosPerSecond);
  json_.text("state", over ? "closed" : body.half_open ? "new" : "established");
  if (!body.interim) json_.text("reason", kReasons[static_cast<size_t>(body.reason)]);
  json_.boolean("alerted", flow.has(flow::kAlerted));
  json_.close();
  tcp_object(flow);
  flow_numbers(flow, body.numbers);
}

void EveEncoder::anomaly(const AnomalyBody& body) {
  json_.object("anomaly");
  json_.text("type", body.type);
  json_.text("event", body.event);
  if (body.protocol != nullptr) {
    json_.text("layer", "proto_parser");
    json_.text("app_proto", body.protocol);
  }
  json_.close();
}

}  // namespace exwire::report
