// SPDX-License-Identifier: BSD-3-Clause
#include "sensor/wire/network.hpp"

#include <algorithm>
#include <cstring>

#include "sensor/wire/checksum.hpp"

namespace exwire::wire {
namespace {

constexpr uint32_t kIpv4Header = 20, kIpv6Header = 40;

// The sum of an IPv4 header, in the order of this host: that of a right one is the same in both.
bool is_right(Bytes header) noexcept {
  uint64_t sum = 0;
  const auto add = [&](uint32_t at) {
    uint32_t word;
    std::memcpy(&word, header.data + at, sizeof word);
    sum += word;
  };
  for (const uint32_t at : {0U, 4U, 8U, 12U, 16U}) add(at);
  for (uint32_t at = kIpv4Header; at < header.size; at += 4) add(at);
  return folded(sum) == 0xffff;
}

// Cuts the view to the length the header gives: Ethernet pads short frames, and padding is nobody's
// payload. A header that claims more than was on the wire is no packet (a receiving host drops it);
// more than was captured is only a short snapshot. Length 0 is a segment the sending kernel had not
// cut yet (TSO, BIG TCP).
bool bound_payload(NetworkView& view, Bytes rest, uint32_t claimed, uint32_t on_wire) noexcept {
  if (claimed > on_wire) return false;
  view.payload_octets = claimed;
  view.payload = rest.first(claimed);
  return true;
}

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

// In halves of 64 bits, as they are read again at once.
void set_ipv4(Address& address, const uint8_t* from) noexcept {
  uint32_t halves[] = {0, 0, 0, 0};
  std::memcpy(halves, from, sizeof *halves);
  std::memcpy(address.data(), halves, sizeof halves);
}

DecodeStatus read_ipv4(Bytes octets, uint32_t on_wire, NetworkView& view) noexcept {
  if (octets.size < kIpv4Header) return DecodeStatus::cut;
  const uint8_t* const at = octets.data;
  const uint32_t header = (at[0] & 0x0fU) * 4;
  if (at[0] >> 4 != 4 || header < kIpv4Header) return DecodeStatus::invalid;
  if (octets.size < header) return DecodeStatus::cut;
  const uint32_t total = load_be16(at + 2);
  const uint32_t length = total == 0 ? on_wire : total;
  if (length < header || on_wire < header) return DecodeStatus::invalid;
  constexpr uint16_t kMoreFragments = 0x2000, kOffset = 0x1fff;
  const uint16_t fragment = load_be16(at + 6), checksum = load_be16(at + 10);
  view.fragment_id = view.identification = load_be16(at + 4);
  view.more_fragments = (fragment & kMoreFragments) != 0;
  view.fragment_at = (fragment & kOffset) * 8U;
  view.is_fragment = view.more_fragments || view.fragment_at != 0;
  view.ttl = at[8];
  view.protocol = at[9];
  view.header_sum_ok = checksum == 0 || is_right({at, header});
  set_ipv4(view.source, at + 12);
  set_ipv4(view.destination, at + 16);
  const bool bounded = bound_payload(view, octets.from(header), length - header, on_wire - header);
  return bounded ? DecodeStatus::tcp : DecodeStatus::invalid;
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

NetworkView open_ipv4(Bytes octets, uint32_t on_wire) noexcept {
  NetworkView view;
  view.status = read_ipv4(octets, on_wire, view);
  return view;
}

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
