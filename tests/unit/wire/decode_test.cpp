// SPDX-License-Identifier: BSD-3-Clause
#include "sensor/wire/decode.hpp"

#include <catch2/catch.hpp>

#include "sensor/wire/link.hpp"
#include "tests/support/packet_builder.hpp"

using namespace exwire;
using wire::DecodeStatus;

namespace {

struct Decoded {
  std::vector<uint8_t> octets;  // the packet's views point into it
  DecodeStatus status;
  wire::Packet packet;
};

Decoded decode(std::vector<uint8_t> octets, uint16_t link_type = 1, uint32_t on_wire = 0) {
  Budget budget(size_t{64} << 20);
  wire::DecodeSettings settings;
  settings.remove_duplicates = false;
  wire::Decoder decoder(HashKey{}, settings, budget);
  Decoded result{std::move(octets), DecodeStatus::invalid, {}};
  const auto size = static_cast<uint32_t>(result.octets.size());
  result.status = decoder.decode({{5}, 7, on_wire ? on_wire : size, link_type},
                                 {result.octets.data(), size}, result.packet);
  return result;
}

// The same IP packet behind another link header.
std::vector<uint8_t> relinked(const test::TestFrame& frame, std::vector<uint8_t> header) {
  header.insert(header.end(), frame.octets.begin() + 14, frame.octets.end());
  return header;
}

test::Segment sample() {
  test::Segment segment;
  segment.payload = "payload";
  segment.seq = 11;
  segment.ack = 22;
  return segment;
}

}  // namespace

TEST_CASE("Ethernet, IPv4, TCP", "[decode]") {
  const auto frame = build(sample(), {});
  const Decoded result = decode(frame.octets);
  REQUIRE(result.status == DecodeStatus::tcp);
  CHECK(result.packet.payload.text() == "payload");
  CHECK(result.packet.seq == 11);
  CHECK(result.packet.ack == 22);
  CHECK(result.packet.ttl == 64);
  CHECK(result.packet.from_lo);
  CHECK(wire::to_text(result.packet.key.lo, 4) == "192.0.2.10");
  CHECK(result.packet.key.hi_port == 80);
  CHECK(result.packet.number == 7);
}

TEST_CASE("both directions have one key and one hash", "[decode]") {
  test::Segment back = sample();
  std::swap(back.source, back.destination);
  std::swap(back.source_port, back.destination_port);
  const Decoded there = decode(build(sample(), {}).octets);
  const Decoded here = decode(build(back, {}).octets);
  CHECK(there.packet.key == here.packet.key);
  CHECK(there.packet.hash == here.packet.hash);
  CHECK(there.packet.from_lo != here.packet.from_lo);
}

TEST_CASE("hashes that are remembered are those of their keys", "[decode]") {
  const HashKey secret{3, 4};
  wire::RecentHashes hashes(secret);
  std::vector<wire::FlowKey> keys(1);
  for (uint32_t field = 0; field < 6; ++field) {
    wire::FlowKey key;
    if (field == 0) key.lo[15] = 1;
    if (field == 1) key.hi[7] = 1;
    if (field == 2) key.lo_port = key.hi_port = 64;  // a place of its neighbours
    if (field == 3) key.vlan = 64;
    if (field == 4) key.inner_vlan = 1;
    if (field == 5) key.ip_version = 6;
    keys.push_back(key);
  }
  for (const wire::FlowKey& one : keys) {
    for (const wire::FlowKey& other : keys) {
      CHECK(hashes.of(one) == hash_of(one, secret));
      CHECK(hashes.of(other) == hash_of(other, secret));
      CHECK(hashes.of(one) == hash_of(one, secret));
    }
  }
}

