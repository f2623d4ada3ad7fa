// SPDX-License-Identifier: BSD-3-Clause
// The identity of a TCP connection: both endpoints in canonical order, and VLAN. Canonical
// order makes both directions share one key and one hash, so one worker sees both.
#pragma once

#include <array>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>

#include "sensor/base/bytes.hpp"
#include "sensor/base/siphash.hpp"

namespace exwire::wire {

/// 16 octets, network order; an IPv4 address stands in the first four, the rest is zero.
using Address = std::array<uint8_t, 16>;

/// `lo` is the endpoint with the smaller (address, port). Ports in host order. VLAN 0: none.
struct FlowKey {
  Address lo{}, hi{};
  uint16_t lo_port = 0, hi_port = 0;
  uint16_t vlan = 0;
  uint8_t inner_vlan = 0;  ///< digest of the second VLAN tag (QinQ), 0 without
  uint8_t ip_version = 4;  ///< 4 or 6

  friend bool operator==(const FlowKey& a, const FlowKey& b) noexcept {
    return std::memcmp(&a, &b, sizeof(FlowKey)) == 0;
  }
};
static_assert(sizeof(FlowKey) == 40);

inline uint64_t hash_of(const FlowKey& key, HashKey secret) noexcept {
  SipHash13 hash(secret);
  if (key.ip_version == 4) {  // both addresses are one word
    hash.word(uint64_t{load_be32(key.lo.data())} << 32 | load_be32(key.hi.data()));
  } else {
    for (const Address* address : {&key.lo, &key.hi}) {
      hash.word(load_be64(address->data()));
      hash.word(load_be64(address->data() + 8));
    }
  }
  hash.word(uint64_t{key.lo_port} << 48 | uint64_t{key.hi_port} << 32 | uint64_t{key.vlan} << 16 |
            uint64_t{key.inner_vlan} << 8 | key.ip_version);
  return hash.finish();
}

/// Puts both endpoints in canonical order; true when `source` became `lo`. Addresses go in halves,
/// as they were written just before: a load that spans two fresh stores would wait for both.
inline bool set_endpoints(FlowKey& key, const Address& source, uint16_t source_port,
                          const Address& destination, uint16_t destination_port) noexcept {
  constexpr size_t kHalf = sizeof(uint64_t);
  uint64_t from = load_be64(source.data()), to = load_be64(destination.data());
  if (from == to) {
    from = load_be64(source.data() + kHalf);
    to = load_be64(destination.data() + kHalf);
  }
  const bool source_is_lo = from < to || (from == to && source_port <= destination_port);
  const Address& lo = source_is_lo ? source : destination;
  const Address& hi = source_is_lo ? destination : source;
  for (const size_t half : {size_t{0}, kHalf}) {
    std::memcpy(key.lo.data() + half, lo.data() + half, kHalf);
    std::memcpy(key.hi.data() + half, hi.data() + half, kHalf);
  }
  key.lo_port = source_is_lo ? source_port : destination_port;
  key.hi_port = source_is_lo ? destination_port : source_port;
  return source_is_lo;
}

/// Dotted quad, or eight groups in full as Suricata writes IPv6.
std::string to_text(const Address& address, uint8_t ip_version);

/// The same into a place of its own.
class AddressText {
 public:
  AddressText(const Address& address, uint8_t ip_version) noexcept;
  std::string_view view() const noexcept { return {octets_.data(), size_}; }

 private:
  std::array<char, 40> octets_;
  size_t size_ = 0;
};

/// Community ID v1 for TCP (corelight/community-id-spec): "1:..." and the base64 of a SHA-1. VLANs
/// take no part.
using CommunityId = std::array<char, 30>;
CommunityId community_id(const FlowKey& key, uint16_t seed);

/// 127/8 or ::1.
bool is_loopback(const Address& address, uint8_t ip_version) noexcept;

}  // namespace exwire::wire
