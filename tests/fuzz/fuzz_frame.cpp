// SPDX-License-Identifier: BSD-3-Clause
// Any octets as a frame of any link type. What the decoder hands on must lie inside the frame.
#include <cstdlib>

#include "sensor/wire/decode.hpp"

using namespace exwire;

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size);
extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  static constexpr uint16_t kLinkTypes[] = {0, 1, 12, 14, 101, 108, 113, 228, 229, 276, 9};
  if (size < 3) return 0;
  const uint16_t link_type = kLinkTypes[data[0] % std::size(kLinkTypes)];
  // The wire may have held more than was captured, or claim to have held less.
  const auto frame_size = static_cast<uint32_t>(size - 3);
  const uint32_t on_wire = data[1] % 4 == 0 ? frame_size + data[2] * 16U : frame_size;
  const Bytes frame{data + 3, frame_size};
  wire::Decoder decoder{HashKey{}};
  wire::Packet packet;
  if (decoder.decode({{1}, 1, on_wire, link_type}, frame, packet) != wire::DecodeStatus::tcp) {
    return 0;
  }
  const bool inside =
      packet.payload.begin() >= frame.begin() && packet.payload.end() <= frame.end();
  if (!inside || packet.payload.size > packet.payload_octets) std::abort();
  uint32_t sum = 0;
  for (const uint8_t octet : packet.payload) sum += octet;
  return sum == 0xffffffff ? 1 : 0;
}
