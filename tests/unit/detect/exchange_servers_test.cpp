// SPDX-License-Identifier: BSD-3-Clause
// Which names mean Exchange, what a certificate covers, and whom the sensor learns.
#include "sensor/detect/exchange_servers.hpp"

#include <catch2/catch.hpp>

#include "sensor/detect/host_names.hpp"

using namespace exwire;
using detect::ExchangeServers;
using detect::NameSign;
using detect::Reason;
using inspect::Certificate;
using inspect::TlsField;
using inspect::TlsHandshake;

namespace {

const wire::Address kPhone{192, 0, 2, 10}, kServer{198, 51, 100, 20}, kInside{10, 1, 2, 3};

flow::Flow flow_between(wire::Address client, wire::Address server, uint16_t port = 443) {
  flow::Flow flow;
  if (set_endpoints(flow.key, client, 50000, server, port)) flow.mark(flow::kClientIsLo);
  return flow;
}

TlsHandshake handshake_for(std::string_view sni) {
  TlsHandshake handshake;
  handshake.set(TlsField::server_version, as_bytes(std::string_view("\x03\x03", 2)));
  if (!sni.empty()) handshake.set(TlsField::sni, as_bytes(sni));
  return handshake;
}

detect::Site usual_site() {
  detect::Site site;
  site.tls_ports.set(443).set(444);
  return site;
}

}  // namespace

TEST_CASE("names and what they say", "[exchange_servers]") {
  CHECK(detect::sign_of("autodiscover.exwire.example") == NameSign::exchange);
  CHECK(detect::sign_of("OWA2.exwire.example.") == NameSign::exchange);
  CHECK(detect::sign_of("autodiscover.example") == NameSign::exchange);
  CHECK(detect::sign_of("mail.exwire.example") == NameSign::common);
  CHECK(detect::sign_of("webmail-01.exwire.example") == NameSign::common);
  for (const char* name : {"mail.google.com", "mail.ru", "e.mail.ru", "autodiscover.outlook.com",
                           "www.exwire.example", "mailing.exwire.example", "owa", "", ".", "*.a.b",
                           "192.0.2.1", "mail", "exchange-rates.exwire.example"}) {
    INFO(name);
    CHECK(detect::sign_of(name) == NameSign::none);
  }
  CHECK(detect::sign_of("mail.exwire.example", NameSign::exchange) == NameSign::none);
  CHECK(detect::sign_of("owa.exwire.example", NameSign::exchange) == NameSign::exchange);
  CHECK(detect::sign_of("www.exwire.example", NameSign::none) == NameSign::none);
}

TEST_CASE("what is no host name says nothing", "[exchange_servers]") {
  const std::string label(63, 'a');
  CHECK(detect::is_host_name("owa_2.exwire.example."));
  CHECK(detect::is_host_name("xn--mller-kva.exwire.example"));
  CHECK(detect::is_host_name(label + ".example"));
  for (const std::string& rest :
       {std::string(".exwire..example"), std::string("..exwire.example"),
        std::string(".ex wire.example"), std::string(".exwire.example\n"),
        std::string(".exw\xc3\xa4re.example"), std::string(".exwire\0.example", 16),
        std::string(".exwire.example\""), "." + label + "a.example",
        "." + label + "." + label + "." + label + "." + label, std::string(".exwire.example/../"),
        std::string(".[::1]"), std::string("")}) {
    INFO(rest);
    CHECK(detect::sign_of("owa" + rest) == NameSign::none);
    CHECK(detect::sign_of("mail" + rest) == NameSign::none);
  }
  CHECK_FALSE(detect::is_host_name(""));
  CHECK_FALSE(detect::is_host_name("."));
  CHECK_FALSE(detect::is_host_name("192.0.2.1"));
}

TEST_CASE("a wildcard covers one label", "[exchange_servers]") {
  CHECK(detect::covers_name("Mail.exwire.example", "mail.EXWIRE.example."));
  CHECK(detect::covers_name("*.exwire.example", "mail.exwire.example"));
  CHECK_FALSE(detect::covers_name("*.exwire.example", "a.mail.exwire.example"));
  CHECK_FALSE(detect::covers_name("*.exwire.example", "exwire.example"));
  CHECK_FALSE(detect::covers_name("*.exwire.example", ".exwire.example"));
  CHECK_FALSE(detect::covers_name("*", "mail"));
  CHECK_FALSE(detect::covers_name("mail.exwire.example", "mail.exwire.exampl"));
  Certificate certificate;
  certificate.common_name = "mail.exwire.example";
  CHECK(detect::covers_name(certificate, "mail.exwire.example"));
  certificate.names = {"192.0.2.1"};  // an address is no name
  CHECK(detect::covers_name(certificate, "mail.exwire.example"));
  certificate.names = {"owa.exwire.example"};
  CHECK_FALSE(detect::covers_name(certificate, "mail.exwire.example"));
}

TEST_CASE("a server is learned by the name asked for", "[exchange_servers]") {
  const detect::Site site = usual_site();
  ExchangeServers servers(site);
  const flow::Flow flow = flow_between(kPhone, kServer);
  CHECK(servers.find(flow) == nullptr);
  servers.learn(flow, handshake_for("www.exwire.example"));
  CHECK(servers.find(flow) == nullptr);
  servers.learn(flow, handshake_for("mail.exwire.example"));
  REQUIRE(servers.find(flow) != nullptr);
  CHECK(servers.find(flow)->reason == Reason::asked_name);
  CHECK(servers.find(flow)->detail() == "mail.exwire.example");
  CHECK(servers.find(flow_between(kPhone, kServer, 8443)) == nullptr);
}

