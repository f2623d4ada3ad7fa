// SPDX-License-Identifier: BSD-3-Clause
#include "sensor/wire/segment.hpp"

#include <algorithm>

namespace exwire::wire {
namespace {

// Options beyond a broken length are not read, as in any host.
void read_options(Bytes options, Packet& packet) noexcept {
  enum Option : uint8_t {
    kEnd = 0,
    kNoOperation = 1,
    kWindowScale = 3,
    kTimestamps = 8,
    kMd5 = 19,
    kAuthentication = 29,
  };
  constexpr uint32_t kTimestampsAlone = 0x0101080a;  // as RFC 7323 A recommends them
  if (options.size == 12 && load_be32(options.data) == kTimestampsAlone) {
    packet.has_timestamps = true;
    packet.timestamp = load_be32(options.data + 4);
    return;
  }
  Cursor cursor(options);
  while (cursor.ok() && cursor.left() > 0) {
    const uint8_t kind = cursor.u8();
    if (kind == kEnd) return;
    if (kind == kNoOperation) continue;
    const uint8_t length = cursor.u8();
    if (!cursor.ok() || length < 2) return;
    const Bytes value = cursor.take(length - 2U);
    if (kind == kWindowScale && value.size == 1 && (packet.tcp_flags & kSyn)) {
      packet.window_scale = std::min<uint8_t>(value[0], 14);  // larger is 14: RFC 7323 2.3
    } else if (kind == kTimestamps && value.size == 8) {
      packet.has_timestamps = true;
      packet.timestamp = load_be32(value.data);
    } else if (kind == kMd5 || kind == kAuthentication) {
      packet.is_signed = true;
    }
  }
}

}  // namespace

DecodeStatus open_tcp(const NetworkView& network, Packet& packet) noexcept {
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
  if (header > kHeader) read_options(segment.first(header).from(kHeader), packet);
  packet.payload = segment.from(header);
  packet.payload_octets = network.payload_octets - header;
  packet.from_lo = set_endpoints(packet.key, network.source, load_be16(at), network.destination,
                                 load_be16(at + 2));
  return DecodeStatus::tcp;
}

}  // namespace exwire::wire
