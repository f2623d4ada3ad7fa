// SPDX-License-Identifier: BSD-3-Clause
#include "sensor/wire/prefix.hpp"

#include <arpa/inet.h>

#include <algorithm>
#include <charconv>

namespace exwire::wire {

bool Prefix::covers(const wire::Address& other, uint8_t version) const noexcept {
  if (version != ip_version) return false;
  const size_t whole = length / 8;
  const auto rest = static_cast<unsigned>(length % 8);
  if (!std::equal(address.begin(), address.begin() + whole, other.begin())) return false;
  return rest == 0 || ((address[whole] ^ other[whole]) >> (8 - rest)) == 0;
}

void Prefix::widen_to(const Address& other) noexcept {
  while (!covers(other, ip_version)) --length;
  size_t octet = length / 8;
  if (length % 8 != 0) address[octet++] &= static_cast<uint8_t>(0xff00U >> (length % 8));
  std::fill(address.begin() + octet, address.end(), uint8_t{0});
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

std::string to_text(const Prefix& prefix) {
  return to_text(prefix.address, prefix.ip_version) + "/" + std::to_string(prefix.length);
}

}  // namespace exwire::wire
