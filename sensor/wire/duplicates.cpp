// SPDX-License-Identifier: BSD-3-Clause
#include "sensor/wire/duplicates.hpp"

#include "sensor/base/keyed_buckets.hpp"

namespace exwire::wire {

uint64_t Duplicates::print_of(const Packet& packet) const noexcept {
  constexpr uint8_t kTurns = kSyn | kFin | kRst;
  const bool bare = packet.payload_octets == 0 && (packet.tcp_flags & kTurns) == 0;
  if (packet.identification == 0 && bare) return kNotCompared;
  constexpr uint32_t kCompared = 64;
  SipHash13 hash(secret_);
  hash.word(packet.hash);  // keyed by the same secret: nobody chooses connections that collide
  hash.word(uint64_t{packet.seq} << 32 | packet.ack);
  hash.word(uint64_t{packet.tcp_flags} << 40 | uint64_t{packet.from_lo} << 32 |
            uint64_t{packet.window} << 16 | packet.identification);
  hash.word(uint64_t{packet.payload_octets} << 32 | uint64_t{packet.timestamp});
  const Bytes start = packet.payload.first(kCompared);
  hash.octets(start.data, start.size);
  if (packet.payload.size > kCompared) {
    const Bytes end = packet.payload.from(packet.payload.size - kCompared);
    hash.octets(end.data, end.size);
  }
  const uint64_t print = hash.finish();
  __builtin_prefetch(&bucket_of<kBucket>(seen_, print), 1);
  return print;
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
