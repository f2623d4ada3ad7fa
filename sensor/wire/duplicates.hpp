// SPDX-License-Identifier: BSD-3-Clause
// Second copies of packets. A span port that mirrors both sides of a router or switch shows each
// packet twice within a millisecond, with another TTL, VLAN or MAC address. Taken for
// retransmissions they would ruin every measure of loss.
#pragma once

#include <array>
#include <cstdint>

#include "sensor/base/universal_hash.hpp"
#include "sensor/wire/packet.hpp"

namespace exwire::wire {

class Duplicates {
 public:
  static constexpr int64_t kWindowNs = kNanosPerMilli;
  static constexpr uint64_t kNotCompared = 0;

  explicit Duplicates(HashKey secret) noexcept : hash_(secret) {}
  /// What second copies have in common; its place is being fetched from then on.
  uint64_t print_of(const Packet& packet) const noexcept;
  /// True when the same packet was seen within the window. A retransmission differs in the IPv4
  /// identification; where that tells nothing (IPv6, identification 0) bare acknowledgements
  /// are not compared, for they repeat honestly.
  bool is_second_copy(const Packet& packet, uint64_t print) noexcept;

 private:
  struct Seen {
    uint64_t print = 0;
    int64_t when_ns = 0;
  };
  static constexpr size_t kPlaces = 8192, kBucket = 4;
  /// Of the payload so many octets are compared at its start, and as many at its end.
  static constexpr uint32_t kCompared = 64;
  static constexpr size_t kHeadWords = 4, kWords = kCompared / sizeof(uint64_t);
  using Hash = UniversalHash<kHeadWords + 2 * kWords>;

  Hash::Wide sum_of_octets(size_t place, Bytes octets) const noexcept;

  Hash hash_;
  alignas(kBucket * sizeof(Seen)) std::array<Seen, kPlaces> seen_{};  // a bucket: a cache line
};

}  // namespace exwire::wire
