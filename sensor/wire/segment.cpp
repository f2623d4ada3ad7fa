// SPDX-License-Identifier: BSD-3-Clause
#include "sensor/wire/segment.hpp"

#include <algorithm>

namespace exwire::wire {

void read_each_option(Bytes options, Packet& packet) noexcept {
  enum Option : uint8_t {
    kEnd = 0,
    kNoOperation = 1,
    kWindowScale = 3,
    kTimestamps = 8,
    kMd5 = 19,
    kAuthenticationOption = 29,
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
    } else if (kind == kMd5 || kind == kAuthenticationOption) {
      packet.is_signed = true;
    }
  }
}

}  // namespace exwire::wire
