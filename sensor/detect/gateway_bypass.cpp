// SPDX-License-Identifier: BSD-3-Clause
// Who comes in by the wrong door. Where the site names its reverse proxies and MDM gateways, any
// other source of Exchange requests, and under TLS any other source of connections to its servers,
// has found a way around them. On any site: phones that fetch mail by EWS, MAPI, Outlook Anywhere
// or a browser, where ActiveSync's policies do not reach, and the directory meant for the front end
// alone, reached across a network.
#include <algorithm>
#include <array>
#include <string>

#include "sensor/base/siphash.hpp"
#include "sensor/detect/client_agents.hpp"
#include "sensor/detect/detector.hpp"
#include "sensor/detect/exchange_endpoints.hpp"
#include "sensor/detect/exchange_servers.hpp"
#include "sensor/inspect/tls_fingerprints.hpp"

namespace exwire::detect {
namespace {

using inspect::HttpField;
using inspect::HttpTransaction;

constexpr Signature kRequest{1443401,
                             1,
                             2,
                             "EXWIRE Exchange request past the gateway",
                             "Potential Corporate Privacy Violation",
                             "Let only the gateways reach the server, or add this source to "
                             "site.gateways."};
constexpr Signature kConnection{1443402,
                                1,
                                2,
                                "EXWIRE TLS connection to Exchange past the gateway",
                                "Potential Corporate Privacy Violation",
                                "Judged by address alone. Let only the gateways reach the server, "
                                "or add this source to site.gateways."};
constexpr Signature kFrontEndDirectory{1443006,
                                       1,
                                       2,
                                       "EXWIRE front-end directory reached from the network",
                                       "Potential Corporate Privacy Violation",
                                       "Restrict the directory of the front-end hop to the "
                                       "server's own addresses."};

constexpr Signature kMobile{1443403,
                            1,
                            2,
                            "EXWIRE mobile client past ActiveSync",
                            "Potential Corporate Privacy Violation",
                            "Judged by user agent. Allow only known programs (Set-CASMailbox "
                            "-EwsApplicationAccessPolicy EnforceAllowList), or add this one to "
                            "site.allowed_agents."};

bool covered(const std::vector<Prefix>& prefixes, const wire::Address& address,
             uint8_t version) noexcept {
  return std::any_of(prefixes.begin(), prefixes.end(),
                     [&](const Prefix& prefix) { return prefix.covers(address, version); });
}

class GatewayBypass final : public FlowDetector {
 public:
  GatewayBypass(const Site& site, std::shared_ptr<ExchangeServers> servers)
      : site_(site), servers_(std::move(servers)) {}

  DetectorInfo info() const noexcept override {
    return {"gateway_bypass", kWantsTransactions | kWantsTls};
  }
  std::vector<const Signature*> signatures() const override {
    return {&kRequest, &kConnection, &kMobile, &kFrontEndDirectory};
  }

  void transaction_over(const FlowContext& context, HttpTransaction& transaction,
                        FindingSink& sink) override {
    if (!transaction.request_seen || !transaction.response_seen) return;
    const Endpoint* endpoint = endpoint_of(transaction);
    if (endpoint == nullptr || hop_of(site_, context.flow) == Hop::loopback) return;
    const int status = transaction.status();
    const bool served = status >= 200 && status < 300, let_in = served || status == 401;
    const wire::Address& client = context.flow.client();
    const uint8_t version = context.flow.key.ip_version;
    if (!let_in || covered(site_.servers, client, version)) return;
    if (is_back_end_hop(*endpoint)) tell(kFrontEndDirectory, context, *endpoint, transaction, sink);
    if (covered(site_.gateways, client, version)) return;
    const bool others = served && is_for_others(*endpoint, transaction);
    if (site_.gateways.empty() && !others)
      return;  // the agent, which takes long to tell, is nothing
    const ClientKind kind = kind_of_agent(transaction.text(HttpField::user_agent));
    const bool relay = kind == ClientKind::relay && is_cloud_relay(client, version);
    if (!site_.gateways.empty() && !relay) tell(kRequest, context, *endpoint, transaction, sink);
    if (others && kind == ClientKind::mobile && !is_allowed(transaction)) {
      tell(kMobile, context, *endpoint, transaction, sink);
    }
  }

