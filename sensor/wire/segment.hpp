// SPDX-License-Identifier: BSD-3-Clause
// A TCP header with its options (RFC 9293 3.1, RFC 7323). Inline where every segment passes.
#pragma once

#include "sensor/wire/network.hpp"
#include "sensor/wire/packet.hpp"

namespace exwire::wire {

/// Options beyond a broken length are not read, as in any host.
void read_each_option(Bytes options, Packet& packet) noexcept;

inline void read_options(Bytes options, Packet& packet) noexcept {
  constexpr uint32_t kTimestampsAlone = 0x0101080a;  // as RFC 7323 A recommends them
  if (options.size != 12 || load_be32(options.data) != kTimestampsAlone) {
    return read_each_option(options, packet);
  }
  packet.has_timestamps = true;
  packet.timestamp = load_be32(options.data + 4);
}

/// Fills what the segment itself tells: ports and endpoints of the key, numbers, flags, options and
/// payload. The rest of the key and the hash are the caller's.
inline DecodeStatus open_tcp(const NetworkView& network, Packet& packet) noexcept {
  constexpr uint32_t kHeader = 20;
  const Bytes segment = network.payload;
  if (segment.size < kHeader) {
    return network.payload_octets < kHeader ? DecodeStatus::invalid : DecodeStatus::cut;
  }
  const uint8_t* const at = segment.data;
  const uint32_t header = (at[12] >> 4) * 4U;
  if (header < kHeader || header > network.payload_octets) return DecodeStatus::invalid;
  if (header > segment.size) return DecodeStatus::cut;
  packet.seq = load_be32(at + 4);
  packet.ack = load_be32(at + 8);
  packet.tcp_flags = at[13];
  packet.window = load_be16(at + 14);
  packet.urgent = load_be16(at + 18);
  packet.window_scale = Packet::kNoWindowScale;
  packet.has_timestamps = packet.is_signed = false;
  packet.timestamp = 0;
  if (header > kHeader) read_options({at + kHeader, header - kHeader}, packet);
  packet.payload = {at + header, segment.size - header};
  packet.payload_octets = network.payload_octets - header;
  packet.from_lo = set_endpoints(packet.key, network.source, load_be16(at), network.destination,
                                 load_be16(at + 2));
  return DecodeStatus::tcp;
}

}  // namespace exwire::wire
