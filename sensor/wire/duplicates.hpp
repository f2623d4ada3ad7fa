// SPDX-License-Identifier: BSD-3-Clause
// Second copies of packets. A span port that mirrors both sides of a router or switch shows each
// packet twice within a millisecond, with another TTL, VLAN or MAC address. Taken for
// retransmissions they would ruin every measure of loss.
#pragma once

#include <array>
#include <cstdint>
#include <cstring>

#include "sensor/base/keyed_buckets.hpp"
#include "sensor/base/universal_hash.hpp"
#include "sensor/wire/packet.hpp"

namespace exwire::wire {

class Duplicates {
 public:
  static constexpr int64_t kWindowNs = kNanosPerMilli;
  static constexpr uint64_t kNotCompared = 0;

  explicit Duplicates(HashKey secret) noexcept : hash_(secret) {}
  /// What second copies have in common; its place is being fetched from then on.
  uint64_t print_of(const Packet& packet) const noexcept {
    constexpr uint8_t kTurns = kSyn | kFin | kRst;
    const bool bare = packet.payload_octets == 0 && (packet.tcp_flags & kTurns) == 0;
    if (packet.identification == 0 && bare) return kNotCompared;
    const uint64_t marks = uint64_t{packet.payload.size} << 41 | uint64_t{packet.tcp_flags} << 33 |
                           uint64_t{packet.from_lo} << 32 | uint64_t{packet.window} << 16 |
                           packet.identification;
    Hash::Wide sum = hash_.pair(0, packet.hash, uint64_t{packet.seq} << 32 | packet.ack);
    sum += hash_.pair(2, marks, uint64_t{packet.payload_octets} << 32 | packet.timestamp);
    if (packet.payload.size >= kCompared) {
      sum = add_octets(sum, kHeadWords, packet.payload.data);
      if (packet.payload.size > kCompared) {
        sum = add_octets(sum, kHeadWords + kWords, packet.payload.end() - kCompared);
      }
    } else if (!packet.payload.empty()) {
      sum = add_few(sum, packet.payload);
    }
    const uint64_t print = hash_.digest(sum);
    __builtin_prefetch(&bucket_of<kBucket>(seen_, print), 1);
    return print;
  }
  /// True when the same packet was seen within the window. A retransmission differs in the IPv4
  /// identification; where that tells nothing (IPv6, identification 0) bare acknowledgements
  /// are not compared, for they repeat honestly.
  bool is_second_copy(const Packet& packet, uint64_t print) noexcept {
    if (print == kNotCompared) return false;
    Seen& seen = place_of<kBucket>(seen_, print, &Seen::when_ns);
    const int64_t since = packet.time.ns - seen.when_ns;
    const bool second = seen.print == print && since >= 0 && since <= kWindowNs;
    seen = {print, packet.time.ns};
    return second;
  }

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

  /// Adds kCompared octets.
  Hash::Wide add_octets(Hash::Wide sum, size_t place, const uint8_t* at) const noexcept {
    for (size_t word = 0; word < kWords; word += 2) {
      uint64_t pair[2];
      std::memcpy(pair, at + word * sizeof *pair, sizeof pair);
      sum += hash_.pair(place + word, pair[0], pair[1]);
    }
    return sum;
  }
  Hash::Wide add_few(Hash::Wide sum, Bytes octets) const noexcept;

  Hash hash_;
  alignas(kBucket * sizeof(Seen)) std::array<Seen, kPlaces> seen_{};  // a bucket: a cache line
};

}  // namespace exwire::wire
