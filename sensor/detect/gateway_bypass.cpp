// SPDX-License-Identifier: BSD-3-Clause
// Who comes past the gateway: where the site names its reverse proxies and MDM gateways, any other
// source of Exchange requests, and under TLS any other source of connections to its servers, has
// found a way around them. Says nothing on a site without configured gateways. Also the directory
// meant for the front end alone, reached across a network.
#include <algorithm>
#include <array>
#include <string>

#include "sensor/base/siphash.hpp"
#include "sensor/detect/detector.hpp"
#include "sensor/detect/exchange_endpoints.hpp"

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

/// Words in user agents of phones' mail programs, in lower case.
constexpr std::array<std::string_view, 14> kMobileAgents{
    "iphone",  "ipad",  "android", "windowsmail",     "outlook-ios", "touchdown", "blackberry",
    "samsung", "nokia", "symbian", "mailforexchange", "msft-wp",     "moto-",     "k-9"};

bool is_mobile(std::string_view agent) noexcept {
  const auto same = [](char a, char b) {
    return (a >= 'A' && a <= 'Z' ? static_cast<char>(a + 32) : a) == b;
  };
  return std::any_of(kMobileAgents.begin(), kMobileAgents.end(), [&](std::string_view word) {
    return std::search(agent.begin(), agent.end(), word.begin(), word.end(), same) != agent.end();
  });
}

bool covered(const std::vector<Prefix>& prefixes, const wire::Address& address,
             uint8_t version) noexcept {
  return std::any_of(prefixes.begin(), prefixes.end(),
                     [&](const Prefix& prefix) { return prefix.covers(address, version); });
}

class GatewayBypass final : public FlowDetector {
 public:
  explicit GatewayBypass(const Site& site) : site_(site) {}

  DetectorInfo info() const noexcept override { return {"gateway_bypass", kWantsHttp | kWantsTls}; }
  std::vector<const Signature*> signatures() const override {
    return {&kRequest, &kConnection, &kFrontEndDirectory};
  }

  void transaction_over(const FlowContext& context, HttpTransaction& transaction,
                        FindingSink& sink) override {
    if (!transaction.request_seen || !transaction.response_seen) return;
    const Endpoint* endpoint = endpoint_of(transaction);
    if (endpoint == nullptr) return;
    const int status = transaction.status();
    const bool let_in = status == 401 || (status >= 200 && status < 300);
    const std::string_view protocol = endpoint->protocol;
    const bool between_servers =
        covered(site_.servers, context.flow.client(), context.flow.key.ip_version);
    if (protocol == "ActiveSync back-end hop" && let_in && !between_servers &&
        hop_of(site_, context.flow) != Hop::loopback) {
      tell(kFrontEndDirectory, context, protocol, transaction, sink);
    }
    if (let_in && is_past(context.flow)) tell(kRequest, context, protocol, transaction, sink);
  }

  void tls_handshake(const FlowContext& context, inspect::TlsHandshake& handshake,
                     FindingSink& sink) override {
    const flow::Flow& flow = context.flow;
    if (!covered(site_.servers, flow.server(), flow.key.ip_version) || !is_past(flow)) return;
    Finding finding = begin(kConnection, context, "");
    finding.facts.add("evidence", "address");
    const std::string_view name = handshake.text(inspect::TlsField::sni);
    if (!name.empty()) finding.facts.add("sni", name);
    if (const std::string fingerprint = inspect::ja4(handshake); !fingerprint.empty()) {
      finding.facts.add("ja4", fingerprint);
    }
    sink.found(context, finding);
  }

 private:
  bool is_past(const flow::Flow& flow) const noexcept {
    const uint8_t version = flow.key.ip_version;
    return !site_.gateways.empty() && hop_of(site_, flow) != Hop::loopback &&
           !covered(site_.gateways, flow.client(), version) &&
           !covered(site_.servers, flow.client(), version);
  }

  static Finding begin(const Signature& signature, const FlowContext& context,
                       std::string_view endpoint) {
    const flow::Flow& flow = context.flow;
    Finding finding;
    finding.signature = &signature;
    finding.severity = signature.severity;
    finding.when = finding.first_seen = finding.last_seen = context.now;
    finding.packet = context.packet;
    SipHash13 hash{HashKey{}};
    hash.word(signature.sid);
    hash.octets(flow.client().data(), flow.client().size());
    hash.octets(flow.server().data(), flow.server().size());
    hash.octets(endpoint.data(), endpoint.size());
    finding.story = hash.finish();
    finding.facts.add("client", wire::to_text(flow.client(), flow.key.ip_version));
    finding.facts.add("server", wire::to_text(flow.server(), flow.key.ip_version));
    if (!endpoint.empty()) finding.facts.add("endpoint", endpoint);
    return finding;
  }

  static void tell(const Signature& signature, const FlowContext& context,
                   std::string_view endpoint, const HttpTransaction& transaction,
                   FindingSink& sink) {
    Finding finding = begin(signature, context, endpoint);
    finding.http = &transaction;
    const std::string_view agent = transaction.text(HttpField::user_agent);
    if (!agent.empty()) finding.facts.add("user_agent", agent);
    finding.facts.add("client_kind", is_mobile(agent) ? "mobile" : "other");
    finding.facts.add("status_code", transaction.status());
    sink.found(context, finding);
  }

  const Site& site_;
};

}  // namespace

std::unique_ptr<FlowDetector> make_gateway_bypass(const Site& site) {
  return std::make_unique<GatewayBypass>(site);
}

}  // namespace exwire::detect
