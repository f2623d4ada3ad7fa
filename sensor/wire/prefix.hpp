// SPDX-License-Identifier: BSD-3-Clause
// Address prefixes, IPv4 or IPv6 (RFC 4632, RFC 4291 2.3), as configuration and rules name hosts.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "sensor/wire/flow_key.hpp"

namespace exwire::wire {

struct Prefix {
  Address address{};
  uint8_t ip_version = 4;
  uint8_t length = 0;  ///< bits

  bool covers(const Address& other, uint8_t version) const noexcept;
  /// Shortened until it covers `other` too, an address of the same version.
  void widen_to(const Address& other) noexcept;
  /// "10.1.0.0/24", "10.1.2.3", "2001:db8::/32"; nothing when it is none of these.
  static std::optional<Prefix> parse(std::string_view text);
};

/// As `parse` reads it, always with its length.
std::string to_text(const Prefix& prefix);

}  // namespace exwire::wire