TEST_CASE("somebody else's mail server is not learned from inside", "[exchange_servers]") {
  const detect::Site site = usual_site();
  ExchangeServers servers(site);
  servers.learn(flow_between(kInside, kServer), handshake_for("mail.exwire.example"));
  CHECK(servers.size() == 0);
  servers.learn(flow_between(kInside, kServer), handshake_for("owa.exwire.example"));
  CHECK(servers.size() == 1);
  servers.learn(flow_between(kPhone, kInside, 993), handshake_for("owa.exwire.example"));
  servers.learn(flow_between(kPhone, kInside, 8443), handshake_for("mail.exwire.example"));
  CHECK(servers.size() == 1);
}

TEST_CASE("whoever hosts the domain is not Exchange", "[exchange_servers]") {
  const detect::Site site = usual_site();
  ExchangeServers servers(site);
  const flow::Flow inside = flow_between(kInside, kServer), outside = flow_between(kPhone, kServer);
  TlsHandshake handshake = handshake_for("autodiscover.exwire.example");
  Certificate certificate;
  certificate.readable = true;
  handshake.server_certificate = &certificate;
  certificate.common_name = "*.outlook.com";
  CHECK(servers.is_foreign(outside, handshake));
  certificate.common_name = "www.exwire.example";
  certificate.names = {"www.exwire.example", "webdisk.exwire.example"};
  CHECK(servers.is_foreign(outside, handshake));
  certificate.names = {"www.exwire.example"};
  CHECK_FALSE(servers.is_foreign(outside, handshake));
  CHECK(servers.is_foreign(inside, handshake));
  servers.learn(inside, handshake);
  CHECK(servers.size() == 0);
  certificate.names = {"autodiscover.exwire.example"};
  CHECK_FALSE(servers.is_foreign(inside, handshake));
  servers.learn(inside, handshake);
  CHECK(servers.size() == 1);
  detect::Site named = usual_site();
  named.servers = {*detect::Prefix::parse("198.51.100.20")};
  certificate.names = {"outlook.com"};
  CHECK_FALSE(ExchangeServers(named).is_foreign(outside, handshake));
}

TEST_CASE("a server is learned by its certificate", "[exchange_servers]") {
  const detect::Site site = usual_site();
  ExchangeServers servers(site);
  const flow::Flow flow = flow_between(kPhone, kServer);
  Certificate certificate;
  certificate.readable = true;
  certificate.common_name = "www.exwire.example";
  certificate.names = {"www.exwire.example", "autodiscover.exwire.example"};
  TlsHandshake named = handshake_for("www.exwire.example"), unnamed = handshake_for("");
  named.server_certificate = unnamed.server_certificate = &certificate;
  servers.learn(flow, named);
  CHECK(servers.size() == 0);
  SECTION("hosting panels order such names for everybody") {
    certificate.names.push_back("cpanel.exwire.example");
    servers.learn(flow, unnamed);
    CHECK(servers.size() == 0);
  }
  SECTION("nobody asked for another name") {
    servers.learn(flow, unnamed);
    REQUIRE(servers.find(flow) != nullptr);
    CHECK(servers.find(flow)->reason == Reason::certificate_name);
  }
  SECTION("made by Exchange during setup") {
    certificate = {};
    certificate.readable = certificate.self_signed = true;
    certificate.common_name = "MAIL01";
    certificate.subject = certificate.issuer = "CN=MAIL01";
    certificate.names = {"MAIL01", "mail01.corp.example"};
    certificate.not_before_s = 1600000000;
    certificate.not_after_s = 1600000000 + 86400LL * 1826;
    CHECK(detect::is_self_provisioned(certificate));
    servers.learn(flow, unnamed);
    REQUIRE(servers.find(flow) != nullptr);
    CHECK(servers.find(flow)->reason == Reason::own_certificate);
  }
}

TEST_CASE("configured servers are all there are", "[exchange_servers]") {
  detect::Site site = usual_site();
  site.servers = {*detect::Prefix::parse("198.51.100.0/24")};
  ExchangeServers servers(site);
  servers.learn(flow_between(kPhone, kInside), handshake_for("owa.exwire.example"));
  CHECK(servers.find(flow_between(kPhone, kInside)) == nullptr);
  REQUIRE(servers.find(flow_between(kPhone, kServer)) != nullptr);
  CHECK(servers.find(flow_between(kPhone, kServer))->reason == Reason::configured);
  CHECK(servers.find(flow_between(kPhone, kServer, 3389)) == nullptr);
}

TEST_CASE("the set is bounded and the oldest makes room", "[exchange_servers]") {
  const detect::Site site = usual_site();
  ExchangeServers servers(site);
  for (uint32_t number = 0; number < ExchangeServers::kMost + 10; ++number) {
    const wire::Address address{10, 0, static_cast<uint8_t>(number >> 8),
                                static_cast<uint8_t>(number)};
    servers.learn(address, 4, ExchangeServers::kAnyTlsPort, Reason::endpoint, "EWS");
  }
  CHECK(servers.size() == ExchangeServers::kMost);
  CHECK(servers.find(flow_between(kPhone, {10, 0, 0, 9})) == nullptr);
  REQUIRE(servers.find(flow_between(kPhone, {10, 0, 0, 10})) != nullptr);
  CHECK(servers.find(flow_between(kPhone, {10, 0, 0, 10}))->detail() == "EWS");
  CHECK(servers.find(flow_between(kPhone, {10, 0, 0, 10}, 25)) == nullptr);
  CHECK(servers.find(flow_between(kPhone, {10, 0, 0, 10}, 9999)) == nullptr);
}
