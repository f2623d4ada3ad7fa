// SPDX-License-Identifier: BSD-3-Clause
// What is not TLS on a TLS port, and when that is nobody's fault.
#include <ndpi_protocol_ids.h>
#include <catch2/catch.hpp>
#include <map>

#include "sensor/detect/detector_set.hpp"

using namespace exwire;
using inspect::HttpField;
using inspect::HttpTransaction;

namespace {

const wire::Address kPhone{192, 0, 2, 10}, kServer{198, 51, 100, 20}, kLoopback{127, 0, 0, 1};

class Collector final : public detect::FindingSink {
 public:
  void found(const detect::FlowContext&, const detect::Finding& finding) override {
    sids.push_back(finding.signature->sid);
    for (uint32_t index = 0; index < finding.facts.size(); ++index) {
      const auto fact = finding.facts[index];
      facts[fact.name] = fact.is_number ? std::to_string(fact.number) : std::string(fact.text);
    }
  }
  std::vector<uint32_t> sids;
  std::map<std::string, std::string> facts;
};

struct Talk {
  detect::Site site;
  flow::Flow flow;
  Collector collector;
  detect::DetectorSet detectors;

  explicit Talk(uint16_t port = 443, wire::Address server = kServer, detect::Site of = {})
      : site(std::move(of)), detectors(make(site)) {
    if (set_endpoints(flow.key, server == kLoopback ? kLoopback : kPhone, 50000, server, port)) {
      flow.mark(flow::kClientIsLo);
    }
  }
  static std::vector<std::unique_ptr<detect::FlowDetector>> make(detect::Site& site) {
    site.tls_ports.set(443).set(444).set(8443);
    return detect::make_flow_detectors(site);
  }
  Talk& say(Direction direction, std::string_view text) {
    wire::Packet packet{};
    packet.payload = as_bytes(text);
    packet.payload_octets = packet.payload.size;
    flow::Tracked tracked{};
    tracked.flow = &flow;
    tracked.direction = direction;
    flow.of(direction).packets++;
    detectors.each(detect::kWantsSegments, flow, 1, {1}, 1, [&](auto& one, const auto& what) {
      one.segment(what, tracked, packet, collector);
    });
    return *this;
  }
  Talk& client(std::string_view text) { return say(Direction::to_server, text); }
  Talk& server(std::string_view text) { return say(Direction::to_client, text); }
  Talk& label(uint16_t number) {
    flow.label = number;
    return *this;
  }
  const std::vector<uint32_t>& end() {
    detectors.each(detect::kWantsEnds, flow, 1, {1}, 0, [&](auto& one, const auto& what) {
      one.flow_ended(what, flow::EndReason::timeout, collector);
    });
    return collector.sids;
  }
  const std::vector<uint32_t>& http(std::string_view status, std::string_view location = {}) {
    HttpTransaction transaction;
    transaction.request_seen = transaction.response_seen = true;
    transaction.set(HttpField::method, as_bytes("GET"));
    transaction.set(HttpField::uri, as_bytes("/status?secret=1"));
    transaction.set(HttpField::stat_code, as_bytes(status));
    if (!location.empty()) transaction.set(HttpField::location, as_bytes(location));
    detectors.each(detect::kWantsResponses, flow, 1, {1}, 1, [&](auto& one, const auto& what) {
      one.response_head(what, transaction, collector);
    });
    return collector.sids;
  }
};

using Sids = std::vector<uint32_t>;
constexpr std::string_view kAlert("\x15\x03\x03\x00\x02\x02\x46", 7);

}  // namespace

TEST_CASE("SSH on 443", "[tls_port_use]") {
  Talk talk;
  talk.client("SSH-2.0-a\r\n").server("SSH-2.0-b\r\n").label(NDPI_PROTOCOL_SSH);
  CHECK(talk.collector.sids.empty());
  talk.client("more");
  CHECK(talk.collector.sids == Sids{1443004});
  CHECK(talk.collector.facts["protocol"] == "SSH");
  CHECK(talk.collector.facts["ndpi_label"] == "SSH");
  CHECK(talk.end() == Sids{1443004});
}

TEST_CASE("a short flow is judged at its end", "[tls_port_use]") {
  Talk talk;
  CHECK(talk.client("a").server("b").label(NDPI_PROTOCOL_SOCKS).end() == Sids{1443004});
}

TEST_CASE("a stranger who is not answered in kind", "[tls_port_use]") {
  CHECK(Talk().client("SSH-2.0-a\r\n").label(NDPI_PROTOCOL_SSH).end().empty());
  CHECK(Talk().client("SSH-2.0-a\r\n").server(kAlert).label(NDPI_PROTOCOL_SSH).end().empty());
}

TEST_CASE("no label, no finding", "[tls_port_use]") {
  CHECK(Talk().client("a").server("b").end().empty());
  CHECK(Talk().client("a").server("b").label(NDPI_PROTOCOL_TLS).end().empty());
}

