// SPDX-License-Identifier: BSD-3-Clause
#include "sensor/detect/site.hpp"

#include <algorithm>

namespace exwire::detect {

const wire::Address& machine_of(const Site& site, const wire::Address& address,
                                uint8_t version) noexcept {
  for (const OwnAddresses& machine : site.own_addresses) {
    const bool own = std::any_of(machine.begin(), machine.end(), [&](const Prefix& prefix) {
      return prefix.covers(address, version);
    });
    if (own) return machine.front().address;
  }
  return address;
}

Hop hop_of(const Site& site, const flow::Flow& flow) noexcept {
  const uint8_t version = flow.key.ip_version;
  const wire::Address &client = flow.client(), &server = flow.server();
  const bool one_machine =
      client == server || (!site.own_addresses.empty() &&
                           machine_of(site, client, version) == machine_of(site, server, version));
  if (one_machine || wire::is_loopback(client, version) || wire::is_loopback(server, version)) {
    return Hop::loopback;
  }
  const bool accepted = std::any_of(site.plaintext_hops.begin(), site.plaintext_hops.end(),
                                    [&](const PlaintextHop& hop) {
                                      return hop.proxy.covers(client, version) &&
                                             (!hop.server || hop.server->covers(server, version));
                                    });
  return accepted ? Hop::accepted : Hop::direct;
}

const char* to_text(Hop hop) noexcept {
  switch (hop) {
    case Hop::accepted:
      return "accepted";
    case Hop::loopback:
      return "loopback";
    default:
      return "direct";
  }
}

}  // namespace exwire::detect
