// SPDX-License-Identifier: BSD-3-Clause
// Any octets as frames of any link type, several in a row so that fragments meet. What the decoder
// hands on must lie in memory that may be read, and be no more than the wire held.
#include <algorithm>
#include <cstdlib>
#include <vector>

#include "sensor/wire/decode.hpp"

using namespace exwire;

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size);

namespace {

constexpr uint16_t kLinkTypes[] = {0,   1,   6,   8,   9,   10,  12,  14,  50,  51,  101, 104, 105,
                                   107, 108, 113, 117, 119, 127, 192, 228, 229, 239, 276, 147};

void check(const wire::Packet& packet) {
  if (packet.payload.size > packet.payload_octets) std::abort();
  static volatile uint32_t sum;
  for (const uint8_t octet : packet.payload) sum = sum + octet;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size < 4) return 0;
  // The first octets choose link type, policies, and what the wire is said to have held.
  const uint16_t link_type = kLinkTypes[data[0] % std::size(kLinkTypes)];
  Budget budget(size_t{16} << 20);
  wire::DecodeSettings settings;
  settings.checksums = static_cast<wire::ChecksumMode>(data[1] % 3);
  settings.fragments = static_cast<wire::FragmentPolicy>(data[1] / 3 % 7);
  settings.vlan = (data[1] & 0x80) == 0 ? wire::VlanMode::automatic : wire::VlanMode::ignored;
  wire::Decoder decoder(HashKey{}, settings, budget);
  const uint32_t more_on_wire = data[2] % 4 == 0 ? data[2] * 16U : 0;
  for (size_t at = 3, number = 1; at < size; ++number) {
    // Each frame behind its length in units of 8 octets; 255: all the rest.
    const size_t wanted = data[at] == 255 ? size : size_t{data[at]} * 8;
    const std::vector<uint8_t> frame(data + at + 1,
                                     data + at + 1 + std::min(wanted, size - at - 1));
    at += 1 + frame.size();
    const auto octets = static_cast<uint32_t>(frame.size());
    wire::Packet packet;
    const wire::FrameHead head{
        {static_cast<int64_t>(number)}, number, octets + more_on_wire, link_type};
    if (decoder.decode(head, {frame.data(), octets}, packet) == wire::DecodeStatus::tcp) {
      check(packet);
    }
    if (number % 8 == 0) decoder.release();
  }
  return 0;
}
