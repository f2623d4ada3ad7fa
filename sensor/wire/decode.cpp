// SPDX-License-Identifier: BSD-3-Clause
#include "sensor/wire/decode.hpp"

#include <algorithm>

#include "sensor/wire/link.hpp"

namespace exwire::wire {
namespace {

enum Protocol : uint8_t {
  kHopByHop = 0,
  kTcp = 6,
  kUdp = 17,
  kRouting = 43,
  kFragmentHeader = 44,
  kAuthentication = 51,
  kDestination = 60,
  kMobility = 135,
};

/// The network layer as a receiving host would see it.
struct NetworkView {
  DecodeStatus status = DecodeStatus::tcp;
  Bytes payload;                ///< as far as captured, padding cut off
  uint32_t payload_octets = 0;  ///< as the header claims
  Address source{}, destination{};
  uint8_t protocol = 0, ttl = 0;
};

NetworkView refuse(DecodeStatus why) noexcept {
  NetworkView view;
  view.status = why;
  return view;
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

NetworkView open_ipv4(Bytes octets, uint32_t on_wire) noexcept {
  Cursor packet(octets);
  const uint8_t version_and_length = packet.u8();
  packet.skip(1);
  const uint32_t total = packet.u16();
  packet.skip(2);
  const uint16_t fragment = packet.u16();
  NetworkView view;
  view.ttl = packet.u8();
  view.protocol = packet.u8();
  packet.skip(2);
  const Bytes source = packet.take(4), destination = packet.take(4);
  if (!packet.ok()) return refuse(DecodeStatus::cut);
  const uint32_t header = (version_and_length & 0x0fU) * 4;
  if (version_and_length >> 4 != 4 || header < 20) return refuse(DecodeStatus::invalid);
  packet.skip(header - 20);
  if (!packet.ok()) return refuse(DecodeStatus::cut);
  const uint32_t length = total == 0 ? on_wire : total;
  if (length < header || on_wire < header) return refuse(DecodeStatus::invalid);
  constexpr uint16_t kMoreFragments = 0x2000, kOffset = 0x1fff;
  if (fragment & (kMoreFragments | kOffset)) return refuse(DecodeStatus::fragment);
  if (!bound_payload(view, packet.rest(), length - header, on_wire - header)) {
    return refuse(DecodeStatus::invalid);
  }
  std::copy_n(source.data, 4, view.source.begin());
  std::copy_n(destination.data, 4, view.destination.begin());
  return view;
}

// RFC 8200 4: extension headers, each naming the next. An atomic fragment (RFC 6946) is whole.
DecodeStatus pass_extension_headers(Cursor& packet, uint8_t& next) noexcept {
  constexpr int kMostHeaders = 16;
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
        constexpr uint16_t kOffsetAndMore = 0xfff9;
        if (packet.u16() & kOffsetAndMore) return DecodeStatus::fragment;
        packet.skip(4);
        break;
      }
      default:
        return packet.ok() ? DecodeStatus::tcp : DecodeStatus::cut;
    }
    if (!packet.ok()) return DecodeStatus::cut;
  }
  return DecodeStatus::invalid;
}

NetworkView open_ipv6(Bytes octets, uint32_t on_wire) noexcept {
  constexpr uint32_t kHeader = 40;
  Cursor packet(octets);
  NetworkView view;
  const uint8_t version = packet.u8() >> 4;
  packet.skip(3);
  const uint32_t payload_length = packet.u16();
  view.protocol = packet.u8();
  view.ttl = packet.u8();
  const Bytes source = packet.take(16), destination = packet.take(16);
  if (!packet.ok()) return refuse(DecodeStatus::cut);
  if (version != 6 || on_wire < kHeader) return refuse(DecodeStatus::invalid);
  const uint32_t length = payload_length == 0 ? on_wire - kHeader : payload_length;
  const uint32_t before = packet.offset();
  const DecodeStatus status = pass_extension_headers(packet, view.protocol);
  if (status != DecodeStatus::tcp) return refuse(status);
  const uint32_t extensions = packet.offset() - before;
  if (extensions > length ||
      !bound_payload(view, packet.rest(), length - extensions, on_wire - kHeader - extensions)) {
    return refuse(DecodeStatus::invalid);
  }
  std::copy_n(source.data, 16, view.source.begin());
  std::copy_n(destination.data, 16, view.destination.begin());
  return view;
}

