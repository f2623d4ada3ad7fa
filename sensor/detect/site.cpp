// SPDX-License-Identifier: BSD-3-Clause
#include "sensor/detect/site.hpp"

#include <arpa/inet.h>

#include <algorithm>
#include <charconv>
#include <string>

namespace exwire::detect {

bool Prefix::covers(const wire::Address& other, uint8_t version) const noexcept {
  if (version != ip_version) return false;
  const size_t whole = length / 8;
  const auto rest = static_cast<unsigned>(length % 8);
  if (!std::equal(address.begin(), address.begin() + whole, other.begin())) return false;
  return rest == 0 || ((address[whole] ^ other[whole]) >> (8 - rest)) == 0;
}

std::optional<Prefix> Prefix::parse(std::string_view text) {
  const size_t slash = text.find('/');
  const std::string address(text.substr(0, slash));
  Prefix prefix;
  prefix.ip_version = address.find(':') == std::string::npos ? 4 : 6;
  const int family = prefix.ip_version == 4 ? AF_INET : AF_INET6;
  const uint8_t most = prefix.ip_version == 4 ? 32 : 128;
  if (inet_pton(family, address.c_str(), prefix.address.data()) != 1) return std::nullopt;
  prefix.length = most;
  if (slash != std::string_view::npos) {
    const std::string_view bits = text.substr(slash + 1);
    const auto [end, error] =
        std::from_chars(bits.data(), bits.data() + bits.size(), prefix.length);
    if (error != std::errc{} || end != bits.data() + bits.size() || prefix.length > most) {
      return std::nullopt;
    }
  }
  return prefix;
}

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
  if (wire::is_loopback(flow.client(), version) || wire::is_loopback(flow.server(), version) ||
      machine_of(site, flow.client(), version) == machine_of(site, flow.server(), version)) {
    return Hop::loopback;
  }
  const bool accepted = std::any_of(
      site.plaintext_hops.begin(), site.plaintext_hops.end(), [&](const PlaintextHop& hop) {
        return hop.proxy.covers(flow.client(), version) &&
               (!hop.server || hop.server->covers(flow.server(), version));
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
