// SPDX-License-Identifier: BSD-3-Clause
// What is an exposure and what is not, case by case.
#include <catch2/catch.hpp>

#include "sensor/detect/detector.hpp"
#include "sensor/detect/exchange_endpoints.hpp"
#include "sensor/inspect/exchange_product.hpp"

using namespace exwire;
using detect::Site;
using inspect::HttpField;
using inspect::HttpTransaction;

namespace {

struct Told {
  uint32_t sid;
  int severity;
  std::string user, hop, endpoint;
};

class Collector final : public detect::FindingSink {
 public:
  void found(const detect::FlowContext&, const detect::Finding& offered) override {
    const detect::Finding finding = offered.told();
    Told told{finding.signature->sid, finding.severity, {}, {}, {}};
    for (uint32_t index = 0; index < finding.facts.size(); ++index) {
      const auto fact = finding.facts[index];
      const std::string_view name(fact.name);
      if (name == "user") told.user = fact.text;
      if (name == "hop") told.hop = fact.text;
      if (name == "endpoint") told.endpoint = fact.text;
    }
    all.push_back(told);
  }
  std::vector<Told> all;
};

flow::Flow flow_between(wire::Address client, wire::Address server) {
  flow::Flow flow;
  if (set_endpoints(flow.key, client, 50000, server, 80)) flow.mark(flow::kClientIsLo);
  return flow;
}

const wire::Address kPhone{192, 0, 2, 10}, kServer{198, 51, 100, 20}, kLoopback{127, 0, 0, 1};

struct Exchange {
  HttpTransaction transaction;
  Site site;
  flow::Flow flow = flow_between(kPhone, kServer);
  Collector collector;

  Exchange& request(std::string_view method, std::string_view uri) {
    transaction.request_seen = true;
    return with(HttpField::method, method).with(HttpField::uri, uri);
  }
  Exchange& with(HttpField field, std::string_view text) {
    transaction.set(field, as_bytes(text));
    return *this;
  }
  Exchange& answer(std::string_view code) {
    transaction.response_seen = true;
    return with(HttpField::stat_code, code);
  }
  const std::vector<Told>& judge() {
    for (const auto& detector : detect::make_flow_detectors(site)) {
      const detect::FlowContext context{flow, {1}, 1};
      const bool answered = transaction.response_seen;
      transaction.response_seen = false;
      detector->request_head(context, transaction, collector);
      transaction.response_seen = answered;
      if (answered) detector->response_head(context, transaction, collector);
      detector->transaction_over(context, transaction, collector);
    }
    return collector.all;
  }
  std::vector<uint32_t> sids() {
    std::vector<uint32_t> result;
    for (const Told& told : judge()) result.push_back(told.sid);
    return result;
  }
};

using Sids = std::vector<uint32_t>;

}  // namespace

TEST_CASE("credentials in clear are told with the request", "[plaintext]") {
  Exchange exchange;
  exchange.request("POST", "/Microsoft-Server-ActiveSync?Cmd=Ping&User=u&DeviceId=d&DeviceType=t");
  exchange.with(HttpField::auth_scheme, "Basic").with(HttpField::auth_user, "EXAMPLE\\phone1");
  const auto& told = exchange.judge();
  REQUIRE(told.size() == 2);
  CHECK(told[0].sid == 1443001);
  CHECK(told[1].sid == 1443002);
  CHECK(told[1].user == "EXAMPLE\\phone1");
  CHECK(told[1].hop == "direct");
  CHECK(told[1].endpoint == "ActiveSync");
  CHECK(told[1].severity == 2);
}

TEST_CASE("NTLM proves without telling: a request in clear, no credentials", "[plaintext]") {
  Exchange exchange;
  exchange.request("POST", "/EWS/Exchange.asmx").with(HttpField::auth_scheme, "NTLM");
  CHECK(exchange.sids() == Sids{1443001});
}

TEST_CASE("every endpoint of every version", "[plaintext]") {
  const char* paths[] = {
      "/microsoft-server-activesync",
      "/Microsoft-Server-ActiveSync/default.eas",
      "/SOGo/Microsoft-Server-ActiveSync",
      "/EWS/Exchange.asmx",
      "/ews/services.wsdl",
      "/owa",
      "/OWA/auth/logon.aspx",
      "/ecp/",
      "/Autodiscover/Autodiscover.xml",
      "/autodiscover/autodiscover.json",
      "/mapi/emsmdb/?MailboxId=x",
      "/mapi/nspi",
      "/rpc/rpcproxy.dll?mail:6001",
      "/RpcWithCert/rpcproxy.dll",
      "/OAB/guid/oab.xml",
      "/powershell?clientApplication=x",
      "/exchweb/bin/auth/owalogon.asp",
  };
  for (const char* path : paths) {
    INFO(path);
    Exchange exchange;
    exchange.request("GET", path).answer("200");
    CHECK(exchange.sids() == Sids{1443001});
  }
}

