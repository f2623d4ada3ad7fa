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

PlainText kind_of(const Event& event) noexcept {
  static constexpr PlainText kKinds[] = {"alert", "http", "flow", "anomaly", "stats", "tls"};
  return kKinds[event.body.index()];
}

PlainText hex_flags(uint64_t flags, std::array<char, 2>& buffer) noexcept {
  static constexpr char kHex[] = "0123456789abcdef";
  buffer = {kHex[flags >> 4 & 15], kHex[flags & 15]};
  return PlainText::made({buffer.data(), 2});
}

bool only_digits(std::string_view text) noexcept {
  return !text.empty() && text.size() <= 5 &&
         std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; });
}

}  // namespace

std::string_view EveEncoder::encode(const Event& event, std::string_view source) {
  json_.start();
  json_.object();
  head(event, source);
  if (const auto* body = std::get_if<AlertBody>(&event.body)) alert(event, *body);
  if (const auto* body = std::get_if<HttpBody>(&event.body)) http(event, *body);
  if (const auto* body = std::get_if<FlowBody>(&event.body)) flow(event, *body);
  if (const auto* body = std::get_if<AnomalyBody>(&event.body)) anomaly(*body);
  if (const auto* body = std::get_if<TlsBody>(&event.body)) tls(event, *body);
  if (const auto* body = std::get_if<const StatsBody*>(&event.body)) stats(**body);
  json_.close();
  return json_.line();
}

void EveEncoder::head(const Event& event, std::string_view source) {
  const auto named = [&](SourceKey key) { return key == settings_.source && !source.empty(); };
  json_.time("timestamp", time_, event.time);
  const uint64_t flow_id = event.flow == nullptr ? 0 : flow::flow_id(*event.flow);
  if (event.flow != nullptr) json_.unsigned_number("flow_id", flow_id);
  if (named(SourceKey::in_iface)) json_.text("in_iface", source);
  if (event.packet != 0) json_.unsigned_number("pcap_cnt", event.packet);
  if (named(SourceKey::pcap_filename)) json_.text("pcap_filename", source);
  if (!settings_.sensor_name.empty()) json_.text("host", settings_.sensor_name);
  json_.plain("event_type", kind_of(event));
  if (event.flow == nullptr) return;
  endpoints(*event.flow, flow_id);
  if (event.packet != 0) json_.plain("pkt_src", "wire/pcap");
  if (!event.application.empty()) json_.text("app_proto", event.application);
  if (!event.label.empty()) json_.object("ndpi").text("proto", event.label).close();
}

// Client first: in alerts, transactions and flows alike.
void EveEncoder::endpoints(const flow::Flow& flow, uint64_t flow_id) {
  const size_t place = flow_id % kKnownFlows;
  Endpoints& known = known_[place];
  const bool client_is_lo = flow.has(flow::kClientIsLo);
  const bool told = known_ids_[place] == flow_id && known.client_is_lo == client_is_lo;
  if (told && known.key == flow.key) {
    json_.members({known.octets.data(), known.size});
    return;
  }
  const size_t begin = json_.size();
  if (flow.key.vlan != 0) json_.array("vlan").element(int64_t{flow.key.vlan}).close();
  const wire::AddressText client(flow.client(), flow.key.ip_version);
  const wire::AddressText server(flow.server(), flow.key.ip_version);
  const wire::CommunityId id = wire::community_id(flow.key, settings_.community_id_seed);
  json_.plain("src_ip", PlainText::made(client.view())).number("src_port", flow.client_port());
  json_.plain("dest_ip", PlainText::made(server.view())).number("dest_port", flow.server_port());
  json_.plain("proto", "TCP");
  json_.number("ip_v", flow.key.ip_version);
  json_.plain("community_id", PlainText::made({id.data(), id.size()}));
  const std::string_view members = json_.members_since(begin);
  known_ids_[place] = members.size() <= Endpoints::kRoom ? flow_id : 0;
  if (known_ids_[place] == 0) return;
  known.key = flow.key;
  known.client_is_lo = client_is_lo;
  known.size = static_cast<uint8_t>(members.size());
  std::copy(members.begin(), members.end(), known.octets.begin());
}

