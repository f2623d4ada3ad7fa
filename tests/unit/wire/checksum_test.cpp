// SPDX-License-Identifier: BSD-3-Clause
// When a wrong checksum counts, and second copies of packets.
#include "sensor/wire/checksum.hpp"

#include <catch2/catch.hpp>
#include <set>

#include "sensor/wire/decode.hpp"
#include "sensor/wire/ipv4.hpp"
#include "tests/support/packet_builder.hpp"

using namespace exwire;
using wire::ChecksumMode;
using wire::DecodeStatus;

namespace {

constexpr size_t kSumAt = 14 + 20 + 16;

struct Bench {
  explicit Bench(ChecksumMode mode) : settings{mode, {}, {}, true} {}
  DecodeStatus decode(const test::TestFrame& frame) {
    wire::Packet packet;
    return decoder.decode({frame.time, ++number, frame.view().size, 1}, frame.view(), packet);
  }
  wire::DecodeSettings settings;
  Budget budget{size_t{64} << 20};
  wire::Decoder decoder{HashKey{}, settings, budget};
  uint64_t number = 0;
};

test::TestFrame frame(uint32_t seq, std::string_view payload, std::string source = "192.0.2.10") {
  test::Segment segment;
  segment.source = std::move(source);
  segment.seq = seq;
  segment.payload = payload;
  return build(segment, {int64_t{seq} * kNanosPerSecond});
}

test::TestFrame corrupt(test::TestFrame frame) {
  frame.octets[kSumAt] ^= 0x5a;
  return frame;
}

// What a host hands to a network card that fills in the sum.
test::TestFrame with_placeholder(test::TestFrame frame) {
  wire::NetworkView network = wire::open_ipv4(frame.view().from(14), frame.view().size - 14);
  const uint16_t sum = wire::folded(wire::pseudo_header_words(network));
  frame.octets[kSumAt] = static_cast<uint8_t>(sum >> 8);
  frame.octets[kSumAt + 1] = static_cast<uint8_t>(sum);
  return frame;
}

}  // namespace

TEST_CASE("the sum of RFC 1071, at every length and against a plain loop", "[checksum]") {
  std::vector<uint8_t> octets;
  for (uint32_t at = 0; at < 300; ++at) octets.push_back(static_cast<uint8_t>(at * 37 + at / 7));
  for (uint32_t size = 0; size <= octets.size(); ++size) {
    uint32_t sum = 0x1234;
    for (uint32_t at = 0; at < size; ++at) sum += at % 2 == 0 ? octets[at] * 256U : octets[at];
    while (sum >> 16) sum = (sum & 0xffff) + (sum >> 16);
    REQUIRE(wire::sum_of({octets.data(), size}, 0x1234) == sum);
  }
}