TEST_CASE("an endpoint is found when its path or its sign is known, whoever asked before") {
  HttpTransaction transaction;
  CHECK(detect::endpoint_of(transaction) == nullptr);
  transaction.set(HttpField::uri, as_bytes("/exchange/rates"));
  CHECK(detect::endpoint_of(transaction) == nullptr);
  transaction.set(HttpField::fe_server, as_bytes("EX01"));
  REQUIRE(detect::endpoint_of(transaction) != nullptr);
  CHECK(detect::endpoint_of(transaction)->path == "/exchange");
  HttpTransaction other;
  other.set(HttpField::uri, as_bytes("/renamed"));
  CHECK(detect::endpoint_of(other) == nullptr);
  other.set(HttpField::server_activesync, as_bytes("15.2"));
  REQUIRE(detect::endpoint_of(other) != nullptr);
  CHECK(detect::endpoint_of(other)->protocol == "ActiveSync");
}

TEST_CASE("common words are Exchange only with a sign of it", "[plaintext]") {
  for (const char* path : {"/public/", "/api/v1/users", "/exchange/rates", "/oma/", "/rpc/x"}) {
    INFO(path);
    Exchange plain;
    plain.request("GET", path).answer("200");
    CHECK(plain.sids().empty());
    Exchange served;
    served.request("GET", path).answer("200").with(HttpField::fe_server, "MAIL01");
    CHECK(served.sids() == Sids{1443001});
  }
  Exchange dav;
  dav.request("PROPFIND", "/exchange/phone1/Inbox").answer("207");
  CHECK(dav.sids() == Sids{1443001});
  Exchange lookalike;
  lookalike.request("GET", "/owalike/").answer("200");
  CHECK(lookalike.sids().empty());
}

TEST_CASE("renamed directories are known by headers and methods", "[plaintext]") {
  Exchange sync;
  sync.request("POST", "/push?Cmd=Sync")
      .with(HttpField::content_type, "application/vnd.ms-sync.wbxml");
  CHECK(sync.answer("200").sids() == Sids{1443001});
  Exchange rpc;
  CHECK(rpc.request("RPC_IN_DATA", "/tunnel").answer("200").sids() == Sids{1443001});
}

TEST_CASE("a server that redirects to https or refuses is no exposure", "[plaintext]") {
  Exchange redirect;
  redirect.request("GET", "/owa/")
      .answer("302")
      .with(HttpField::location, "https://mail.example/owa/");
  CHECK(redirect.sids().empty());
  Exchange refused;
  CHECK(refused.request("GET", "/owa/").answer("403").sids().empty());
  Exchange missing;
  CHECK(missing.request("GET", "/owa/").answer("404").sids().empty());
}

TEST_CASE("a redirect to the plaintext logon page is one", "[plaintext]") {
  Exchange exchange;
  exchange.request("GET", "/owa/").answer("302").with(HttpField::location, "/owa/auth/logon.aspx");
  CHECK(exchange.sids() == Sids{1443001});
}

TEST_CASE("a redirect does not take back credentials already sent", "[plaintext]") {
  Exchange exchange;
  exchange.request("GET", "/owa/").with(HttpField::auth_scheme, "Basic");
  exchange.answer("301").with(HttpField::location, "https://mail.example/owa/");
  CHECK(exchange.sids() == Sids{1443001, 1443002});
}

TEST_CASE("a request whose answer was never seen counts", "[plaintext]") {
  Exchange exchange;
  CHECK(exchange.request("OPTIONS", "/Microsoft-Server-ActiveSync").sids() == Sids{1443001});
}

TEST_CASE("forms logon posts the password in clear", "[plaintext]") {
  Exchange exchange;
  CHECK(exchange.request("POST", "/owa/auth.owa").answer("302").sids() == Sids{1443001, 1443002});
}

