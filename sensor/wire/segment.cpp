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
  Cursor segment(network.payload);
  const uint16_t source_port = segment.u16(), destination_port = segment.u16();
  packet.seq = segment.u32();
  packet.ack = segment.u32();
  const uint32_t header = (segment.u8() >> 4) * 4U;
  packet.tcp_flags = segment.u8();
  packet.window = segment.u16();
  segment.skip(2);
  packet.urgent = segment.u16();
  if (!segment.ok()) return network.payload_octets < 20 ? DecodeStatus::invalid : DecodeStatus::cut;
  if (header < 20 || header > network.payload_octets) return DecodeStatus::invalid;
  const Bytes options = segment.take(header - 20);
  if (!segment.ok()) return DecodeStatus::cut;
  packet.window_scale = Packet::kNoWindowScale;
  packet.has_timestamps = packet.is_signed = false;
  packet.timestamp = 0;
  read_options(options, packet);
  packet.payload = segment.rest();
  packet.payload_octets = network.payload_octets - header;
  packet.from_lo =
      set_endpoints(packet.key, network.source, source_port, network.destination, destination_port);
  return DecodeStatus::tcp;
}

}  // namespace exwire::wire
