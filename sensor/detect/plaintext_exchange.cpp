// SPDX-License-Identifier: BSD-3-Clause
// Exchange over plaintext HTTP: any endpoint of any version, on any port. Credentials in clear are
// told with the request; a request without them is judged by its answer, because a server that only
// redirects to https or refuses is doing the right thing. Plaintext within one machine is the
// normal front-end hop; on legs the site has accepted it is told once, as a health note.
#include <algorithm>
#include <array>

#include "sensor/base/bytes.hpp"
#include "sensor/base/siphash.hpp"
#include "sensor/detect/detector.hpp"
#include "sensor/detect/exchange_endpoints.hpp"
#include "sensor/inspect/exchange_product.hpp"

namespace exwire::detect {
namespace {

using inspect::HttpField;
using inspect::HttpTransaction;

constexpr Signature kRequest{
    1443001,
    1,
    2,
    "EXWIRE Exchange request without TLS",
    "Potential Corporate Privacy Violation",
    "Require SSL on this virtual directory and close plaintext HTTP towards Exchange."};
constexpr Signature kCredentials{
    1443002,
    1,
    2,
    "EXWIRE Exchange credentials in clear",
    "Potential Corporate Privacy Violation",
    "Change this user's password, require SSL, and disable Basic authentication over HTTP."};
constexpr Signature kAcceptedHop{
    1443005,
    1,
    3,
    "EXWIRE clear SSL-bridging hop",
    "Misc activity",
    "Accepted by site.plaintext_hops; re-encrypt towards Exchange where that is possible."};

// What was a password stands as *** in the URL by now.
bool has_password_in_url(const HttpTransaction& transaction) noexcept {
  static constexpr std::array<std::string_view, 4> kEnds{"pass=***", "password=***", "passwd=***",
                                                         "pwd=***"};
  const std::string_view uri = transaction.text(HttpField::uri);
  for (size_t at = uri.find("***"); at != std::string_view::npos; at = uri.find("***", at + 1)) {
    const std::string_view front = uri.substr(0, at + 3);
    if (std::any_of(kEnds.begin(), kEnds.end(), [&](std::string_view end) {
          return front.size() >= end.size() &&
                 equal_ignoring_case(front.substr(front.size() - end.size()), end);
        })) {
      return true;
    }
  }
  return false;
}

/// How the request proves who it is, empty when it does not.
std::string_view scheme_of(const HttpTransaction& transaction) noexcept {
  if (posts_logon_form(transaction)) return "Forms";
  const std::string_view scheme = transaction.text(HttpField::auth_scheme);
  return scheme.empty() && has_password_in_url(transaction) ? "URL parameter" : scheme;
}

// Whoever listens can use these as they are; NTLM, Negotiate and Digest prove without telling.
bool tells_secret(std::string_view scheme) noexcept {
  return equal_ignoring_case(scheme, "basic") || equal_ignoring_case(scheme, "bearer") ||
         scheme == "Forms" || scheme == "URI" || scheme == "URL parameter";
}

// A server that answers so keeps Exchange behind TLS, or has no Exchange.
bool declines(const HttpTransaction& transaction) noexcept {
  switch (transaction.status()) {
    case 301:
    case 302:
    case 303:
    case 307:
    case 308:
      return starts_ignoring_case(transaction.text(HttpField::location), "https:");
    case 400:
    case 403:
    case 404:
    case 405:
    case 410:
    case 421:
    case 426:
    case 501:
    case 505:
      return true;
    default:
      return false;
  }
}

/// The name a server has inside, when its headers tell.
std::string_view internal_name_of(const HttpTransaction& transaction) noexcept {
  return transaction.text(transaction.has(HttpField::be_server) ? HttpField::be_server
                                                                : HttpField::fe_server);
}

class PlaintextExchange final : public FlowDetector {
 public:
  explicit PlaintextExchange(const Site& site) : site_(site) {}