TEST_CASE("every link type gives the same packet", "[decode]") {
  const auto frame = build(sample(), {});
  const struct {
    const char* name;
    uint16_t link_type;
    std::vector<uint8_t> header;
  } cases[] = {
      {"raw", wire::kLinkRaw, {}},
      {"raw, BSD number", wire::kLinkRawBsd, {}},
      {"IPv4", wire::kLinkIpv4, {}},
      {"null, little-endian host", wire::kLinkNull, {2, 0, 0, 0}},
      {"null, big-endian host", wire::kLinkNull, {0, 0, 0, 2}},
      {"loop", wire::kLinkLoop, {0, 0, 0, 2}},
      {"cooked", wire::kLinkSll, {0, 0, 3, 4, 0, 6, 0, 0, 0, 0, 0, 0, 0, 0, 8, 0}},
      {"cooked v2", wire::kLinkSll2, {8, 0, 0, 0, 0, 0, 0, 1, 3, 4, 0, 6, 0, 0, 0, 0, 0, 0, 0, 0}},
      {"SNAP", wire::kLinkEthernet, {1, 1, 1,  1,    1,    1, 2, 2, 2, 2, 2,
                                     2, 0, 60, 0xaa, 0xaa, 3, 0, 0, 0, 8, 0}},
      {"QinQ", wire::kLinkEthernet, {1, 1,    1,    1, 1,   1,    2, 2, 2,   2, 2,
                                     2, 0x88, 0xa8, 0, 100, 0x81, 0, 0, 200, 8, 0}},
  };
  for (const auto& one : cases) {
    INFO(one.name);
    const Decoded result = decode(relinked(frame, one.header), one.link_type);
    REQUIRE(result.status == DecodeStatus::tcp);
    CHECK(result.packet.payload.text() == "payload");
    CHECK(result.packet.key.vlan == (std::string_view(one.name) == "QinQ" ? 100 : 0));
  }
}

// The headers are those of captures that the systems made, shortened.
TEST_CASE("what Juniper's and Apple's systems put before a frame", "[decode]") {
  const auto frame = build(sample(), {});
  const std::vector<uint8_t> packet(frame.octets.begin() + 14, frame.octets.end());
  const auto behind = [](std::vector<uint8_t> header, const std::vector<uint8_t>& rest) {
    header.insert(header.end(), rest.begin(), rest.end());
    return header;
  };
  const auto tapped = [&](uint32_t length, uint8_t record, uint8_t link_type,
                          const std::vector<uint8_t>& rest) {
    std::vector<uint8_t> header(length);
    header[0] = static_cast<uint8_t>(length);
    header[4] = record;
    header[8] = link_type;
    return behind(header, rest);
  };
  const struct {
    const char* name;
    uint16_t link_type;
    std::vector<uint8_t> octets;
    DecodeStatus status;
  } cases[] = {
      {"Juniper, bare", wire::kLinkJuniperEthernet, behind({'M', 'G', 'C', 1}, frame.octets),
       DecodeStatus::tcp},
      {"Juniper, extended", wire::kLinkJuniperEthernet,
       behind({'M', 'G', 'C', 0x80, 0, 6, 3, 1, 1, 6, 1, 14}, frame.octets), DecodeStatus::tcp},
      {"Juniper, no link header", wire::kLinkJuniperEthernet,
       behind({'M', 'G', 'C', 0x82, 0, 3, 3, 1, 1, 0, 0, 0, 2}, packet), DecodeStatus::tcp},
      {"Juniper, another magic", wire::kLinkJuniperEthernet,
       behind({'M', 'G', 'D', 1}, frame.octets), DecodeStatus::not_ip},
      {"Juniper, extension beyond the end",
       wire::kLinkJuniperEthernet,
       {'M', 'G', 'C', 0x80, 0xff, 0xff, 3, 1},
       DecodeStatus::cut},
      {"Apple, Ethernet", wire::kLinkPktap, tapped(108, 1, 1, frame.octets), DecodeStatus::tcp},
      {"Apple, raw, private number", wire::kLinkPktapDarwin, tapped(120, 1, 12, packet),
       DecodeStatus::tcp},
      {"Apple, no packet", wire::kLinkPktap, tapped(108, 0, 1, frame.octets), DecodeStatus::not_ip},
      {"Apple, short header", wire::kLinkPktapDarwin, tapped(20, 1, 1, frame.octets),
       DecodeStatus::unknown_link},
      {"Apple, tap in a tap", wire::kLinkPktap, tapped(108, 1, 149, frame.octets),
       DecodeStatus::unknown_link},
      {"Apple, cut", wire::kLinkPktap, tapped(108, 1, 1, {}), DecodeStatus::cut},
  };
  for (const auto& one : cases) {
    INFO(one.name);
    const Decoded result = decode(one.octets, one.link_type);
    CHECK(result.status == one.status);
    if (one.status == DecodeStatus::tcp) CHECK(result.packet.payload.text() == "payload");
  }
}