TEST_CASE("headers of Exchange teach what its other ports are, unless a proxy hands them on",
          "[tls_port_use]") {
  const auto sids_behind = [](std::string_view target) {
    Talk talk(8080);
    HttpTransaction transaction;
    transaction.request_seen = transaction.response_seen = true;
    transaction.set(HttpField::uri_raw, as_bytes(target));
    transaction.set(HttpField::fe_server, as_bytes("EX01"));
    talk.detectors.each(
        detect::kWantsResponses, talk.flow, 1, {1}, 1,
        [&](auto& one, const auto& what) { one.response_head(what, transaction, talk.collector); });
    talk.flow = {};
    if (set_endpoints(talk.flow.key, kPhone, 50001, kServer, 8443)) {
      talk.flow.mark(flow::kClientIsLo);
    }
    return talk.client("a").server("b").label(NDPI_PROTOCOL_SSH).end();
  };
  CHECK(sids_behind("/owa/") == Sids{1443004});
  CHECK(sids_behind("http://mail.exwire.example/owa/").empty());
}

TEST_CASE("other ports, and connections joined late", "[tls_port_use]") {
  CHECK(Talk(22).client("a").server("b").label(NDPI_PROTOCOL_SSH).end().empty());
  CHECK(Talk(8443).client("a").server("b").label(NDPI_PROTOCOL_SSH).end().empty());
  detect::Site site;
  site.servers = {*detect::Prefix::parse("198.51.100.20")};
  Talk configured(8443, kServer, site);
  CHECK(configured.client("a").server("b").label(NDPI_PROTOCOL_SSH).end() == Sids{1443004});
  Talk elsewhere(443, {203, 0, 113, 9}, site);
  CHECK(elsewhere.client("a").server("b").label(NDPI_PROTOCOL_SSH).end().empty());
  Talk late;
  late.flow.mark(flow::kMidstream);
  CHECK(late.client("a").server("b").label(NDPI_PROTOCOL_SSH).end().empty());
}

TEST_CASE("OpenVPN over TCP shows itself", "[tls_port_use]") {
  const std::string_view client(
      "\x00\x0e\x38"
      "12345678"
      "\0"
      "\0\0\0\0",
      16);
  const std::string_view server(
      "\x00\x1a\x40"
      "abcdefgh"
      "\1"
      "\0\0\0\0"
      "12345678"
      "\0\0\0\0",
      28);
  Talk talk;
  talk.client(client).server(server);
  CHECK(talk.collector.sids == Sids{1443004});
  CHECK(talk.collector.facts["protocol"] == "OpenVPN");
  CHECK(Talk().client(client).server("HTTP/1.1 400 Bad Request\r\n").end().empty());
}

TEST_CASE("plaintext HTTP on a TLS port", "[tls_port_use]") {
  Talk talk;
  CHECK(talk.http("200") == Sids{1443003});
  CHECK(talk.collector.facts["protocol"] == "HTTP");
  CHECK(talk.collector.facts["url_path"] == "/status");
  CHECK(talk.http("200") == Sids{1443003});  // once per connection
  CHECK(Talk(80).http("200").empty());
}

TEST_CASE("a server that says no to plaintext HTTP", "[tls_port_use]") {
  CHECK(Talk().http("400").empty());
  CHECK(Talk().http("301", "https://mail.exwire.example/").empty());
  CHECK(Talk().http("301", "http://mail.exwire.example/") == Sids{1443003});
}

TEST_CASE("plaintext that is meant", "[tls_port_use]") {
  CHECK(Talk(444, kLoopback).http("200").empty());
  detect::Site site;
  site.plaintext_hops = {{*detect::Prefix::parse("192.0.2.10"), std::nullopt}};
  CHECK(Talk(443, kServer, site).http("200").empty());
}

TEST_CASE("SOCKS 5 shows itself, whatever methods the client knows", "[tls_port_use]") {
  const std::string_view chosen("\x05\x00", 2);
  for (const std::string_view greeting :
       {std::string_view("\x05\x01\x00", 3), std::string_view("\x05\x02\x00\x01", 4),
        std::string_view("\x05\x03\x00\x01\x02", 5)}) {
    Talk talk;
    CHECK(talk.client(greeting).server(chosen).end() == Sids{1443004});
    CHECK(talk.collector.facts["protocol"] == "SOCKS");
  }
  const std::string_view greeting("\x05\x02\x00\x01", 4);
  CHECK(Talk().client(greeting).server("\x05\xff").end().empty());  // no method suits it
  CHECK(Talk().client(greeting).server(std::string_view("\x05\x00\x00", 3)).end().empty());
  CHECK(Talk().client(greeting).server(kAlert).end().empty());
  CHECK(Talk().client(std::string_view("\x05\x03\x00\x01", 4)).server(chosen).end().empty());
}