void EveEncoder::http_object(const HttpTransaction& transaction) {
  json_.object("http");
  const auto text = [&](const auto& key, HttpField field) {
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
  if (!transaction.has(HttpField::as_command)) return;
  const auto text = [&](const auto& name, HttpField field) {
    if (transaction.has(field)) json_.text(name, transaction.text(field));
  };
  const auto number = [&](const auto& name, HttpField field) {
    if (const auto value = number_of(transaction, field)) json_.unsigned_number(name, *value);
  };
  text("exw.command", HttpField::as_command);
  text("exw.user", HttpField::as_user);
  text("exw.device_id", HttpField::as_device_id);
  text("exw.device_type", HttpField::as_device_type);
  text("exw.protocol_version", HttpField::as_version);
  text("exw.policy_key", HttpField::policy_key);
  number("exw.heartbeat_s", HttpField::as_heartbeat_s);
  number("exw.folders", HttpField::as_folders);
  number("exw.status", HttpField::as_status);
  number("exw.client_policy_status", HttpField::as_client_policy_status);
  number("exw.new_policy_key", HttpField::as_new_policy_key);
  number("exw.remote_wipe", HttpField::as_remote_wipe);
}

void EveEncoder::flow_counters(const flow::Flow& flow) {
  const flow::DirectionState& there = flow.of(Direction::to_server);
  const flow::DirectionState& back = flow.of(Direction::to_client);
  json_.unsigned_number("pkts_toserver", there.packets);
  json_.unsigned_number("pkts_toclient", back.packets);
  json_.unsigned_number("bytes_toserver", there.wire_octets);
  json_.unsigned_number("bytes_toclient", back.wire_octets);
  json_.time("start", time_, {flow.start_ns});
}

void EveEncoder::tcp_object(const flow::Flow& flow) {
  const uint64_t there = flow.of(Direction::to_server).tcp_flags;
  const uint64_t back = flow.of(Direction::to_client).tcp_flags;
  std::array<char, 2> digits;
  json_.object("tcp");
  json_.plain("tcp_flags", hex_flags(there | back, digits));
  json_.plain("tcp_flags_ts", hex_flags(there, digits));
  json_.plain("tcp_flags_tc", hex_flags(back, digits));
  const auto flag = [&](const auto& name, uint8_t bit) {
    if ((there | back) & bit) json_.boolean(name, true);
  };
  flag("syn", wire::kSyn);
  flag("fin", wire::kFin);
  flag("rst", wire::kRst);
  flag("psh", wire::kPsh);
  flag("ack", wire::kAck);
  flag("urg", wire::kUrg);
  flag("ecn", wire::kEce);
  flag("cwr", wire::kCwr);
  if (flow.has(flow::kGapToServer)) json_.boolean("ts_gap", true);
  if (flow.has(flow::kGapToClient)) json_.boolean("tc_gap", true);
  json_.close();
}

void EveEncoder::flow_numbers(const flow::Flow& flow, const detect::FlowNumbers& numbers) {
  json_.object("metadata").object("flowints");
  json_.unsigned_number("exw.stream_octets_toserver", flow.of(Direction::to_server).stream_octets);
  json_.unsigned_number("exw.stream_octets_toclient", flow.of(Direction::to_client).stream_octets);
  if (numbers.wait_kind > detect::WaitKind::ordinary) {
    json_.text("exw.wait_kind", to_text(numbers.wait_kind));
  }
  if (numbers.push_score != 0) {
    const bool sealed = numbers.wait_kind == detect::WaitKind::sealed;
    json_.unsigned_number("exw.push_score", numbers.push_score);
    json_.text("exw.push_reason", sealed ? "long waits for small answers" : "read");
  }
  const auto unless_zero = [&](const auto& name, uint64_t value) {
    if (value != 0) json_.unsigned_number(name, value);
  };
  unless_zero("exw.idle_gap_max_s", numbers.idle_gap_max_s);
  unless_zero("exw.heartbeat_s", numbers.heartbeat_s);
  unless_zero("exw.direct_push", numbers.direct_push);
  unless_zero("exw.midstream", flow.has(flow::kMidstream));
  unless_zero("exw.one_sided", flow.one_sided());
  unless_zero("exw.uncertain_roles", flow.has(flow::kUncertainRoles));
  unless_zero("exw.tracking_lost", flow.has(flow::kTrackingLost));
  unless_zero("exw.fin_toserver", flow.has(flow::kFinToServer));
  unless_zero("exw.fin_toclient", flow.has(flow::kFinToClient));
  unless_zero("exw.reset_by_client", flow.has(flow::kResetByClient));
  unless_zero("exw.reset_by_server", flow.has(flow::kResetByServer));
  unless_zero("exw.retransmissions_toserver", flow.retransmissions[0]);
  unless_zero("exw.retransmissions_toclient", flow.retransmissions[1]);
  unless_zero("exw.keepalives_toserver", flow.keepalives[0]);
  unless_zero("exw.keepalives_toclient", flow.keepalives[1]);
  json_.close().close();
}

void EveEncoder::flow(const Event& event, const FlowBody& body) {
  static constexpr PlainText kReasons[] = {"timeout", "forced", "shutdown", "tcp_reuse"};
  const flow::Flow& flow = *event.flow;
  const bool over = flow.state == flow::TcpState::closed || flow.state == flow::TcpState::reset;
  json_.object("flow");
  flow_counters(flow);
  const Timestamp last = flow.last_seen();
  json_.time("end", time_, last);
  json_.number("age", (last.ns - flow.start_ns) / kNanosPerSecond);
  json_.plain("state", over             ? PlainText("closed")
                       : body.half_open ? PlainText("new")
                                        : PlainText("established"));
  if (!body.interim) json_.plain("reason", kReasons[static_cast<size_t>(body.reason)]);
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
    json_.plain("layer", "proto_parser");
    json_.text("app_proto", body.protocol);
  }
  json_.close();
}

}  // namespace exwire::report