  DetectorInfo info() const noexcept override {
    return {"plaintext_exchange", kWantsRequests | kWantsResponses | kWantsTransactions};
  }
  std::vector<const Signature*> signatures() const override {
    return {&kRequest, &kCredentials, &kAcceptedHop};
  }
  void request_head(const FlowContext& context, HttpTransaction& transaction,
                    FindingSink& sink) override {
    const std::string_view scheme = scheme_of(transaction);
    if (scheme.empty()) return;
    if (const Endpoint* endpoint = endpoint_of(transaction)) {
      judge(context, transaction, *endpoint, scheme, sink);
    }
  }
  void response_head(const FlowContext& context, HttpTransaction& transaction,
                     FindingSink& sink) override {
    if (transaction.judged || !transaction.request_seen) return;
    const std::string_view scheme = scheme_of(transaction);
    const Endpoint* endpoint = endpoint_of(transaction);
    if (endpoint == nullptr ||
        (scheme.empty() && (declines(transaction) || is_published_calendar(*endpoint)))) {
      transaction.judged = true;
      return;
    }
    judge(context, transaction, *endpoint, scheme, sink);
  }
  void transaction_over(const FlowContext& context, HttpTransaction& transaction,
                        FindingSink& sink) override {
    // Never answered before our eyes: the request has crossed the wire all the same.
    if (transaction.judged || !transaction.request_seen || transaction.response_seen) return;
    if (const Endpoint* endpoint = endpoint_of(transaction)) {
      judge(context, transaction, *endpoint, scheme_of(transaction), sink);
    }
  }

 private:
  void judge(const FlowContext& context, HttpTransaction& transaction, const Endpoint& endpoint,
             std::string_view scheme, FindingSink& sink) {
    transaction.judged = true;
    const Hop hop = hop_of(site_, context.flow);
    if (hop == Hop::loopback && site_.loopback_allowed) return;
    if (hop == Hop::accepted) {
      tell(kAcceptedHop, context, transaction, endpoint, scheme, hop, sink);
      return;
    }
    tell(kRequest, context, transaction, endpoint, scheme, hop, sink);
    if (tells_secret(scheme)) {
      tell(kCredentials, context, transaction, endpoint, scheme, hop, sink);
    }
  }

  void tell(const Signature& signature, const FlowContext& context,
            const HttpTransaction& transaction, const Endpoint& endpoint, std::string_view scheme,
            Hop hop, FindingSink& sink) {
    const flow::Flow& flow = context.flow;
    const std::string_view user = transaction.text(HttpField::auth_user);
    Finding finding = Finding::of(signature, context.now, context.packet);
    // As shipped these accept port 80: a habit of the product before it is one of the site.
    const bool by_default =
        signature.sid == kRequest.sid && endpoint.plain_by_default && !tells_secret(scheme);
    if (by_default) finding.severity = 3;
    finding.http = &transaction;
    finding.story = story_of(signature, flow, endpoint, user);
    const FactsBy source([&](Facts& facts) {
      facts.add("endpoint", endpoint.protocol);
      facts.add("products", endpoint.products);
      facts.add("url_path", path_of(transaction));
      facts.add("method", transaction.text(HttpField::method));
      if (!scheme.empty()) facts.add("auth_scheme", scheme);
      if (!user.empty()) facts.add("user", user);
      facts.add("hop", to_text(hop));
      if (signature.sid == kAcceptedHop.sid) {
        facts.add("proxy", wire::to_text(flow.client(), flow.key.ip_version));
      }
      facts.add("server", wire::to_text(flow.server(), flow.key.ip_version));
      if (transaction.response_seen) facts.add("status_code", transaction.status());
      if (const auto product = inspect::exchange_product(transaction); !product.empty()) {
        facts.add("server_product", product);
      }
      if (by_default) facts.add("default", "accepts port 80 as shipped");
      if (const auto name = internal_name_of(transaction); !name.empty()) {
        facts.add("internal_name", name);
      }
    });
    finding.source = &source;
    sink.found(context, finding);
  }

  // One story per client, server, endpoint and user. Legs that were accepted are one story each.
  static uint64_t story_of(const Signature& signature, const flow::Flow& flow,
                           const Endpoint& endpoint, std::string_view user) noexcept {
    SipHash13 hash{HashKey{}};
    hash.word(signature.sid);
    hash.octets(flow.client().data(), flow.client().size());
    hash.octets(flow.server().data(), flow.server().size());
    if (signature.sid != kAcceptedHop.sid) {
      hash.word(flow.server_port());
      hash.octets(endpoint.protocol.data(), endpoint.protocol.size());
      hash.octets(user.data(), user.size());
    }
    return hash.finish();
  }

  const Site& site_;
};

}  // namespace

std::unique_ptr<FlowDetector> make_plaintext_exchange(const Site& site) {
  return std::make_unique<PlaintextExchange>(site);
}

}  // namespace exwire::detect
