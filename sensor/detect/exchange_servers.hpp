// SPDX-License-Identifier: BSD-3-Clause
// The Exchange servers a worker knows: those of site.servers, or when there are none, those learned
// from traffic, with the reason. Bounded: the oldest entry makes room. Names a client asks for and
// names in a certificate teach here; others who see an endpoint call learn().
#pragma once

#include <array>
#include <boost/unordered/unordered_flat_map.hpp>
#include <cstdint>
#include <string_view>
#include <vector>

#include "sensor/detect/site.hpp"
#include "sensor/flow/flow.hpp"
#include "sensor/inspect/tls_facts.hpp"

namespace exwire::detect {

enum class Reason : uint8_t { configured, asked_name, certificate_name, own_certificate, endpoint };
const char* to_text(Reason reason) noexcept;

/// An address of somebody's own network, not of the Internet (RFC 1918, 4193, 6598, 3927).
bool is_private(const wire::Address& address, uint8_t ip_version) noexcept;

struct ExchangeServer {
  Reason reason = Reason::configured;
  uint8_t size = 0;
  std::array<char, 62> octets{};

  /// What was seen: the name, the endpoint's protocol; cut to 62 octets.
  std::string_view detail() const noexcept { return {octets.data(), size}; }
};

class ExchangeServers {
 public:
  static constexpr uint32_t kMost = 1024;
  static constexpr uint32_t kMostProducts = 64;
  static constexpr uint16_t kAnyTlsPort = 0;

  /// `site` must outlive it.
  explicit ExchangeServers(const Site& site);

  /// Null when the server of this flow is not known to be Exchange, or when its port is known for
  /// another service of the same machine (mail transport, directory, remote desktop).
  const ExchangeServer* find(const flow::Flow& flow) const noexcept;
  /// Somebody else's server, whatever name was asked for: every phone tries autodiscover.<domain>
  /// at whoever hosts the domain. Never one of site.servers.
  bool is_foreign(const flow::Flow& flow, const inspect::TlsHandshake& handshake) const noexcept;
  /// What a handshake teaches about its server; answers as find() does then.
  const ExchangeServer* learn(const flow::Flow& flow, const inspect::TlsHandshake& handshake);
  /// For those who saw an endpoint: of one port, or with kAnyTlsPort of all of site.ports.tls.
  void learn(const wire::Address& server, uint8_t ip_version, uint16_t port, Reason reason,
             std::string_view detail);
  /// `product`: a literal; whatever the port, for a machine runs one Exchange.
  void learn_product(const wire::Address& server, std::string_view product);
  /// Empty when no header told it.
  std::string_view product_of(const flow::Flow& flow) const noexcept;
  uint32_t size() const noexcept { return static_cast<uint32_t>(by_endpoint_.size()); }

 private:
  struct Endpoint {
    wire::Address address{};
    uint16_t port = 0;
    uint8_t ip_version = 0;
    friend bool operator==(const Endpoint&, const Endpoint&) noexcept = default;
  };
  struct Hash {
    using is_avalanching = void;
    size_t operator()(const Endpoint& endpoint) const noexcept;
  };

  const ExchangeServer* at(const flow::Flow& flow, uint16_t port) const noexcept;
  const ExchangeServer* at_any_tls_port(const flow::Flow& flow) const noexcept;
  /// Whether they taught anything.
  bool learn_names(const flow::Flow& flow, const inspect::TlsHandshake& handshake);

  const Site& site_;
  boost::unordered_flat_map<Endpoint, ExchangeServer, Hash> by_endpoint_;
  std::vector<Endpoint> order_;  ///< a ring: in which order they came
  uint32_t next_ = 0;
  std::vector<std::pair<wire::Address, std::string_view>> products_;
};

}  // namespace exwire::detect
