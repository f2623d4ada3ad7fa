// SPDX-License-Identifier: BSD-3-Clause
// Every wrapper around the same packet gives the same packet, and none can be nested for ever.
#include "sensor/wire/tunnel.hpp"

#include <catch2/catch.hpp>

#include "sensor/wire/decode.hpp"
#include "tests/support/packet_builder.hpp"

using namespace exwire;
using wire::DecodeStatus;

namespace {

using Octets = std::vector<uint8_t>;

Octets operator+(Octets first, const Octets& second) {
  first.insert(first.end(), second.begin(), second.end());
  return first;
}

const Octets kMacs{2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 2};

test::TestFrame sample() {
  test::Segment segment;
  segment.payload = "payload";
  return build(segment, {1});
}

Octets frame_octets() {
  return sample().octets;
}
Octets packet_octets() {
  const Octets frame = frame_octets();
  return {frame.begin() + 14, frame.end()};
}

Octets ethernet(uint16_t type, const Octets& payload) {
  return kMacs + Octets{static_cast<uint8_t>(type >> 8), static_cast<uint8_t>(type)} + payload;
}

// Outer IPv4 header, its checksum left to the card.
Octets ipv4(uint8_t protocol, const Octets& payload) {
  const auto total = static_cast<uint16_t>(20 + payload.size());
  return Octets{0x45,
                0,
                static_cast<uint8_t>(total >> 8),
                static_cast<uint8_t>(total),
                0,
                1,
                0,
                0,
                64,
                protocol,
                0,
                0,
                10,
                0,
                0,
                1,
                10,
                0,
                0,
                2} +
         payload;
}

Octets udp(uint16_t port, const Octets& payload) {
  const auto length = static_cast<uint16_t>(8 + payload.size());
  return ipv4(17, Octets{0xc0, 0, static_cast<uint8_t>(port >> 8), static_cast<uint8_t>(port),
                         static_cast<uint8_t>(length >> 8), static_cast<uint8_t>(length), 0, 0} +
                      payload);
}

Octets gre(Octets header, const Octets& payload) {
  return ethernet(0x0800, ipv4(47, std::move(header) + payload));
}

struct Decoded {
  DecodeStatus status;
  wire::Packet packet;
  std::string payload;
};

Decoded decode(const Octets& octets, uint16_t link_type = 1) {
  Budget budget(size_t{64} << 20);
  wire::Decoder decoder(HashKey{}, {}, budget);
  Decoded result{};
  const auto size = static_cast<uint32_t>(octets.size());
  result.status = decoder.decode({{1}, 1, size, link_type}, {octets.data(), size}, result.packet);
  if (result.status == DecodeStatus::tcp) result.payload = result.packet.payload.text();
  return result;
}

}  // namespace

