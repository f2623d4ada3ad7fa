// SPDX-License-Identifier: BSD-3-Clause
// Second copies of packets. A span port that mirrors both sides of a router or switch shows each
// packet twice within a millisecond, with another TTL, VLAN or MAC address. Taken for
// retransmissions they would ruin every measure of loss.
#pragma once

#include <array>
#include <cstdint>

#include "sensor/base/siphash.hpp"
#include "sensor/wire/packet.hpp"

namespace exwire::wire {

class Duplicates {
 public:
  static constexpr int64_t kWindowNs = kNanosPerMilli;
  static constexpr uint64_t kNotCompared = 0;

  explicit Duplicates(HashKey secret) noexcept : secret_(secret) {}
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
  HashKey secret_;
  alignas(kBucket * sizeof(Seen)) std::array<Seen, kPlaces> seen_{};  // a bucket: a cache line
};

}  // namespace exwire::wire
