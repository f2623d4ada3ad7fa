// SPDX-License-Identifier: BSD-3-Clause
// VLANs in the flow key, and what packets outside any flow have to say.
#include "sensor/wire/vlan_watch.hpp"

#include <catch2/catch.hpp>

#include "sensor/wire/decode.hpp"
#include "tests/support/packet_builder.hpp"

using namespace exwire;
using wire::DecodeStatus;
using wire::NoticeKind;
using wire::VlanMode;

namespace {

struct Bench {
  explicit Bench(VlanMode vlan = VlanMode::automatic,
                 wire::ChecksumMode checksums = wire::ChecksumMode::automatic)
      : settings{checksums, {}, vlan, true} {}
  DecodeStatus decode(const test::TestFrame& frame) {
    return decoder.decode({frame.time, ++number, frame.view().size, 1}, frame.view(), packet);
  }
  wire::DecodeSettings settings;
  Budget budget{size_t{64} << 20};
  wire::Decoder decoder{HashKey{}, settings, budget};
  wire::Packet packet;
  uint64_t number = 0;
};

/// A handshake and a request, each direction in a VLAN of its own (0: untagged).
std::vector<test::TestFrame> talk(uint16_t port, uint16_t to_server, uint16_t to_client,
                                  int64_t start_s = 1) {
  test::Segment client, server;
  client.source_port = server.destination_port = port;
  client.destination_port = server.source_port = 443;
  std::swap(server.source, server.destination);
  if (to_server != 0) client.vlans = {to_server};
  if (to_client != 0) server.vlans = {to_client};
  std::vector<test::TestFrame> frames;
  const auto add = [&](test::Segment segment, uint8_t flags, uint32_t seq, uint32_t ack) {
    segment.flags = flags;
    segment.seq = seq;
    segment.ack = ack;
    frames.push_back(build(segment, {(start_s + port) * kNanosPerSecond +
                                     static_cast<int64_t>(frames.size()) * kNanosPerMilli * 5}));
  };
  add(client, wire::kSyn, 100, 0);
  add(server, wire::kSyn | wire::kAck, 900, 101);
  add(client, wire::kAck, 101, 901);
  return frames;
}

bool one_key(Bench& bench, const std::vector<test::TestFrame>& frames) {
  std::vector<uint64_t> hashes;
  for (const auto& frame : frames) {
    REQUIRE(bench.decode(frame) == DecodeStatus::tcp);
    hashes.push_back(bench.packet.hash);
  }
  return std::all_of(hashes.begin(), hashes.end(), [&](uint64_t one) { return one == hashes[0]; });
}

}  // namespace

TEST_CASE("a VLAN per direction: once seen, the next connection is whole", "[vlan]") {
  const auto [there, back] =
      GENERATE(std::pair<uint16_t, uint16_t>{10, 20}, std::pair<uint16_t, uint16_t>{10, 0},
               std::pair<uint16_t, uint16_t>{0, 20});
  Bench bench;
  one_key(bench, talk(1001, there, back));
  CHECK(bench.decoder.vlans().misleads());
  CHECK(one_key(bench, talk(1002, there, back)));
  CHECK(bench.decoder.vlans().apart() == 2);
  Bench fixed(VlanMode::in_key);
  one_key(fixed, talk(1001, there, back));
  CHECK_FALSE(one_key(fixed, talk(1002, there, back)));
  Bench ignoring(VlanMode::ignored);
  CHECK(one_key(ignoring, talk(1001, there, back)));
}

TEST_CASE("what a capture shows later counts from its first packet", "[vlan]") {
  Bench bench;
  const auto frames = talk(1001, 10, 20);
  wire::FrameHead head{{}, 0, 0, 1};
  for (const auto& frame : frames) {
    head.time = frame.time;
    head.wire_octets = frame.view().size;
    bench.decoder.learn(head, frame.view());
  }
  CHECK(one_key(bench, frames));
  CHECK(bench.decoder.counters().packets == frames.size());
  CHECK(bench.decoder.counters().duplicates == 0);
}

TEST_CASE("VLANs that hold whole connections keep them apart", "[vlan]") {
  Bench bench;
  CHECK(one_key(bench, talk(1001, 10, 10)));
  const uint64_t tagged = bench.packet.hash;
  CHECK(one_key(bench, talk(1001, 20, 20, 60)));
  CHECK(bench.packet.hash != tagged);
  CHECK_FALSE(bench.decoder.vlans().misleads());
  CHECK(bench.decoder.vlans().together() == 2);
  // One stray pair does not change what most of the network shows.
  one_key(bench, talk(1002, 10, 20));
  CHECK_FALSE(bench.decoder.vlans().misleads());
}

TEST_CASE("a routed span port shows each packet in two VLANs", "[vlan][duplicates]") {
  Bench bench;
  const auto before = talk(1001, 10, 20), behind = talk(1001, 20, 10);
  size_t followed = 0;
  for (int round = 0; round < 2; ++round) {  // first to learn, then in earnest
    for (size_t at = 0; at < before.size(); ++at) {
      for (auto frame : {before[at], behind[at]}) {
        const wire::FrameHead head{frame.time, 1, frame.view().size, 1};
        if (round == 0) {
          bench.decoder.learn(head, frame.view());
        } else {
          followed += bench.decode(frame) == DecodeStatus::tcp;
        }
      }
    }
  }
  // Bare acknowledgements of identification 0 repeat honestly and are no copies for certain.
  CHECK(followed == 4);
  CHECK(bench.decoder.counters().duplicates == 2);
  CHECK(bench.decoder.vlans().misleads());
}

TEST_CASE("a wrong checksum is told once for a connection, a flood within limits", "[notices]") {
  Bench bench(VlanMode::automatic, wire::ChecksumMode::all);
  const auto wrong = [&](uint16_t port, uint32_t seq) {
    test::Segment segment;
    segment.source_port = port;
    segment.seq = seq;
    test::TestFrame frame = build(segment, {5'000 * kNanosPerSecond});
    frame.octets[14 + 20 + 16] ^= 0x5a;
    return bench.decode(frame);
  };
  CHECK(wrong(1001, 1) == DecodeStatus::bad_checksum);
  CHECK(wrong(1001, 2) == DecodeStatus::bad_checksum);
  REQUIRE(bench.decoder.notices().waiting().size() == 1);
  const wire::Notice& notice = bench.decoder.notices().waiting()[0];
  CHECK(notice.kind == NoticeKind::bad_checksum);
  CHECK((notice.from_lo ? notice.key.lo_port : notice.key.hi_port) == 1001);
  CHECK((notice.from_lo ? notice.key.hi_port : notice.key.lo_port) == 80);
  CHECK(bench.decoder.notices().suppressed() == 1);
  size_t told = 0;
  for (uint16_t port = 2000; port < 12000; ++port) {
    wrong(port, 1);
    told += bench.decoder.notices().waiting().size();
    bench.decoder.release();
  }
  CHECK(told <= wire::Notices::kMostPerSecond);
  CHECK(told + bench.decoder.notices().suppressed() >= 10'000);
}