TEST_CASE("plaintext within one machine is the normal hop", "[plaintext]") {
  Exchange loopback;
  loopback.flow = flow_between(kLoopback, kLoopback);
  loopback.request("POST", "/Microsoft-Server-ActiveSync").with(HttpField::auth_scheme, "Basic");
  CHECK(loopback.sids().empty());
  Exchange own_address;  // Exchange 2003 talks to its own LAN address
  own_address.flow = flow_between(kServer, kServer);
  own_address.request("GET", "/owa/").answer("200");
  CHECK(own_address.sids().empty());
  Exchange named, unnamed;  // two network cards
  named.site.own_addresses = {
      {*detect::Prefix::parse("203.0.113.5"), *detect::Prefix::parse("198.51.100.20")}};
  for (Exchange* one : {&named, &unnamed}) {
    one->flow = flow_between({203, 0, 113, 5}, kServer);
    one->request("POST", "/Microsoft-Server-ActiveSync").with(HttpField::auth_scheme, "Basic");
  }
  CHECK(named.sids().empty());
  CHECK(unnamed.sids() == Sids{1443001, 1443002});
  Exchange wanted;
  wanted.flow = flow_between(kLoopback, kLoopback);
  wanted.site.loopback_allowed = false;
  wanted.request("GET", "/owa/").answer("200");
  REQUIRE(wanted.judge().size() == 1);
  CHECK(wanted.collector.all[0].hop == "loopback");
}

TEST_CASE("an accepted hop is a health note, only for the leg that was accepted", "[plaintext]") {
  Exchange accepted;
  accepted.site.plaintext_hops = {
      {*detect::Prefix::parse("192.0.2.0/28"), detect::Prefix::parse("198.51.100.20")}};
  accepted.request("GET", "/owa/").with(HttpField::auth_scheme, "Basic");
  REQUIRE(accepted.judge().size() == 1);
  CHECK(accepted.collector.all[0].sid == 1443005);
  CHECK(accepted.collector.all[0].severity == 3);
  Exchange elsewhere;
  elsewhere.site.plaintext_hops = {
      {*detect::Prefix::parse("192.0.2.0/28"), detect::Prefix::parse("198.51.100.21")}};
  elsewhere.request("GET", "/owa/").with(HttpField::auth_scheme, "Basic");
  CHECK(elsewhere.sids() == Sids{1443001, 1443002});
}

TEST_CASE("what port 80 takes as shipped weighs less, unless a password goes with it",
          "[plaintext]") {
  Exchange anywhere, basic, calendar;
  anywhere.request("RPC_IN_DATA", "/rpc/rpcproxy.dll?server:6001").answer("401").judge();
  REQUIRE(anywhere.collector.all.size() == 1);
  CHECK(anywhere.collector.all[0].severity == 3);
  basic.request("RPC_IN_DATA", "/rpc/rpcproxy.dll?server:6001")
      .with(HttpField::auth_scheme, "Basic")
      .answer("200")
      .judge();
  REQUIRE(basic.collector.all.size() == 2);
  CHECK(basic.collector.all[0].severity == 2);
  calendar.request("GET", "/owa/calendar/room@exwire.example/x/calendar.html")
      .answer("200")
      .judge();
  CHECK(calendar.collector.all.empty());
}

TEST_CASE("a password in a URL is told", "[plaintext]") {
  Exchange parameter, token;
  parameter.request("GET", "/owa/?username=alice&PassWord=***").answer("200").judge();
  REQUIRE(parameter.collector.all.size() == 2);
  CHECK(parameter.collector.all[1].sid == 1443002);
  token.request("GET", "/owa/ev.owa?canary=***").answer("200").judge();
  REQUIRE(token.collector.all.size() == 1);
  CHECK(token.collector.all[0].sid == 1443001);
}

TEST_CASE("headers tell which Exchange answers", "[plaintext]") {
  const auto product = [](HttpField field, std::string_view build,
                          std::string_view server = "Microsoft-IIS/10.0") {
    HttpTransaction transaction;
    transaction.set(field, as_bytes(build));
    transaction.set(HttpField::server, as_bytes(server));
    return inspect::exchange_product(transaction);
  };
  CHECK(product(HttpField::server_activesync, "14.1", "nginx").empty());  // as SOGo claims
  CHECK(product(HttpField::owa_version, "15.2.1118.7") == "Exchange 2019 or SE");
  CHECK(product(HttpField::server_activesync, "15.1") == "Exchange 2016");
  CHECK(product(HttpField::server_activesync, "14.3") == "Exchange 2010");
  CHECK(product(HttpField::server_activesync, "8.3") == "Exchange 2007");
  CHECK(product(HttpField::server_activesync, "6.5.7638.1") == "Exchange 2003");
  for (const char* other : {"", "1", "15", "15.20.1", "80", "145.1", "6.51", "x8.1"}) {
    CHECK(product(HttpField::owa_version, other).empty());
  }
}
