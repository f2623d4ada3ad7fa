// SPDX-License-Identifier: BSD-3-Clause
// What response headers tell about servers, and how it comes together in the inventory.
#include <catch2/catch.hpp>

#include "sensor/detect/exchange_servers.hpp"
#include "sensor/detect/server_inventory.hpp"

using namespace exwire;
using namespace exwire::detect;
using inspect::HttpField;

namespace {

using Headers = std::vector<std::pair<HttpField, std::string_view>>;

ServerSoftware told_by(const Headers& headers) {
  inspect::HttpTransaction transaction;
  for (const auto& [field, text] : headers) transaction.set(field, as_bytes(text));
  return software_of(transaction);
}

Observation seen(uint16_t port, uint8_t host, const ServerSoftware& software) {
  flow::Flow flow;
  if (set_endpoints(flow.key, {192, 0, 2, 10}, 50000, {198, 51, 100, host}, port)) {
    flow.mark(flow::kClientIsLo);
  }
  Observation one = Observation::of(flow, Topic::server_software, 0, {1});
  one.put(software);
  return one;
}

}  // namespace

TEST_CASE("headers of every version tell product, build and web server", "[software]") {
  struct Row {
    Headers headers;
    const char *product, *build, *web_server;
  };
  const HttpField iis = HttpField::server, activesync = HttpField::server_activesync,
                  owa = HttpField::owa_version, protocols = HttpField::as_versions;
  const Row rows[] = {
      {{{iis, "Microsoft-IIS/10.0"}, {owa, "15.2.1118.7"}},
       "Exchange 2019 or SE",
       "15.2.1118.7",
       "Microsoft-IIS/10.0"},
      {{{iis, "Microsoft-IIS/8.5"}, {activesync, "15.0"}},
       "Exchange 2013",
       "15.0",
       "Microsoft-IIS/8.5"},
      {{{iis, "Microsoft-IIS/6.0"}, {activesync, "6.5.7638.1"}},
       "Exchange 2003",
       "6.5.7638.1",
       "Microsoft-IIS/6.0"},
      {{{iis, "Microsoft-IIS/7.0"}, {protocols, "1.0,2.0,2.1,2.5,12.0"}},
       "Exchange 2007 or later",
       "",
       "Microsoft-IIS/7.0"},
      {{{iis, "Microsoft-IIS/7.5"}, {protocols, "2.5,12.0,12.1,14.0,14.1"}},
       "Exchange 2010 SP1 or later",
       "",
       "Microsoft-IIS/7.5"},
      {{{iis, "Microsoft-IIS/10.0"}, {protocols, "2.5, 16.1"}},
       "Exchange 2016 or later",
       "",
       "Microsoft-IIS/10.0"},
      {{{iis, "nginx"}, {activesync, "14.1"}, {protocols, "2.5,14.1"}}, "", "", ""},  // SOGo
      {{{iis, "Microsoft-HTTPAPI/2.0"}}, "", "", ""},
      {{{iis, "Microsoft-IIS/999999.9"}}, "", "", ""},
      {{{owa, "not a version"}}, "", "", ""},
      {{{owa, "15.2.999999.7"}}, "Exchange 2019 or SE", "15.2", ""},
  };
  for (const Row& row : rows) {
    const ServerSoftware software = told_by(row.headers);
    INFO(row.headers[0].second << " " << row.build);
    CHECK(product_of(software) == row.product);
    CHECK(build_of(software) == row.build);
    CHECK(web_server_of(software) == row.web_server);
  }
}

TEST_CASE("the inventory joins what answers tell, per service", "[software]") {
  ServerInventory inventory;
  inventory.observe(seen(443, 20,
                         told_by({{HttpField::server, "Microsoft-IIS/10.0"},
                                  {HttpField::server_activesync, "15.2"},
                                  {HttpField::fe_server, "CAS1"}})));
  inventory.observe(seen(443, 20, told_by({{HttpField::owa_version, "15.2.1118.7"}})));
  inventory.observe(seen(443, 20,
                         told_by({{HttpField::server, "Microsoft-IIS/10.0"},
                                  {HttpField::server_activesync, "15.2"}})));
  inventory.observe(seen(81, 20, told_by({{HttpField::server, "Microsoft-IIS/10.0"}})));
  REQUIRE(inventory.servers().size() == 2);
  const KnownServer& front = inventory.servers()[0];
  CHECK(build_of(front.software) == "15.2.1118.7");
  CHECK(role_of(front) == "front end");
  CHECK(role_of(inventory.servers()[1]) == "back end");
  for (uint16_t port = 1000; port < 1100; ++port) {
    inventory.observe(seen(port, 21, front.software));
  }
  CHECK(inventory.servers().size() == ServerInventory::kMost);
  CHECK(inventory.left_out() == 38);
}

TEST_CASE("findings about a machine know its product from any port", "[software]") {
  const Site site;
  ExchangeServers servers(site);
  flow::Flow flow;
  if (set_endpoints(flow.key, {192, 0, 2, 10}, 50000, {198, 51, 100, 20}, 443)) {
    flow.mark(flow::kClientIsLo);
  }
  CHECK(servers.product_of(flow).empty());
  servers.learn_product({198, 51, 100, 20}, "Exchange 2016");
  servers.learn_product({198, 51, 100, 20}, "");
  servers.learn_product({198, 51, 100, 21}, "Exchange 2013");
  CHECK(servers.product_of(flow) == "Exchange 2016");
}
