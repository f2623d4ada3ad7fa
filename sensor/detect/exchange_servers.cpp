// SPDX-License-Identifier: BSD-3-Clause
#include "sensor/detect/exchange_servers.hpp"

#include <algorithm>

#include "sensor/detect/address_hash.hpp"
#include "sensor/detect/host_names.hpp"

namespace exwire::detect {
namespace {

using inspect::Certificate;
using inspect::TlsField;
using inspect::TlsHandshake;

constexpr ExchangeServer kConfigured{};

// Services besides HTTPS whose certificates and versions are another matter: SMTP, POP, IMAP, LDAP,
// their TLS ports, RPC over SMB, databases, RDP, SIP, remote management.
constexpr std::array<uint16_t, 27> kOtherServices{
    25,   110,  143,  389,  445,  465,  475,  587,  636,  717,  853,  990,  993, 995,
    1080, 1433, 2525, 3128, 3268, 3269, 3306, 3389, 5061, 5432, 5986, 8172, 9389};

static_assert(std::is_sorted(kOtherServices.begin(), kOtherServices.end()));

bool is_other_service(uint16_t port) noexcept {
  return std::binary_search(kOtherServices.begin(), kOtherServices.end(), port);
}

// From inside to somewhere on the Internet: somebody else's server, most likely.
bool leaves_site(const flow::Flow& flow) noexcept {
  const uint8_t version = flow.key.ip_version;
  return is_private(flow.client(), version) && !is_private(flow.server(), version) &&
         !wire::is_loopback(flow.server(), version);
}

// Hosting panels put autodiscover.* into every certificate they order.
bool is_hosting_panel(const Certificate& certificate) noexcept {
  return std::any_of(certificate.names.begin(), certificate.names.end(), [](std::string_view name) {
    return name.starts_with("cpanel.") || name.starts_with("webdisk.") || name.starts_with("whm.");
  });
}

bool is_public_service(const Certificate& certificate) noexcept {
  return detect::is_public_service(certificate.common_name) ||
         std::any_of(certificate.names.begin(), certificate.names.end(),
                     [](std::string_view name) { return detect::is_public_service(name); });
}

// Exchange makes it for five years; other self-made certificates of this form live shorter or
// longer.
bool lives_five_years(const Certificate& certificate) noexcept {
  constexpr int64_t kDay = 86400;
  if (certificate.not_before_s == inspect::kNoTime || certificate.not_after_s == inspect::kNoTime) {
    return false;
  }
  const int64_t life = certificate.not_after_s - certificate.not_before_s;
  return life >= 1824 * kDay && life <= 1828 * kDay;
}

}  // namespace

bool is_private(const wire::Address& address, uint8_t ip_version) noexcept {
  if (ip_version == 6) return (address[0] & 0xfe) == 0xfc || address[0] == 0xfe;
  return address[0] == 10 || (address[0] == 172 && (address[1] & 0xf0) == 16) ||
         (address[0] == 192 && address[1] == 168) ||
         (address[0] == 100 && (address[1] & 0xc0) == 64) ||
         (address[0] == 169 && address[1] == 254);
}

const char* to_text(Reason reason) noexcept {
  switch (reason) {
    case Reason::asked_name:
      return "name asked for";
    case Reason::certificate_name:
      return "name in certificate";
    case Reason::own_certificate:
      return "certificate made by Exchange";
    case Reason::endpoint:
      return "endpoint";
    case Reason::configured:
      break;
  }
  return "site.servers";
}

size_t ExchangeServers::Hash::operator()(const Endpoint& endpoint) const noexcept {
  SipHash13 hash{HashKey{}};
  add_address(hash, endpoint.address, endpoint.ip_version);
  hash.word(uint64_t{endpoint.port} << 8 | endpoint.ip_version);
  return hash.finish();
}

ExchangeServers::ExchangeServers(const Site& site) : site_(site) {
  by_endpoint_.reserve(kMost);
  order_.reserve(kMost);
  products_.reserve(kMostProducts);
}

const ExchangeServer* ExchangeServers::at(const flow::Flow& flow, uint16_t port) const noexcept {
  if (by_endpoint_.empty()) return nullptr;  // as on most links: nothing to hash for
  const auto known = by_endpoint_.find({flow.server(), port, flow.key.ip_version});
  return known == by_endpoint_.end() ? nullptr : &known->second;
}

const ExchangeServer* ExchangeServers::at_any_tls_port(const flow::Flow& flow) const noexcept {
  return site_.tls_ports[flow.server_port()] ? at(flow, kAnyTlsPort) : nullptr;
}

const ExchangeServer* ExchangeServers::find(const flow::Flow& flow) const noexcept {
  if (is_other_service(flow.server_port())) return nullptr;
  if (!site_.servers.empty()) {
    const bool configured = std::any_of(
        site_.servers.begin(), site_.servers.end(),
        [&](const Prefix& prefix) { return prefix.covers(flow.server(), flow.key.ip_version); });
    return configured ? &kConfigured : nullptr;
  }
  const ExchangeServer* known = at(flow, flow.server_port());
  return known != nullptr ? known : at_any_tls_port(flow);
}

bool ExchangeServers::is_foreign(const flow::Flow& flow,
                                 const TlsHandshake& handshake) const noexcept {
  const Certificate* certificate = handshake.server_certificate;
  if (!site_.servers.empty() || certificate == nullptr || !certificate->readable) return false;
  if (is_hosting_panel(*certificate) || is_public_service(*certificate)) return true;
  const bool named = handshake.has(TlsField::sni) && !(handshake.flags & kExwireTlsEncryptedHello);
  return named && leaves_site(flow) && !covers_name(*certificate, handshake.text(TlsField::sni));
}

const ExchangeServer* ExchangeServers::learn(const flow::Flow& flow,
                                             const TlsHandshake& handshake) {
  const uint16_t port = flow.server_port();
  const bool teaches = site_.servers.empty() && handshake.server_seen() &&
                       !is_other_service(port) && !flow.has(flow::kUncertainRoles);
  if (!teaches) return find(flow);
  // What taught first counts.
  if (const ExchangeServer* known = at(flow, port); known != nullptr) return known;
  return learn_names(flow, handshake) ? at(flow, port) : at_any_tls_port(flow);
}

bool ExchangeServers::learn_names(const flow::Flow& flow, const TlsHandshake& handshake) {
  const uint16_t port = flow.server_port();
  const bool tls_port = site_.tls_ports[port];
  const bool at_home = tls_port && !leaves_site(flow);
  const NameSign least = at_home ? NameSign::common : NameSign::exchange;
  const auto teaches = [&](std::string_view name) {
    return sign_of(name, least) != NameSign::none;
  };
  const auto keep = [&](Reason reason, std::string_view detail) {
    if (is_foreign(flow, handshake)) return false;
    learn(flow.server(), flow.key.ip_version, port, reason, detail);
    return true;
  };
  const bool named = handshake.has(TlsField::sni) && !(handshake.flags & kExwireTlsEncryptedHello);
  if (named && teaches(handshake.text(TlsField::sni))) {
    return keep(Reason::asked_name, handshake.text(TlsField::sni));
  }
  const Certificate* certificate = handshake.server_certificate;
  if (certificate == nullptr || !certificate->readable || !tls_port) return false;
  if (is_self_provisioned(*certificate) && lives_five_years(*certificate)) {
    return keep(Reason::own_certificate, certificate->common_name);
  }
  if (teaches(certificate->common_name)) {
    return keep(Reason::certificate_name, certificate->common_name);
  }
  // One certificate may serve the whole company: its further names count where nobody asked for
  // another one.
  if (handshake.has(TlsField::sni)) return false;
  const auto name = std::find_if(certificate->names.begin(), certificate->names.end(), teaches);
  return name != certificate->names.end() && keep(Reason::certificate_name, *name);
}

void ExchangeServers::learn(const wire::Address& server, uint8_t ip_version, uint16_t port,
                            Reason reason, std::string_view detail) {
  const Endpoint endpoint{server, port, ip_version};
  if (by_endpoint_.contains(endpoint)) return;
  ExchangeServer entry;
  entry.reason = reason;
  entry.size = static_cast<uint8_t>(std::min(detail.size(), entry.octets.size()));
  std::copy_n(detail.begin(), entry.size, entry.octets.begin());
  if (order_.size() < kMost) {
    order_.push_back(endpoint);
  } else {
    by_endpoint_.erase(order_[next_]);
    order_[next_] = endpoint;
    next_ = (next_ + 1) % kMost;
  }
  by_endpoint_.emplace(endpoint, entry);
}

void ExchangeServers::learn_product(const wire::Address& server, std::string_view product) {
  if (product.empty()) return;
  const auto known = std::find_if(products_.begin(), products_.end(),
                                  [&](const auto& each) { return each.first == server; });
  if (known != products_.end()) {
    known->second = product;
  } else if (products_.size() < kMostProducts) {
    products_.emplace_back(server, product);
  }
}

std::string_view ExchangeServers::product_of(const flow::Flow& flow) const noexcept {
  const auto known = std::find_if(products_.begin(), products_.end(),
                                  [&](const auto& each) { return each.first == flow.server(); });
  return known == products_.end() ? std::string_view{} : known->second;
}

}  // namespace exwire::detect