// RFC 9293 3.1 and RFC 7323 2.2. Options beyond a broken length are not read, as in any host.
void read_options(Bytes options, Packet& packet) noexcept {
  enum Option : uint8_t { kEnd = 0, kNoOperation = 1, kWindowScale = 3 };
  Cursor cursor(options);
  while (cursor.ok() && cursor.left() > 0) {
    const uint8_t kind = cursor.u8();
    if (kind == kEnd) return;
    if (kind == kNoOperation) continue;
    const uint8_t length = cursor.u8();
    if (!cursor.ok() || length < 2) return;
    const Bytes value = cursor.take(length - 2U);
    if (kind == kWindowScale && value.size == 1) {
      packet.window_scale = std::min<uint8_t>(value[0], 14);  // larger is 14: RFC 7323 2.3
    }
  }
}

DecodeStatus open_tcp(const NetworkView& network, Packet& packet) noexcept {
  Cursor segment(network.payload);
  const uint16_t source_port = segment.u16(), destination_port = segment.u16();
  packet.seq = segment.u32();
  packet.ack = segment.u32();
  const uint32_t header = (segment.u8() >> 4) * 4U;
  packet.tcp_flags = segment.u8();
  packet.window = segment.u16();
  segment.skip(4);
  if (!segment.ok()) return network.payload_octets < 20 ? DecodeStatus::invalid : DecodeStatus::cut;
  if (header < 20 || header > network.payload_octets) return DecodeStatus::invalid;
  const Bytes options = segment.take(header - 20);
  if (!segment.ok()) return DecodeStatus::cut;
  packet.window_scale = Packet::kNoWindowScale;
  if (packet.tcp_flags & kSyn) read_options(options, packet);
  packet.payload = segment.rest();
  packet.payload_octets = network.payload_octets - header;
  packet.from_lo =
      set_endpoints(packet.key, network.source, source_port, network.destination, destination_port);
  return DecodeStatus::tcp;
}

}  // namespace

DecodeStatus Decoder::decode(const FrameHead& head, Bytes frame, Packet& packet) noexcept {
  ++counters_.packets;
  counters_.octets += head.wire_octets;
  const LinkView link = open_link(head.link_type, frame);
  if (!link.known_link) {
    ++counters_.unknown_link;
    return DecodeStatus::unknown_link;
  }
  counters_.vlan += link.vlan != 0;
  counters_.qinq += link.inner_vlan != 0;
  if (link.cut) {
    ++counters_.cut;
    return DecodeStatus::cut;
  }
  const uint32_t link_octets = frame.size - link.payload.size;
  const uint32_t on_wire = std::max(head.wire_octets, frame.size) - link_octets;
  NetworkView network;
  if (link.ether_type == kEtherIpv4) {
    ++counters_.ipv4;
    network = open_ipv4(link.payload, on_wire);
  } else if (link.ether_type == kEtherIpv6) {
    ++counters_.ipv6;
    network = open_ipv6(link.payload, on_wire);
  } else {
    ++counters_.not_ip;
    return DecodeStatus::not_ip;
  }
  DecodeStatus status = network.status;
  if (status == DecodeStatus::tcp) {
    if (network.protocol == kTcp) {
      packet.key.ip_version = link.ether_type == kEtherIpv4 ? 4 : 6;
      packet.key.vlan = link.vlan;
      // Two customers behind one provider tag may use the same addresses.
      packet.key.tunnel = static_cast<uint8_t>(link.inner_vlan ^ (link.inner_vlan >> 8));
      packet.ttl = network.ttl;
      packet.time = head.time;
      packet.number = head.number;
      packet.wire_octets = head.wire_octets;
      status = open_tcp(network, packet);
      if (status == DecodeStatus::tcp) packet.hash = hash_of(packet.key, secret_);
    } else {
      status = network.protocol == kUdp ? DecodeStatus::udp : DecodeStatus::other_ip;
    }
  }
  switch (status) {
    case DecodeStatus::tcp:
      ++counters_.tcp;
      break;
    case DecodeStatus::udp:
      ++counters_.udp;
      break;
    case DecodeStatus::other_ip:
      ++counters_.other_ip;
      break;
    case DecodeStatus::fragment:
      ++counters_.fragments;
      break;
    case DecodeStatus::cut:
      ++counters_.cut;
      break;
    default:
      ++counters_.invalid;
      break;
  }
  return status;
}

}  // namespace exwire::wire