  void tls_handshake(const FlowContext& context, inspect::TlsHandshake& handshake,
                     FindingSink& sink) override {
    const flow::Flow& flow = context.flow;
    const uint8_t version = flow.key.ip_version;
    if (site_.gateways.empty() || hop_of(site_, flow) == Hop::loopback) return;
    if (covered(site_.gateways, flow.client(), version) ||
        covered(site_.servers, flow.client(), version)) {
      return;
    }
    sink.take_turn();
    const ExchangeServer* server = servers_->find(flow);
    if (server == nullptr) return;
    Finding finding = begin(kConnection, context, "", true);
    const FactsBy source([&](Facts& facts) {
      add_ends(facts, flow, "");
      facts.add("evidence", "address");
      facts.add("server_known_by", to_text(server->reason));
      const std::string_view name = handshake.text(inspect::TlsField::sni);
      if (!name.empty()) facts.add("sni", name);
      if (const std::string fingerprint = inspect::ja4(handshake); !fingerprint.empty()) {
        facts.add("ja4", fingerprint);
      }
    });
    finding.source = &source;
    sink.found(context, finding);
  }

 private:
  static bool is_back_end_hop(const Endpoint& endpoint) noexcept {
    return endpoint.protocol == "ActiveSync back-end hop";
  }

  // EWS, MAPI, Outlook Anywhere, and a mailbox in a browser: not its logon page and pictures.
  static bool is_for_others(const Endpoint& endpoint, const HttpTransaction& transaction) noexcept {
    if (endpoint.clients == Clients::desktop) return true;
    constexpr std::string_view kMailbox = "/owa";
    if (endpoint.path != kMailbox) return false;
    const std::string_view rest = path_of(transaction).substr(kMailbox.size());
    const bool of_version = rest.size() > 1 && rest[1] >= '0' && rest[1] <= '9';
    return !of_version && !is_below(rest, "/auth");
  }

  bool is_allowed(const HttpTransaction& transaction) const noexcept {
    const std::string_view agent = transaction.text(HttpField::user_agent);
    return std::any_of(
        site_.allowed_agents.begin(), site_.allowed_agents.end(),
        [&](const std::string& allowed) { return agent.substr(0, allowed.size()) == allowed; });
  }

  // One story per client; of desktops, which are many and go straight to their server on most
  // sites, one per endpoint.
  static Finding begin(const Signature& signature, const FlowContext& context,
                       std::string_view endpoint, bool of_client) {
    const flow::Flow& flow = context.flow;
    Finding finding = Finding::of(signature, context.now, context.packet);
    if (!of_client) finding.severity = 3;
    SipHash13 hash{HashKey{}};
    hash.word(signature.sid);
    if (of_client) hash.octets(flow.client().data(), flow.client().size());
    hash.octets(flow.server().data(), flow.server().size());
    hash.octets(endpoint.data(), endpoint.size());
    finding.story = hash.finish();
    return finding;
  }

  static void add_ends(Facts& facts, const flow::Flow& flow, std::string_view endpoint) {
    facts.add("client", wire::to_text(flow.client(), flow.key.ip_version));
    facts.add("server", wire::to_text(flow.server(), flow.key.ip_version));
    if (!endpoint.empty()) facts.add("endpoint", endpoint);
  }

  static void tell(const Signature& signature, const FlowContext& context, const Endpoint& endpoint,
                   const HttpTransaction& transaction, FindingSink& sink) {
    const std::string_view agent = transaction.text(HttpField::user_agent);
    const ClientKind kind = kind_of_agent(agent);
    const bool of_client = signature.sid != kRequest.sid || endpoint.clients == Clients::mobile ||
                           kind == ClientKind::mobile || kind == ClientKind::relay;
    Finding finding = begin(signature, context, endpoint.protocol, of_client);
    finding.http = &transaction;
    const FactsBy source([&](Facts& facts) {
      add_ends(facts, context.flow, endpoint.protocol);
      facts.add("evidence", signature.sid == kMobile.sid ? "user agent" : "address");
      if (!agent.empty()) facts.add("user_agent", agent);
      facts.add("client_kind", to_text(kind));
      if (const auto user = transaction.text(HttpField::auth_user); !user.empty()) {
        facts.add("user", user);
      }
      facts.add("url_path", path_of(transaction));
      facts.add("status_code", transaction.status());
    });
    finding.source = &source;
    sink.found(context, finding);
  }

  const Site& site_;
  std::shared_ptr<ExchangeServers> servers_;
};

}  // namespace

std::unique_ptr<FlowDetector> make_gateway_bypass(const Site& site,
                                                  std::shared_ptr<ExchangeServers> servers) {
  return std::make_unique<GatewayBypass>(site, std::move(servers));
}

}  // namespace exwire::detect