TEST_CASE("one packet in every wrapper", "[tunnel]") {
  const Octets frame = frame_octets(), packet = packet_octets();
  const Octets pppoe{0x11, 0, 0, 1, 0, static_cast<uint8_t>(packet.size() + 2), 0, 0x21};
  const std::pair<const char*, Octets> cases[] = {
      {"plain", frame},
      {"IP in IP", ethernet(0x0800, ipv4(4, packet))},
      {"MPLS", ethernet(0x8847, Octets{0, 0, 0x10, 64, 0, 1, 0x11, 64} + packet)},
      {"MPLS pseudowire", ethernet(0x8847, Octets{0, 0, 0x11, 64} + frame)},
      {"MPLS pseudowire with control word",
       ethernet(0x8847, Octets{0, 0, 0x11, 64, 0, 0, 0, 0} + frame)},
      {"PPPoE", ethernet(0x8864, pppoe + packet)},
      {"GRE", gre({0, 0, 8, 0}, packet)},
      {"GRE with checksum, key and number",
       gre({0xb0, 0, 8, 0, 0, 0, 0, 0, 0, 0, 0, 7, 0, 0, 0, 1}, packet)},
      {"GRE, bridged", gre({0x20, 0, 0x65, 0x58, 0, 0, 1, 0}, frame)},
      {"PPTP", gre({0x30, 0x81, 0x88, 0x0b, 0, 4, 0, 1, 0, 0, 0, 1, 0, 0, 0, 1},
                   Octets{0xff, 3, 0x21} + packet)},
      {"ERSPAN I", gre({0, 0, 0x88, 0xbe}, frame)},
      {"ERSPAN II", gre({0x10, 0, 0x88, 0xbe, 0, 0, 0, 1, 0x10, 1, 0, 1, 0, 0, 0, 0}, frame)},
      {"ERSPAN III",
       gre({0x10, 0, 0x22, 0xeb, 0, 0, 0, 1, 0x20, 1, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0}, frame)},
      {"ERSPAN III with a subheader", gre({0x10, 0, 0x22, 0xeb, 0, 0, 0, 1, 0x20, 1, 0, 1, 0, 0,
                                           0,    0, 0,    0,    0, 1, 0, 0, 0,    0, 0, 0, 0, 0},
                                          frame)},
      {"VXLAN", ethernet(0x0800, udp(4789, Octets{8, 0, 0, 0, 0, 1, 0, 0} + frame))},
      {"VXLAN-GPE", ethernet(0x0800, udp(4790, Octets{12, 0, 0, 1, 0, 1, 0, 0} + packet))},
      {"Geneve",
       ethernet(0x0800, udp(6081, Octets{1, 0, 0x65, 0x58, 0, 0, 1, 0, 0, 0, 0, 0} + frame))},
      {"GTP-U", ethernet(0x0800, udp(2152, Octets{0x30, 0xff, 0, 0, 0, 0, 0, 1} + packet))},
      {"GTP-U with an extension header",
       ethernet(0x0800, udp(2152, Octets{0x34, 0xff, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0x85, 1, 0, 0, 0} +
                                      packet))},
      {"L2TP", ethernet(0x0800, udp(1701, Octets{0, 2, 0, 1, 0, 1, 0xff, 3, 0, 0x21} + packet))},
      {"VXLAN in GRE in MPLS",
       ethernet(0x8847, Octets{0, 0, 0x11, 64} +
                            ipv4(47, Octets{0, 0, 8, 0} +
                                         udp(4789, Octets{8, 0, 0, 0, 0, 1, 0, 0} + frame)))},
  };
  const Decoded plain = decode(frame);
  REQUIRE(plain.payload == "payload");
  for (const auto& [name, octets] : cases) {
    INFO(name);
    const Decoded result = decode(octets);
    CHECK(result.status == DecodeStatus::tcp);
    CHECK(result.payload == "payload");
    CHECK(result.packet.key == plain.packet.key);
    CHECK(result.packet.hash == plain.packet.hash);
    // Cut at every octet: never more than was there, never a read beyond (the sanitizers watch).
    for (size_t size = 0; size < octets.size(); ++size) {
      const Decoded cut = decode(Octets(octets.begin(), octets.begin() + static_cast<long>(size)));
      CHECK(cut.payload.size() <= 7);
    }
  }
}

TEST_CASE("other links around the same packet", "[link]") {
  const Octets packet = packet_octets();
  const Octets llc{0xaa, 0xaa, 3, 0, 0, 0, 8, 0};
  const Octets data_frame = Octets{0x08, 0x01, 0, 0} + Octets(20, 2) + llc;
  const Octets qos_frame = Octets{0x88, 0x02, 0, 0} + Octets(20, 2) + Octets{0, 0} + llc;
  const std::tuple<const char*, uint16_t, Octets> cases[] = {
      {"PPP", 9, {0xff, 3, 0, 0x21}},
      {"PPP, compressed", 9, {0x21}},
      {"Cisco HDLC on a PPP link", 9, {0x0f, 0, 8, 0}},
      {"Cisco HDLC", 104, {0x0f, 0, 8, 0}},
      {"Frame Relay", 107, {0x18, 0x41, 3, 0xcc}},
      {"FDDI", 10, Octets{0x50} + kMacs + llc},
      {"Token Ring", 6, Octets{0x10, 0x40} + kMacs + llc},
      {"IEEE 802.11", 105, data_frame},
      {"IEEE 802.11 QoS", 105, qos_frame},
      {"Radiotap", 127, Octets{0, 0, 8, 0, 0, 0, 0, 0} + data_frame},
      {"PPI", 192, Octets{0, 0, 8, 0, 105, 0, 0, 0} + data_frame},
      {"PFLOG", 117, Octets{61, 2} + Octets(62, 0)},
      {"NFLOG", 239, {2, 0, 0, 0, 5, 0, 10, 0, 'x', 0, 0, 0, 100, 0, 9, 0}},
  };
  for (const auto& [name, link_type, header] : cases) {
    INFO(name);
    CHECK(decode(header + packet, link_type).payload == "payload");
  }
  Octets encrypted = data_frame;
  encrypted[1] |= 0x40;
  CHECK(decode(encrypted + packet, 105).status == DecodeStatus::not_ip);
}

TEST_CASE("nesting ends", "[tunnel]") {
  Octets octets = packet_octets();
  for (int depth = 0; depth < 15; ++depth) octets = ipv4(4, octets);
  CHECK(decode(ethernet(0x0800, octets)).status == DecodeStatus::tcp);
  CHECK(decode(ethernet(0x0800, ipv4(4, octets))).status == DecodeStatus::invalid);
}
