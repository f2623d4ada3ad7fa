// SPDX-License-Identifier: BSD-3-Clause
#include "sensor/wire/decode.hpp"

#include <algorithm>
#include <cstring>
#include <utility>

#include "sensor/wire/ipv4.hpp"
#include "sensor/wire/segment.hpp"

namespace exwire::wire {
namespace {

// All 128 bits of an address are such a value as sums are.
uint64_t hash_of_address(const Address& address, const UniversalHash<0>& hash) noexcept {
  uint64_t halves[2];
  std::memcpy(halves, address.data(), sizeof halves);
  return hash.digest(UniversalHash<0>::Wide{halves[1]} << 64 | halves[0]);
}

}  // namespace

Decoder::Decoder(HashKey secret, const DecodeSettings& settings, Budget& budget)
    : secret_(secret),
      sender_hash_(secret),
      hashes_(secret),
      settings_(settings),
      checksums_(std::make_unique<ChecksumJudge>(settings.checksums)),
      duplicates_(std::make_unique<Duplicates>(secret)),
      fragments_(secret, settings.fragments, budget),
      notices_(secret) {}

inline DecodeStatus Decoder::finish(const FrameHead& head, const Layer& layer,
                                    const NetworkView& network, uint64_t source,
                                    Packet& packet) noexcept {
  const DecodeStatus status = open_tcp(network, packet);
  if (status == DecodeStatus::invalid) tell(NoticeKind::impossible_header, head, network);
  if (status != DecodeStatus::tcp) return status;
  packet.key.ip_version = network.ip_version;
  packet.ttl = network.ttl;
  packet.identification = network.identification;
  packet.time = head.time;
  packet.number = head.number;
  packet.wire_octets = head.wire_octets;
  packet.key.vlan = 0;
  packet.key.inner_vlan = 0;
  packet.hash = hashes_.of(packet.key);  // of the connection, whatever its VLAN
  const uint64_t print =
      settings_.remove_duplicates ? duplicates_->print_of(packet) : Duplicates::kNotCompared;
  switch (checksums_->judge(network, packet.payload_octets > 0, source)) {
    case Verdict::wrong:
      tell(NoticeKind::bad_checksum, head, network);
      return DecodeStatus::bad_checksum;
    case Verdict::wrong_but_accepted:
      ++counters_.accepted_checksums;
      break;
    case Verdict::right:
      break;
  }
  if ((packet.tcp_flags & kSyn) && (packet.tcp_flags & (kFin | kRst))) {
    tell(NoticeKind::impossible_flags, head, network);
  }
  if (duplicates_->is_second_copy(packet, print)) return DecodeStatus::duplicate;
  vlans_.see(packet, layer.view.vlan);
  if (layer.view.vlan == 0 && layer.view.inner_vlan == 0) return DecodeStatus::tcp;
  if (!vlan_in_key()) return DecodeStatus::tcp;
  packet.key.vlan = layer.view.vlan;
  // Two customers behind one provider tag may use the same addresses.
  packet.key.inner_vlan = static_cast<uint8_t>(layer.view.inner_vlan ^ layer.view.inner_vlan >> 8);
  packet.hash = hashes_.of(packet.key);
  return DecodeStatus::tcp;
}

// One turn per layer: a network layer ends the walk or holds another one.
DecodeStatus Decoder::walk(const FrameHead& head, Bytes frame, Packet& packet) noexcept {
  Layer layer{open_link(head.link_type, frame), 0};
  const LinkView& link = layer.view;
  if (!link.known_link) return DecodeStatus::unknown_link;
  if (link.vlan != 0) {
    ++counters_.vlan;
    counters_.qinq += link.inner_vlan != 0;
  }
  if (link.cut) return DecodeStatus::cut;
  layer.on_wire = std::max(head.wire_octets, frame.size) - (frame.size - link.payload.size);
  for (int depth = 0; depth < kMostLayers; ++depth) {
    const bool version4 = layer.view.ether_type == kEtherIpv4;
    if (!version4 && layer.view.ether_type != kEtherIpv6) {
      const DecodeStatus entered = enter_shim(layer);
      if (entered != DecodeStatus::tcp) return entered;
      continue;
    }
    ++(version4 ? counters_.ipv4 : counters_.ipv6);
    NetworkView network = version4 ? open_ipv4(layer.view.payload, layer.on_wire)
                                   : open_ipv6(layer.view.payload, layer.on_wire);
    if (network.status != DecodeStatus::tcp) return network.status;
    const uint64_t source = hash_of_address(network.source, sender_hash_);
    if (checksums_->judge_header(network, source) == Verdict::wrong) {
      tell(NoticeKind::bad_header_checksum, head, network);
      return DecodeStatus::bad_checksum;
    }
    if (network.is_fragment) {
      const DecodeStatus joined = join(head, layer, network);
      if (joined != DecodeStatus::tcp) return joined;
    }
    if (network.protocol == kTcp) return finish(head, layer, network, source, packet);
    const DecodeStatus entered = enter_tunnel(network, layer);
    if (entered != DecodeStatus::tcp) return entered;
  }
  return DecodeStatus::invalid;  // nobody nests so deep in earnest
}

void Decoder::learn(const FrameHead& head, Bytes frame) noexcept {
  Packet packet;
  const DecodeCounters counters = counters_;
  if (!learning_duplicates_) learning_duplicates_ = std::make_unique<Duplicates>(secret_);
  std::swap(duplicates_, learning_duplicates_);  // the same packets are still to come
  learning_ = true;
  decode(head, frame, packet);
  learning_ = false;
  std::swap(duplicates_, learning_duplicates_);
  counters_ = counters;
}

// `tcp` means that the datagram is whole now.
DecodeStatus Decoder::join(const FrameHead& head, const Layer& layer, NetworkView& network) {
  ++counters_.fragments;
  if (learning_) return DecodeStatus::fragment;
  const FragmentCounters before = fragments_.counters();
  const bool whole = fragments_.join(network, layer.view.vlan, head.time);
  const FragmentCounters& after = fragments_.counters();
  if (after.overlaps != before.overlaps) tell(NoticeKind::fragment_overlap, head, network);
  if (after.oversize != before.oversize) tell(NoticeKind::fragment_impossible, head, network);
  if (!whole) return DecodeStatus::fragment;
  if (network.ip_version == 6) pass_joined_headers(network);
  if (network.status == DecodeStatus::tcp) tell(NoticeKind::tcp_in_fragments, head, network);
  return network.status;
}

// Only what concerns TCP is told: of a fragment, what its datagram says it is.
void Decoder::tell(NoticeKind kind, const FrameHead& head, const NetworkView& network) noexcept {
  if (learning_ || network.protocol != kTcp) return;
  Notice notice{head.time, head.number, {}, kind, false};
  notice.key.ip_version = network.ip_version;
  const bool has_ports = !network.is_fragment && network.payload.size >= 4;
  notice.from_lo = set_endpoints(
      notice.key, network.source, has_ports ? load_be16(network.payload.data) : uint16_t{0},
      network.destination, has_ports ? load_be16(network.payload.data + 2) : uint16_t{0});
  notices_.add(notice);
}

bool Decoder::vlan_in_key() const noexcept {
  if (settings_.vlan == VlanMode::automatic) return !vlans_.misleads();
  return settings_.vlan == VlanMode::in_key;
}

// MPLS and what else stands between link and network; `tcp` means go on.
DecodeStatus Decoder::enter_shim(Layer& layer) noexcept {
  if (!is_shim(layer.view.ether_type)) return DecodeStatus::not_ip;
  return enter(open_shim(layer.view.ether_type, layer.view.payload), layer);
}

// A network layer that holds another one; `tcp` means go on.
DecodeStatus Decoder::enter_tunnel(const NetworkView& network, Layer& layer) noexcept {
  layer.on_wire = network.payload_octets;
  layer.view.payload = network.payload;
  Inner inner;
  switch (network.protocol) {
    case kIpv4InIp:
      inner = {network.payload, kEtherIpv4};
      break;
    case kIpv6InIp:
      inner = {network.payload, kEtherIpv6};
      break;
    case kGre:
      inner = open_gre(network.payload);
      break;
    case kUdp:
      inner = open_udp_tunnel(network.payload);
      if (inner.ether_type == 0) return DecodeStatus::udp;
      break;
    default:
      return DecodeStatus::other_ip;
  }
  ++counters_.tunnels;
  return enter(inner, layer);
}

// Steps into a layer; `tcp` means go on.
DecodeStatus Decoder::enter(const Inner& inner, Layer& layer) noexcept {
  if (inner.ether_type == 0) return DecodeStatus::not_ip;
  layer.on_wire -= std::min(layer.on_wire, layer.view.payload.size - inner.payload.size);
  layer.view.payload = inner.payload;
  layer.view.ether_type = inner.ether_type;
  if (inner.ether_type != kEtherBridged) return DecodeStatus::tcp;
  const LinkView link = open_link(kLinkEthernet, inner.payload);
  if (link.cut) return DecodeStatus::cut;
  layer.on_wire -= std::min(layer.on_wire, layer.view.payload.size - link.payload.size);
  layer.view.payload = link.payload;
  layer.view.ether_type = link.ether_type;
  return DecodeStatus::tcp;
}

void Decoder::count_refused(DecodeStatus status) noexcept {
  switch (status) {
    case DecodeStatus::tcp:
      break;
    case DecodeStatus::udp:
      ++counters_.udp;
      break;
    case DecodeStatus::other_ip:
      ++counters_.other_ip;
      break;
    case DecodeStatus::not_ip:
      ++counters_.not_ip;
      break;
    case DecodeStatus::fragment:
      break;  // counted where it was met: a joined one goes on
    case DecodeStatus::invalid:
      ++counters_.invalid;
      break;
    case DecodeStatus::bad_checksum:
      ++counters_.bad_checksums;
      break;
    case DecodeStatus::duplicate:
      ++counters_.duplicates;
      break;
    case DecodeStatus::cut:
      ++counters_.cut;
      break;
    case DecodeStatus::unknown_link:
      ++counters_.unknown_link;
      break;
  }
}

}  // namespace exwire::wire
