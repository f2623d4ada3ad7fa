// SPDX-License-Identifier: BSD-3-Clause
// A request with its answer, a TLS handshake and their segments, shown to the rules under test in
// the order in which a sensor would see them. What is told is kept by sid.
#pragma once

#include <algorithm>
#include <map>

#include "sensor/detect/common_memory.hpp"
#include "sensor/detect/detector.hpp"
#include "sensor/detect/rules/rule_set.hpp"

namespace exwire::detect {

std::unique_ptr<FlowDetector> make_rule_matcher(const rules::ActiveRules& rules,
                                                std::shared_ptr<rules::Memory> memory);

struct RuleStage final : FindingSink {
  using HttpField = inspect::HttpField;
  using TlsField = inspect::TlsField;

  rules::ActiveRules rules;
  std::unique_ptr<FlowDetector> matcher =
      make_rule_matcher(rules, std::make_shared<rules::Memory>());
  std::map<uint32_t, int> told;
  flow::Flow web, secure;
  int64_t now_s = 1700000000;
  uint32_t handle = 1;  ///< of the flow whose segments are shown
  inspect::Certificate certificate;

  explicit RuleStage(rules::RuleSet set) : rules(std::move(set)) {
    meet(web, 80);
    meet(secure, 443);
    web.of(Direction::to_server).packets = 4;
    web.of(Direction::to_server).stream_octets = 200;
    certificate.readable = true;
    certificate.subject = "CN=mail.exwire.example";
    certificate.issuer = "C=DE, CN=Exwire Test CA";
    certificate.serial = "04:5A:90";
    certificate.fingerprint = "aa:bb:cc";
    certificate.der = "\x30\x82\x01";
    certificate.not_before_s = now_s - 100;
    certificate.not_after_s = now_s + 100;
  }
  static rules::RuleSet set_of(const std::string& text) {
    rules::RuleSet set;
    set.load_text(text, "test.rules");
    return set;
  }
  static void meet(flow::Flow& flow, uint16_t port, uint8_t last = 10) {
    const wire::Address client{192, 0, 2, last}, server{198, 51, 100, 20};
    if (set_endpoints(flow.key, client, 50000, server, port)) flow.mark(flow::kClientIsLo);
  }
  void found(const FlowContext&, const Finding& finding) override {
    told[finding.signature->sid] += static_cast<int>(finding.occurrences);
  }
  FlowContext context(const flow::Flow& flow) const {
    return {flow, {now_s * kNanosPerSecond}, 1, handle};
  }

  void segment(flow::Flow& flow, std::string_view text, std::string_view application,
               Direction direction = Direction::to_server, int64_t offset = 0,
               uint8_t flags = wire::kAck | wire::kPsh) {
    wire::Packet packet;
    packet.payload = as_bytes(text);
    packet.payload_octets = packet.payload.size;
    packet.tcp_flags = flags;
    flow::Tracked tracked;
    tracked.handle = handle;
    tracked.flow = &flow;
    tracked.direction = direction;
    tracked.offset = offset;
    matcher->payload(context(flow), tracked, packet, application, *this);
  }
  void event(const char* name) {
    matcher->anomaly(context(web), {"applayer", name, "http", Direction::to_server}, *this);
  }
  void http();
  void handshake(uint32_t flags = 0);
  void end() {
    matcher->flow_ended(context(web), flow::EndReason::timeout, *this);
    ++handle;
  }
};

inline void RuleStage::http() {
  static constexpr std::string_view kRequest =
      "POST /owa/%61uth?a=1 HTTP/1.1\r\nHost: Mail.Example\r\nUser-Agent: curl/8\r\n"
      "Referer: http://from.example/\r\nCookie: id=7\r\nAccept: */*\r\nAccept-Encoding: gzip\r\n"
      "Accept-Language: de\r\nConnection: close\r\nContent-Type: text/xml\r\n"
      "Content-Length: 9\r\n";
  static constexpr std::string_view kAnswer =
      "HTTP/1.1 302 Found\r\nServer: Test/1\r\nLocation: /logon\r\nContent-Type: text/html\r\n"
      "Content-Length: 6\r\n";
  inspect::HttpTransaction one;
  const auto set = [&](HttpField field, std::string_view text) { one.set(field, as_bytes(text)); };
  set(HttpField::method, "POST");
  set(HttpField::uri, "/owa/auth?a=1");
  set(HttpField::uri_raw, "/owa/%61uth?a=1");
  set(HttpField::protocol, "HTTP/1.1");
  set(HttpField::host, "mail.example");
  set(HttpField::user_agent, "curl/8");
  set(HttpField::referer, "http://from.example/");
  set(HttpField::content_type, "text/xml");
  one.head = kRequest;
  matcher->request_head(context(web), one, *this);
  one.body = "x=aGVsbG8";
  matcher->http_body(context(web), one, Direction::to_server, *this);
  set(HttpField::stat_code, "302");
  set(HttpField::stat_msg, "Found");
  set(HttpField::response_protocol, "HTTP/1.1");
  set(HttpField::location, "/logon");
  set(HttpField::server, "Test/1");
  set(HttpField::response_content_type, "text/html");
  one.head = kAnswer;
  one.body = {};
  matcher->response_head(context(web), one, *this);
  one.body = "<html>";
  matcher->http_body(context(web), one, Direction::to_client, *this);
}

inline void RuleStage::handshake(uint32_t flags) {
  inspect::TlsHandshake one;
  const auto set = [&](TlsField field, std::string_view text) { one.set(field, as_bytes(text)); };
  set(TlsField::client_version, "\x03\x03");
  set(TlsField::client_ciphers, "\xc0\x30");
  set(TlsField::client_extensions, "\xff\x01");
  set(TlsField::client_groups, {"\x00\x1d", 2});
  set(TlsField::client_point_formats, {"\x00", 1});
  set(TlsField::server_legacy_version, "\x03\x03");
  set(TlsField::server_extensions, "\xff\x01");
  set(TlsField::sni, "mail.exwire.example");
  set(TlsField::server_version, "\x03\x03");
  set(TlsField::server_cipher, "\xc0\x30");
  one.server_certificate = &certificate;
  one.server_chain = 1;
  one.flags = flags;
  matcher->tls_handshake(context(secure), one, *this);
}

}  // namespace exwire::detect
