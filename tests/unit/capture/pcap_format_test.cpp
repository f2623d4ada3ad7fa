// SPDX-License-Identifier: BSD-3-Clause
// Classic pcap: orders, magics, versions, and the broken files of facts/reliability.md 3.1.
#include "tests/unit/capture/read_both.hpp"

using namespace exwire;
using namespace exwire::test;

TEST_CASE("pcap in every order and resolution", "[capture][pcap]") {
  struct Case {
    uint32_t magic;
    int64_t tick_ns;
  };
  const auto [magic, tick_ns] =
      GENERATE(Case{0xa1b2c3d4, 1000}, Case{0xa1b23c4d, 1}, Case{0xa1b2cd34, 1000});
  const bool big_endian = GENERATE(false, true);
  CAPTURE(magic, big_endian);
  PcapWriter writer({.magic = magic, .big_endian = big_endian, .link_type = 113});
  writer.record(1'000'000'000, 123'456, kOne).record(2, 999'999, {}).record(UINT32_MAX, 0, kFour);
  const ReadResult result = read(writer.octets());
  REQUIRE(result.frames.size() == 3);
  CHECK(result.failure.empty());
  CHECK(result.frames[0].time.ns == 1'000'000'000 * kNanosPerSecond + 123'456 * tick_ns);
  CHECK(result.frames[0].octets == kOne);
  CHECK(result.frames[0].link_type == 113);
  CHECK(result.frames[0].number == 1);
  CHECK(result.frames[1].octets.empty());
  CHECK(result.frames[1].wire_octets == 0);
  CHECK(result.frames[2].time.ns == int64_t{UINT32_MAX} * kNanosPerSecond);
  CHECK(result.frames[2].number == 3);
}

TEST_CASE("pcap link type without the bits above it", "[capture][pcap]") {
  PcapWriter writer({.link_type = 0x24000001});  // an FCS of four octets
  CHECK(read(writer.record(1, 0, kOne).octets()).frames.at(0).link_type == 1);
}

TEST_CASE("pcap versions", "[capture][pcap]") {
  SECTION("2.2 has the lengths in swapped places") {
    PcapWriter writer({.major = 2, .minor = 2});
    const ReadResult result = read(writer.record(1, 0, kOne, 1500, 3).octets());
    REQUIRE(result.frames.size() == 1);
    CHECK(result.frames[0].octets == kOne);
    CHECK(result.frames[0].wire_octets == 1500);
  }
  SECTION("2.3 has them in either") {
    PcapWriter writer({.major = 2, .minor = 3});
    writer.record(1, 0, kOne, 1500, 3).record(2, 0, kOne, 3, 1500);
    const ReadResult result = read(writer.octets());
    REQUIRE(result.frames.size() == 2);
    CHECK(result.frames[0] == ReadFrame{{kNanosPerSecond}, kOne, 1500, 1, 0, 1});
    CHECK(result.frames[1].octets == kOne);
  }
  SECTION("9 is refused") {
    PcapWriter writer({.major = 9});
    const ReadResult result = read(writer.record(1, 0, kOne).octets());
    CHECK(result.frames.empty());
    CHECK(result.code == ErrorCode::unsupported);
    CHECK(result.failure == "test: packet 1, octet 0: pcap version 9.4");
  }
}

TEST_CASE("pcap that ends too early keeps what came before", "[capture][pcap]") {
  PcapWriter writer;
  const size_t header = writer.octets().size();
  const Octets whole = writer.record(1, 0, kOne).record(2, 0, kFour).octets();
  for (size_t size = 0; size < whole.size(); ++size) {
    CAPTURE(size);
    const Octets part(whole.begin(), whole.begin() + static_cast<std::ptrdiff_t>(size));
    const ReadResult result = read(part);
    const bool clean = size == header || size == header + 19;
    CHECK(result.failure.empty() == clean);
    CHECK(result.frames.size() == (size >= header + 19 ? 1 : 0));
    if (clean) continue;
    CHECK(result.code == (size > 0 && size < 4 ? ErrorCode::not_capture : ErrorCode::truncated));
    if (size > header + 19) {
      CHECK(result.failure == "test: packet 2, octet 43: the file ends within this record");
    }
  }
}

TEST_CASE("pcap with absurd captured lengths", "[capture][pcap]") {
  const uint32_t captured = GENERATE(0x80000000U, UINT32_MAX, 300'000U);
  PcapWriter writer;
  const ReadResult result = read(writer.record(1, 0, kOne).record(2, 0, kFour, captured).octets());
  CHECK(result.frames.size() == 1);
  CHECK(result.code == ErrorCode::damaged);
  CHECK(result.failure ==
        "test: packet 2, octet 43: captured length of " + std::to_string(captured) + " octets");
}

TEST_CASE("pcap lengths that contradict each other", "[capture][pcap]") {
  PcapWriter writer;
  const Octets largest(262144, 0x55);
  writer.record(1, 0, kFour, 4, 2).record(2, 0, kFour, 4, 1500).record(3, 0, largest);
  const ReadResult result = read(writer.octets());
  REQUIRE(result.frames.size() == 3);
  CHECK(result.frames[0].octets == kFour);
  CHECK(result.frames[0].wire_octets == 4);
  CHECK(result.counters.odd_lengths == 1);
  CHECK(result.frames[1].wire_octets == 1500);
  CHECK(result.counters.cut_by_snaplen == 1);
  CHECK(result.frames[2].octets == largest);
}

TEST_CASE("pcap snaplen is not believed", "[capture][pcap]") {
  const uint32_t snaplen = GENERATE(0U, 20U, 0x7fffffffU);
  PcapWriter writer({.snaplen = snaplen});
  const Octets octets(64, 1);
  CHECK(read(writer.record(1, 0, octets).octets()).frames.at(0).octets == octets);
}

TEST_CASE("pcap times that are odd", "[capture][pcap]") {
  PcapWriter writer;
  writer.record(10, UINT32_MAX, kOne).record(2'000'000'000, 0, kOne).record(5, 1'000'000, kOne);
  const ReadResult result = read(writer.octets());
  REQUIRE(result.frames.size() == 3);
  CHECK(result.frames[0].time.ns == 10 * kNanosPerSecond + int64_t{UINT32_MAX} * 1000);
  CHECK(result.frames[2].time.ns == 6 * kNanosPerSecond);  // backwards is the clock's business
  CHECK(result.counters.odd_times == 2);
}

TEST_CASE("pcap of an unknown link type is read", "[capture][pcap]") {
  PcapWriter writer({.link_type = 9999});
  CHECK(read(writer.record(1, 0, kOne).octets()).frames.at(0).link_type == 9999);
}

TEST_CASE("what is no capture is told", "[capture][pcap]") {
  const ReadResult text = read(octets_of("GET / HTTP/1.1\r\n"));
  CHECK(text.code == ErrorCode::not_capture);
  CHECK(text.failure == "test: neither pcap nor pcapng");
  CHECK(read({0xd4}).code == ErrorCode::not_capture);
  CHECK(read({}).failure == "test: the file is empty");
}

TEST_CASE("pcap frames in a row are those of one step after another", "[capture][pcap]") {
  using Step = capture::FormatParser::Step;
  PcapWriter writer;
  for (uint32_t number = 0; number < 5; ++number) {
    writer.record(number, 2'000'000 * (number % 2), Octets(number * 7, 'x'));
  }
  const Octets octets = writer.octets();
  for (size_t size = 24; size <= octets.size(); ++size) {
    const auto stepping = capture::make_pcap_parser(), striding = capture::make_pcap_parser();
    std::span<const uint8_t> left(octets.data(), size);
    capture::Frame frame;
    uint64_t consumed = 0;
    CHECK(striding->fill_in_a_row(left, {&frame, 1}, consumed) == 0);  // not without its header
    CHECK(striding->step(left, frame, consumed) == Step::skipped);
    CHECK(stepping->step(left, frame, consumed) == Step::skipped);
    left = left.subspan(consumed);
    std::array<capture::Frame, 4> row;  // one less than there are
    uint64_t passed = 0, stepped = 0;
    const uint32_t count = striding->fill_in_a_row(left, row, passed);
    for (uint32_t index = 0; index < count; ++index) {
      REQUIRE(stepping->step(left.subspan(stepped), frame, consumed) == Step::frame);
      stepped += consumed;
      CHECK(row[index].octets.data == frame.octets.data);
      CHECK(row[index].octets.size == frame.octets.size);
      CHECK(row[index].time == frame.time);
    }
    CHECK(passed == stepped);
    CHECK(striding->counters().odd_times == stepping->counters().odd_times);
    const Step next = stepping->step(left.subspan(stepped), frame, consumed);
    CHECK((count == row.size() || next == Step::need_more));
  }
}
