// SPDX-License-Identifier: BSD-3-Clause
// What the configuration says about the user's own network, in the form detectors ask.
#pragma once

#include <bitset>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "sensor/detect/push_settings.hpp"
#include "sensor/detect/stage.hpp"
#include "sensor/flow/flow.hpp"
#include "sensor/wire/prefix.hpp"

namespace exwire::detect {

namespace rules {
class ActiveRules;
}

using wire::Prefix;

/// A leg on which plaintext is accepted: from an SSL-bridging proxy to a server.
struct PlaintextHop {
  Prefix proxy;
  std::optional<Prefix> server;  ///< none: to any server
};

/// Addresses of one machine.
using OwnAddresses = std::vector<Prefix>;

struct Site {
  PushSettings push;
  std::vector<Prefix> servers;
  std::bitset<65536> tls_ports;  ///< those of flow::Watch
  std::vector<PlaintextHop> plaintext_hops;
  std::vector<OwnAddresses> own_addresses;
  std::vector<Prefix> gateways;  ///< allowed to reach the servers; empty: anybody is
  std::vector<std::string>
      allowed_agents;  ///< user agents, by their front, free to use any endpoint
  bool loopback_allowed = true;
  const rules::ActiveRules* rules = nullptr;  ///< loaded signatures; outlive all detectors
  StallSettings stalled;
};

enum class Hop : uint8_t {
  direct,    ///< across a network, nothing said about it
  accepted,  ///< configured as an accepted plaintext leg
  loopback,  ///< within one machine
};

/// One address for each machine: the first of its own ones where the site names several.
const wire::Address& machine_of(const Site& site, const wire::Address& address,
                                uint8_t version) noexcept;

/// Loopback means 127/8, ::1, or a machine that talks to one of its own addresses: real Exchange
/// 2003 front-end hops use the LAN address.
Hop hop_of(const Site& site, const flow::Flow& flow) noexcept;
const char* to_text(Hop hop) noexcept;

}  // namespace exwire::detect
