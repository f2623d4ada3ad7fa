// SPDX-License-Identifier: BSD-3-Clause
#include "sensor/wire/network.hpp"

#include <algorithm>
#include <cstring>

namespace exwire::wire {
namespace {

constexpr uint32_t kIpv6Header = 40;

// RFC 8200 4: extension headers, each naming the next. An atomic fragment (RFC 6946) is whole.
// Stops behind the header of a fragment.
DecodeStatus pass_extension_headers(Cursor& packet, NetworkView& view) noexcept {
  constexpr int kMostHeaders = 16;
  uint8_t& next = view.protocol;
  for (int passed = 0; passed < kMostHeaders; ++passed) {
    switch (next) {
      case kHopByHop:
      case kRouting:
      case kDestination:
      case kMobility: {
        next = packet.u8();
        packet.skip(packet.u8() * 8U + 6);
        break;
      }
      case kAuthentication: {
        next = packet.u8();
        packet.skip((packet.u8() + 2U) * 4 - 2);
        break;
      }
      case kFragmentHeader: {
        next = packet.u8();
        packet.skip(1);
        const uint16_t offset_and_more = packet.u16();
        view.fragment_id = packet.u32();
        view.fragment_at = offset_and_more & 0xfff8;
        view.more_fragments = (offset_and_more & 1) != 0;
        view.is_fragment = view.more_fragments || view.fragment_at != 0;
        if (packet.ok() && view.is_fragment) return DecodeStatus::tcp;
        break;
      }
      default:
        return packet.ok() ? DecodeStatus::tcp : DecodeStatus::cut;
    }
    if (!packet.ok()) return DecodeStatus::cut;
  }
  return DecodeStatus::invalid;
}

DecodeStatus read_ipv6(Bytes octets, uint32_t on_wire, NetworkView& view) noexcept {
  if (octets.size < kIpv6Header) return DecodeStatus::cut;
  const uint8_t* const at = octets.data;
  if (at[0] >> 4 != 6 || on_wire < kIpv6Header) return DecodeStatus::invalid;
  const uint32_t payload_length = load_be16(at + 4);
  const uint32_t length = payload_length == 0 ? on_wire - kIpv6Header : payload_length;
  view.ip_version = 6;
  view.protocol = at[6];
  view.ttl = at[7];
  std::memcpy(view.source.data(), at + 8, 16);
  std::memcpy(view.destination.data(), at + 24, 16);
  Cursor packet(octets.from(kIpv6Header));
  const DecodeStatus status = pass_extension_headers(packet, view);
  if (status != DecodeStatus::tcp) return status;
  const uint32_t extensions = packet.offset();
  // Headers longer than the frame were on the wire: the length lied.
  const bool bounded =
      extensions <= length && extensions <= on_wire - kIpv6Header &&
      bound_payload(view, packet.rest(), length - extensions, on_wire - kIpv6Header - extensions);
  return bounded ? DecodeStatus::tcp : DecodeStatus::invalid;
}

}  // namespace

NetworkView open_ipv6(Bytes octets, uint32_t on_wire) noexcept {
  NetworkView view;
  view.status = read_ipv6(octets, on_wire, view);
  return view;
}

void pass_joined_headers(NetworkView& view) noexcept {
  Cursor packet(view.payload);
  view.status = pass_extension_headers(packet, view);
  if (view.is_fragment) view.status = DecodeStatus::invalid;  // a fragment of a fragment
  view.payload_octets -= std::min(view.payload_octets, packet.offset());
  view.payload = packet.rest();
}

}  // namespace exwire::wire
