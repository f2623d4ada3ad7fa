// SPDX-License-Identifier: BSD-3-Clause
// Hashes of the connections that packets came from just now. Packets come in trains: the keyed hash
// of a connection is rarely needed for one packet only. What is remembered is compared in full;
// connections that share a place forget each other.
#pragma once

#include <array>

#include "sensor/wire/flow_key.hpp"

namespace exwire::wire {

class RecentHashes {
 public:
  explicit RecentHashes(HashKey secret) noexcept : secret_(secret) {}

  /// hash_of() the key.
  uint64_t of(const FlowKey& key) noexcept {
    Entry& entry = entries_[(key.lo_port ^ key.hi_port ^ key.vlan) % kPlaces];
    if (!is_same(entry.key, key)) remember(key, entry);
    return entry.hash;
  }

 private:
  struct Entry {
    FlowKey key{.ip_version = 0};  ///< nobody's
    uint64_t hash = 0;
  };
  static constexpr size_t kPlaces = 64;

  void remember(const FlowKey& key, Entry& entry) const noexcept;
  // Piece by piece as the key was written just before: wider loads would wait for those stores.
  static bool is_same(const FlowKey& one, const FlowKey& other) noexcept {
    const auto half = [](const Address& address, size_t at) {
      uint64_t octets;
      std::memcpy(&octets, address.data() + at, sizeof octets);
      return octets;
    };
    const uint64_t difference =
        (half(one.lo, 0) ^ half(other.lo, 0)) | (half(one.lo, 8) ^ half(other.lo, 8)) |
        (half(one.hi, 0) ^ half(other.hi, 0)) | (half(one.hi, 8) ^ half(other.hi, 8));
    return difference == 0 && one.lo_port == other.lo_port && one.hi_port == other.hi_port &&
           one.vlan == other.vlan && one.inner_vlan == other.inner_vlan &&
           one.ip_version == other.ip_version;
  }

  HashKey secret_;
  std::array<Entry, kPlaces> entries_{};
};

}  // namespace exwire::wire
