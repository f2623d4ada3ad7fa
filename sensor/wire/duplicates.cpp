// SPDX-License-Identifier: BSD-3-Clause
#include "sensor/wire/duplicates.hpp"

#include <cstring>

#include "sensor/base/keyed_buckets.hpp"

namespace exwire::wire {

uint64_t Duplicates::print_of(const Packet& packet) const noexcept {
  constexpr uint8_t kTurns = kSyn | kFin | kRst;
  const bool bare = packet.payload_octets == 0 && (packet.tcp_flags & kTurns) == 0;
  if (packet.identification == 0 && bare) return kNotCompared;
  const uint64_t marks = uint64_t{packet.payload.size} << 41 | uint64_t{packet.tcp_flags} << 33 |
                         uint64_t{packet.from_lo} << 32 | uint64_t{packet.window} << 16 |
                         packet.identification;
  Hash::Wide sum = hash_.pair(0, packet.hash, uint64_t{packet.seq} << 32 | packet.ack);
  sum += hash_.pair(2, marks, uint64_t{packet.payload_octets} << 32 | packet.timestamp);
  if (packet.payload.size > 0) sum += sum_of_octets(kHeadWords, packet.payload.first(kCompared));
  if (packet.payload.size > kCompared) {
    const Bytes end = packet.payload.from(packet.payload.size - kCompared);
    sum += sum_of_octets(kHeadWords + kWords, end);
  }
  const uint64_t print = hash_.digest(sum);
  __builtin_prefetch(&bucket_of<kBucket>(seen_, print), 1);
  return print;
}

// Fewer octets than kCompared are filled up with zeros: their number is a mark of its own.
Duplicates::Hash::Wide Duplicates::sum_of_octets(size_t place, Bytes octets) const noexcept {
  std::array<uint8_t, kCompared> filled_up;
  const uint8_t* at = octets.data;
  if (octets.size < kCompared) {
    filled_up = {};
    std::memcpy(filled_up.data(), octets.data, octets.size);
    at = filled_up.data();
  }
  Hash::Wide sum = 0;
  for (size_t word = 0; word < kWords; word += 2) {
    uint64_t pair[2];
    std::memcpy(pair, at + word * sizeof *pair, sizeof pair);
    sum += hash_.pair(place + word, pair[0], pair[1]);
  }
  return sum;
}

bool Duplicates::is_second_copy(const Packet& packet, uint64_t print) noexcept {
  if (print == kNotCompared) return false;
  Seen& seen = place_of<kBucket>(seen_, print, &Seen::when_ns);
  const int64_t since = packet.time.ns - seen.when_ns;
  const bool second = seen.print == print && since >= 0 && since <= kWindowNs;
  seen = {print, packet.time.ns};
  return second;
}

}  // namespace exwire::wire