TEST_CASE("IPv6 families of every system on BSD loopback", "[decode]") {
  test::Segment segment = sample();
  segment.source = "2001:db8::10";
  segment.destination = "2001:db8::20";
  const auto frame = build(segment, {});
  for (const uint8_t family : std::initializer_list<uint8_t>{10, 23, 24, 26, 28, 30}) {
    const Decoded result = decode(relinked(frame, {family, 0, 0, 0}), wire::kLinkNull);
    REQUIRE(result.status == DecodeStatus::tcp);
    CHECK(result.packet.key.ip_version == 6);
    CHECK(result.packet.payload.text() == "payload");
  }
}

TEST_CASE("IPv6 extension headers are passed, fragments told", "[decode]") {
  test::Segment segment = sample();
  segment.source = "2001:db8::10";
  segment.destination = "2001:db8::20";
  auto octets = build(segment, {}).octets;
  const auto insert = [&](uint8_t kind, std::vector<uint8_t> header) {
    auto copy = octets;
    copy[20] = kind;  // next header of the fixed header
    const auto length = static_cast<uint16_t>(load_be16(copy.data() + 18) + header.size());
    copy[18] = static_cast<uint8_t>(length >> 8);
    copy[19] = static_cast<uint8_t>(length);
    copy.insert(copy.begin() + 54, header.begin(), header.end());
    return decode(copy);
  };
  const Decoded hop_by_hop = insert(0, {6, 0, 1, 4, 0, 0, 0, 0});
  CHECK(hop_by_hop.packet.payload.text() == "payload");
  CHECK(insert(60, {6, 0, 1, 4, 0, 0, 0, 0}).status == DecodeStatus::tcp);
  CHECK(insert(44, {6, 0, 0, 0, 0, 0, 0, 1}).status == DecodeStatus::tcp);       // atomic
  CHECK(insert(44, {6, 0, 0, 1, 0, 0, 0, 1}).status == DecodeStatus::fragment);  // more follow
  CHECK(insert(0, {6, 255, 1, 4, 0, 0, 0, 0}).status == DecodeStatus::cut);
}

TEST_CASE("padding behind the IP length is nobody's payload", "[decode]") {
  auto octets = build(sample(), {}).octets;
  octets.insert(octets.end(), 6, 0);
  const Decoded result = decode(octets);
  CHECK(result.packet.payload.text() == "payload");
}

TEST_CASE("an IP length of zero is a segment not yet cut by the sending kernel", "[decode]") {
  auto octets = build(sample(), {}).octets;
  octets[16] = octets[17] = 0;
  const Decoded result = decode(octets);
  REQUIRE(result.status == DecodeStatus::tcp);
  CHECK(result.packet.payload.text() == "payload");
}

TEST_CASE("an IP length beyond the frame is refused, beyond the capture is a short snapshot",
          "[decode]") {
  auto octets = build(sample(), {}).octets;
  octets[17] = static_cast<uint8_t>(octets[17] + 10);
  CHECK(decode(octets).status == DecodeStatus::invalid);
  const Decoded cut = decode(octets, 1, static_cast<uint32_t>(octets.size()) + 10);
  REQUIRE(cut.status == DecodeStatus::tcp);
  CHECK(cut.packet.payload_octets == 17);
  CHECK(cut.packet.payload.size == 7);
}

TEST_CASE("broken TCP headers are refused", "[decode]") {
  auto octets = build(sample(), {}).octets;
  const size_t data_offset = 14 + 20 + 12;
  octets[data_offset] = 0x40;
  CHECK(decode(octets).status == DecodeStatus::invalid);
  octets[data_offset] = 0xf0;
  CHECK(decode(octets).status == DecodeStatus::invalid);
}

TEST_CASE("the data offset, not twenty octets, is where payload begins", "[decode]") {
  auto octets = build(sample(), {}).octets;
  octets[14 + 20 + 12] = 0x60;
  const Decoded result = decode(octets);
  CHECK(result.packet.payload.text() == "oad");
}

TEST_CASE("the window scale of a SYN is read and capped", "[decode]") {
  test::Segment segment = sample();
  segment.flags = wire::kSyn;
  segment.options = {2, 4, 5, 0xb4, 1, 3, 3, 7};
  CHECK(decode(build(segment, {}).octets).packet.window_scale == 7);
  segment.options = {3, 3, 200};
  CHECK(decode(build(segment, {}).octets).packet.window_scale == 14);
  segment.options = {3, 0, 0, 0};
  CHECK(decode(build(segment, {}).octets).packet.window_scale == wire::Packet::kNoWindowScale);
}