TEST_CASE("no carry is lost in a sum of the largest words", "[checksum]") {
  const std::vector<uint8_t> octets(262'144, 0xff);  // a multiple of 0xffff, less an odd octet's
  for (const uint32_t size : {64U, 1480U, 65'535U, 262'143U, 262'144U}) {
    CHECK(wire::sum_of({octets.data(), size}) == (size % 2 == 0 ? 0xffff : 0xff00));
  }
}

TEST_CASE("an IPv4 header is summed with its options", "[checksum]") {
  for (const uint32_t size : {20U, 24U, 60U}) {
    std::vector<uint8_t> octets(size);
    for (uint32_t at = 0; at < size; ++at) octets[at] = static_cast<uint8_t>(at * 59 + 1);
    octets[0] = static_cast<uint8_t>(0x40 | size / 4);
    octets[2] = octets[6] = 0;
    octets[3] = static_cast<uint8_t>(size);
    octets[10] = octets[11] = 0;
    const auto sum = static_cast<uint16_t>(~wire::sum_of({octets.data(), size}));
    octets[10] = static_cast<uint8_t>(sum >> 8);
    octets[11] = static_cast<uint8_t>(sum);
    const auto is_right = [&] {
      return wire::open_ipv4({octets.data(), size}, size).header_sum_ok;
    };
    CHECK(is_right());
    for (uint32_t at = 12; at < size; ++at) {
      octets[at] ^= 1;
      CHECK_FALSE(is_right());
      octets[at] ^= 1;
    }
  }
}

TEST_CASE("an honest sender's wrong sum is an attacker's", "[checksum]") {
  Bench bench(ChecksumMode::automatic);
  CHECK(bench.decode(frame(1, "right")) == DecodeStatus::tcp);
  CHECK(bench.decode(corrupt(frame(2, "evil"))) == DecodeStatus::bad_checksum);
  CHECK(bench.decode(frame(3, "right")) == DecodeStatus::tcp);
  CHECK(bench.decoder.counters().bad_checksums == 1);
}

TEST_CASE("a sender that leaves sums to its card is believed", "[checksum]") {
  Bench bench(ChecksumMode::automatic);
  CHECK(bench.decode(frame(1, "")) == DecodeStatus::tcp);  // bare acknowledgements are summed
  CHECK(bench.decode(with_placeholder(frame(2, "data"))) == DecodeStatus::tcp);
  CHECK(bench.decode(frame(3, "sent again")) == DecodeStatus::tcp);
  CHECK(bench.decode(with_placeholder(frame(4, "data"))) == DecodeStatus::tcp);
  CHECK(bench.decoder.counters().accepted_checksums == 2);
}

TEST_CASE("where the capturing host joins segments, small joined ones are believed", "[checksum]") {
  Bench bench(ChecksumMode::automatic);
  for (uint32_t seq = 1; seq < 20; ++seq) {
    CHECK(bench.decode(frame(seq, "right")) == DecodeStatus::tcp);
  }
  const auto joined = with_placeholder(frame(20, "two small ones"));
  CHECK(bench.decode(joined) == DecodeStatus::bad_checksum);
  CHECK(bench.decode(with_placeholder(frame(21, std::string(2000, 'x')))) == DecodeStatus::tcp);
  CHECK(bench.decode(joined) == DecodeStatus::tcp);
  CHECK(bench.decode(corrupt(frame(22, "evil"))) == DecodeStatus::bad_checksum);
}

TEST_CASE("what is learned from a whole capture judges its first packet", "[checksum]") {
  Bench bench(ChecksumMode::automatic);
  SECTION("payload made anonymous: every sum with payload is wrong") {
    for (uint32_t seq = 1; seq < 5; ++seq) {
      const auto one = corrupt(frame(seq, "data"));
      bench.decoder.learn({one.time, seq, one.view().size, 1}, one.view());
    }
    CHECK(bench.decode(corrupt(frame(1, "data"))) == DecodeStatus::tcp);
  }
  SECTION("one wrong sum before the right one") {
    const auto evil = corrupt(frame(1, "evil")), good = frame(1, "good");
    for (const auto& one : {evil, good}) {
      bench.decoder.learn({one.time, 1, one.view().size, 1}, one.view());
    }
    CHECK(bench.decode(evil) == DecodeStatus::bad_checksum);
    CHECK(bench.decode(good) == DecodeStatus::tcp);
  }
  CHECK(bench.decoder.counters().packets <= 2);
}

TEST_CASE("all sums are checked with `all`, but for the placeholder on loopback", "[checksum]") {
  Bench bench(ChecksumMode::all);
  CHECK(bench.decode(corrupt(frame(1, "evil"))) == DecodeStatus::bad_checksum);
  CHECK(bench.decode(with_placeholder(frame(2, "span"))) == DecodeStatus::bad_checksum);
  CHECK(bench.decode(with_placeholder(frame(3, "lo", "127.0.0.1"))) == DecodeStatus::tcp);
  CHECK(bench.decode(corrupt(frame(4, "lo", "127.0.0.1"))) == DecodeStatus::bad_checksum);
  auto header = frame(5, "header");
  header.octets[14 + 10] ^= 1;
  CHECK(bench.decode(header) == DecodeStatus::bad_checksum);
}

TEST_CASE("none is checked with `none`", "[checksum]") {
  Bench bench(ChecksumMode::none);
  CHECK(bench.decode(corrupt(frame(1, "any"))) == DecodeStatus::tcp);
}

TEST_CASE("who takes the place of another sender does not get its tallies", "[checksum]") {
  wire::ChecksumJudge judge(ChecksumMode::automatic);
  const auto right = frame(1, "right"), wrong = corrupt(frame(1, "wrong"));
  const auto verdict = [&](const test::TestFrame& frame, uint64_t sender) {
    const Bytes packet = frame.view().from(14);
    return judge.judge(wire::open_ipv4(packet, packet.size), true, sender);
  };
  for (int segment = 0; segment < 100; ++segment) verdict(right, 1);
  // Eight senders of wrong sums, and eight more: prints a multiple of 4096 apart share a bucket.
  for (uint64_t sender = 1; sender <= 16; ++sender) {
    CHECK(verdict(wrong, sender << 12) == wire::Verdict::wrong);
    CHECK(verdict(wrong, sender << 12) == wire::Verdict::wrong_but_accepted);
  }
}

TEST_CASE("the second copy of a span port is dropped, a retransmission is not", "[duplicates]") {
  Bench bench(ChecksumMode::automatic);
  auto one = frame(1, "payload");
  CHECK(bench.decode(one) == DecodeStatus::tcp);
  auto copy = one;
  copy.time.ns += kNanosPerMilli;
  copy.octets[14 + 8] -= 1;  // another hop: TTL and header checksum differ
  copy.octets[14 + 10] += 1;
  CHECK(bench.decode(copy) == DecodeStatus::duplicate);
  auto later = one;
  later.time.ns += 3 * kNanosPerMilli;
  CHECK(bench.decode(later) == DecodeStatus::tcp);
  auto other = frame(1, "pAyload");
  other.time = later.time;
  CHECK(bench.decode(other) == DecodeStatus::tcp);
  CHECK(bench.decoder.counters().duplicates == 1);
}

TEST_CASE("second copies agree in the ends of their payload, at every length", "[duplicates]") {
  const wire::Duplicates duplicates{HashKey{}};
  std::vector<uint8_t> octets(200, 'x');
  wire::Packet packet;
  packet.identification = 1;
  std::set<uint64_t> prints;
  for (uint32_t size = 0; size <= octets.size(); ++size) {
    packet.payload = {octets.data(), size};
    packet.payload_octets = size;
    const uint64_t print = duplicates.print_of(packet);
    CHECK(prints.insert(print).second);
    for (uint32_t at = 0; at < size; ++at) {
      octets[at] ^= 0x80;
      const bool compared = at < 64 || at >= size - 64;
      CHECK((duplicates.print_of(packet) != print) == compared);
      octets[at] ^= 0x80;
    }
  }
}

TEST_CASE("a second copy has every number of its segment", "[duplicates]") {
  const wire::Duplicates duplicates{HashKey{}};
  wire::Packet packet;
  packet.identification = 1;
  const uint64_t print = duplicates.print_of(packet);
  const auto differs = [&](auto wire::Packet::*field) {
    wire::Packet other = packet;
    ++(other.*field);
    return duplicates.print_of(other) != print;
  };
  CHECK(differs(&wire::Packet::hash));
  CHECK(differs(&wire::Packet::seq));
  CHECK(differs(&wire::Packet::ack));
  CHECK(differs(&wire::Packet::window));
  CHECK(differs(&wire::Packet::tcp_flags));
  CHECK(differs(&wire::Packet::identification));
  CHECK(differs(&wire::Packet::payload_octets));
  CHECK(differs(&wire::Packet::timestamp));
  CHECK_FALSE(differs(&wire::Packet::ttl));
  packet.from_lo = true;
  CHECK(duplicates.print_of(packet) != print);
}