TEST_CASE("time stamps are read alone and among other options", "[decode]") {
  test::Segment segment = sample();
  const auto stamp = [&](std::vector<uint8_t> options) {
    segment.options = std::move(options);
    const wire::Packet packet = decode(build(segment, {}).octets).packet;
    return packet.has_timestamps ? packet.timestamp : 0;
  };
  CHECK(stamp({1, 1, 8, 10, 1, 2, 3, 4, 5, 6, 7, 8}) == 0x01020304);
  CHECK(stamp({8, 10, 1, 2, 3, 4, 5, 6, 7, 8, 1, 1}) == 0x01020304);
  CHECK(stamp({1, 1, 5, 10, 1, 2, 3, 4, 5, 6, 7, 8, 8, 10, 9, 9, 9, 9, 0, 0, 0, 0}) == 0x09090909);
  CHECK(stamp({1, 1, 8, 9, 1, 2, 3, 4, 5, 6, 7, 1}) == 0);
}

TEST_CASE("a frame cut at every octet never gives a packet with octets it does not have",
          "[decode]") {
  test::Segment segment = sample();
  segment.vlans = {5, 6};
  for (const char* source : {"192.0.2.10", "2001:db8::10"}) {
    segment.source = source;
    segment.destination = source[0] == '2' ? "2001:db8::20" : "198.51.100.20";
    const auto octets = build(segment, {}).octets;
    for (size_t size = 0; size < octets.size(); ++size) {
      const std::vector<uint8_t> part(octets.begin(), octets.begin() + static_cast<long>(size));
      const Decoded result = decode(part, 1, static_cast<uint32_t>(octets.size()));
      if (result.status == DecodeStatus::tcp) {
        CHECK(result.packet.payload_octets == 7);
        CHECK(result.packet.payload.size == 7 - (octets.size() - size));
      }
    }
  }
}

TEST_CASE("fragments are told apart", "[decode]") {
  auto octets = build(sample(), {}).octets;
  octets[20] = 0x20;
  CHECK(decode(octets).status == DecodeStatus::fragment);
}

TEST_CASE("Community ID equals the published vectors", "[flow_key]") {
  // corelight/community-id-spec, baseline_deflt.json and baseline_seed1.json, TCP.
  wire::FlowKey key;
  const auto id = [&](uint16_t seed) {
    const wire::CommunityId text = wire::community_id(key, seed);
    return std::string(text.begin(), text.end());
  };
  wire::Address source{128, 232, 110, 120}, destination{66, 35, 250, 204};
  set_endpoints(key, source, 34855, destination, 80);
  CHECK(id(0) == "1:LQU9qZlK+B5F3KDmev6m5PMibrg=");
  CHECK(id(1) == "1:3V71V58M3Ksw/yuFALMcW0LAHvc=");
  set_endpoints(key, destination, 80, source, 34855);
  CHECK(id(0) == "1:LQU9qZlK+B5F3KDmev6m5PMibrg=");
  // IPv6: by the specification's own steps.
  key.ip_version = 6;
  set_endpoints(key, {0x20, 0x01, 0x0d, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x10}, 40000,
                {0x20, 0x01, 0x0d, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x20}, 443);
  CHECK(id(7) == "1:p/6fQ9jQZpsnM4zuGY1in+g50OQ=");
}

TEST_CASE("addresses as text", "[flow_key]") {
  wire::Address six{0x20, 0x01, 0x0d, 0xb8};
  six[15] = 1;
  CHECK(wire::to_text(six, 6) == "2001:0db8:0000:0000:0000:0000:0000:0001");
  CHECK(wire::to_text({10, 1, 2, 3}, 4) == "10.1.2.3");
  CHECK(wire::to_text({255, 199, 0, 99}, 4) == "255.199.0.99");
  for (unsigned value = 0; value < 256; ++value) {
    const std::string digits = std::to_string(value);
    const auto octet = static_cast<uint8_t>(value);
    CHECK(wire::to_text({octet, 0, 9, octet}, 4) == digits + ".0.9." + digits);
  }
}
