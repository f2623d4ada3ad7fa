// SPDX-License-Identifier: BSD-3-Clause
// pcapng: sections, interfaces, every kind of packet block, times, and the broken files of
// facts/reliability.md 3.1 of which more can be read than libpcap does.
#include <chrono>

#include "sensor/capture/tick_scale.hpp"
#include "tests/unit/capture/read_both.hpp"

using namespace exwire;
using namespace exwire::test;
using capture::TickScale;

namespace {
constexpr uint64_t kTicks = 1'700'000'000'123'456;  // microseconds
constexpr int64_t kTicksNs = 1'700'000'000'123'456'000;
}  // namespace

TEST_CASE("pcapng in both orders", "[capture][pcapng]") {
  const bool big_endian = GENERATE(false, true);
  PcapngWriter writer(big_endian);
  writer.section().interface(1, 96).interface(101);
  writer.enhanced(0, kTicks, kOne).enhanced(1, kTicks, kFour, 4, 1500);
  writer.obsolete(1, kTicks, kFour).simple(kOne);
  const ReadResult result = read(writer.octets());
  CHECK(result.failure.empty());
  REQUIRE(result.frames.size() == 4);
  CHECK(result.frames[0] == ReadFrame{{kTicksNs}, kOne, 3, 1, 0, 1});
  CHECK(result.frames[1] == ReadFrame{{kTicksNs}, kFour, 1500, 101, 1, 2});
  CHECK(result.frames[2] == ReadFrame{{kTicksNs}, kFour, 4, 101, 1, 3});
  CHECK(result.frames[3] == ReadFrame{{kTicksNs}, kOne, 3, 1, 0, 4});
}

TEST_CASE("pcapng sections change the order and forget the interfaces", "[capture][pcapng]") {
  PcapngWriter writer;
  writer.section(false).interface(1).enhanced(0, kTicks, kOne);
  writer.section(true).interface(113).enhanced(0, kTicks, kFour);
  writer.section(false).enhanced(0, kTicks, kOne).interface(276).enhanced(0, kTicks, kOne);
  const ReadResult result = read(writer.octets());
  REQUIRE(result.frames.size() == 3);
  CHECK(result.frames[1].link_type == 113);
  CHECK(result.frames[2].link_type == 276);
  CHECK(result.frames[2].number == 4);
  CHECK(result.counters.bad_records == 1);
  CHECK_THAT(result.failure, Catch::StartsWith("test: packet 3, octet "));
  CHECK_THAT(result.failure, Catch::EndsWith("packet of interface 0, which was never described; "
                                             "1 record was passed over"));
}

TEST_CASE("pcapng simple packets are cut by the snaplen", "[capture][pcapng]") {
  PcapngWriter writer;
  writer.section().interface(1, 4).simple(octets_of("four"), 1500).simple(kOne);
  const ReadResult result = read(writer.octets());
  REQUIRE(result.frames.size() == 2);
  CHECK(result.frames[0] == ReadFrame{{0}, kFour, 1500, 1, 0, 1});
  CHECK(result.frames[1].octets == kOne);
}

TEST_CASE("pcapng passes over bad packets", "[capture][pcapng]") {
  PcapngWriter writer;
  writer.section().enhanced(0, kTicks, kOne);               // before any interface
  writer.interface(1).enhanced(7, kTicks, kOne);            // of an interface that is not there
  writer.enhanced(0, kTicks, kOne, 4000);                   // longer than its block
  writer.block(6, {1, 2, 3, 4}).block(3, {}).block(2, {});  // too short
  writer.enhanced(0, kTicks, kFour);
  const ReadResult result = read(writer.octets());
  REQUIRE(result.frames.size() == 1);
  CHECK(result.frames[0].octets == kFour);
  CHECK(result.frames[0].number == 7);
  CHECK(result.counters.bad_records == 6);
  CHECK(result.code == ErrorCode::damaged);
  CHECK_THAT(result.failure, Catch::EndsWith("6 records were passed over"));
}

TEST_CASE("pcapng skips what is no packet", "[capture][pcapng]") {
  PcapngWriter writer;
  writer.section().interface(1);
  writer.block(4, Octets(40, 'n')).block(5, Octets(20, 's')).block(10, octets_of("CLIENT_RANDOM"));
  writer.block(0xbad, Octets(7, 'c')).block(0x40000bad, {}).block(0xffffffff, Octets(65, 0xff));
  const ReadResult result = read(writer.enhanced(0, kTicks, kOne).octets());
  CHECK(result.failure.empty());
  CHECK(result.frames.size() == 1);
}

TEST_CASE("pcapng blocks above libpcap's 16 MiB are passed over", "[capture][pcapng]") {
  const uint32_t type = GENERATE(10U, 0xbadU, 1U, 0x0a0d0d0aU);
  CAPTURE(type);
  PcapngWriter writer;
  writer.section().interface(1).enhanced(0, kTicks, kOne);
  Octets body(size_t{17} << 20, 0);
  const Octets start =
      type == 1 ? NumberWriter(false).u16(113).u16(0).u32(0).octets()
                : NumberWriter(false).u32(0x1a2b3c4d).u16(1).u16(0).u64(UINT64_MAX).octets();
  std::copy(start.begin(), start.end(), body.begin());
  writer.block(type, body);
  if (type == 0x0a0d0d0a) writer.interface(1);
  writer.enhanced(type == 1 ? 1 : 0, kTicks, kFour);
  SECTION("whole") {
    const ReadResult result = read(writer.octets());
    CHECK(result.failure.empty());
    REQUIRE(result.frames.size() == 2);
    CHECK(result.frames[1].link_type == (type == 1 ? 113 : 1));
  }
  SECTION("cut inside") {
    Octets part = writer.octets();
    part.resize(size_t{9} << 20);
    const ReadResult result = read(part);
    CHECK(result.frames.size() == 1);
    CHECK(result.code == ErrorCode::truncated);
  }
  SECTION("with another length at its end") {
    Octets wrong = writer.octets();
    const size_t behind = type == 0x0a0d0d0a ? 20 + 36 : 36;
    wrong[wrong.size() - behind - 4] ^= 4;
    const ReadResult result = read(wrong);
    CHECK(result.frames.size() == 1);
    CHECK_THAT(result.failure, Catch::EndsWith("block whose two lengths differ"));
  }
}

TEST_CASE("pcapng packet with 2 MiB of options", "[capture][pcapng]") {
  PcapngWriter writer;
  writer.section().interface(1);
  Octets options;
  while (options.size() < (size_t{2} << 20)) {
    const Octets comment = writer.option(1, Octets(60000, 'x'));
    options.insert(options.end(), comment.begin(), comment.end());
  }
  writer.enhanced(0, kTicks, kOne, {}, {}, options).enhanced(0, kTicks, kFour);
  const ReadResult result = read(writer.octets());
  CHECK(result.failure.empty());
  CHECK(result.frames.size() == 2);
}

TEST_CASE("pcapng block lengths that end the file", "[capture][pcapng]") {
  PcapngWriter writer;
  writer.section().interface(1).enhanced(0, kTicks, kOne);
  const size_t before = writer.octets().size();
  SECTION("impossible") {
    const uint32_t length = GENERATE(0U, 4U, 8U, 11U, 13U, 34U);
    const ReadResult result = read(writer.block(6, Octets(24, 0), length).octets());
    CHECK(result.frames.size() == 1);
    CHECK(result.code == ErrorCode::damaged);
    CHECK(result.failure == "test: packet 2, octet " + std::to_string(before) +
                                ": block length of " + std::to_string(length) + " octets");
  }
  SECTION("different at its end") {
    const ReadResult result = read(writer.block(6, Octets(24, 0), 36, 40).octets());
    CHECK(result.frames.size() == 1);
    CHECK_THAT(result.failure, Catch::EndsWith("block whose two lengths differ"));
  }
  SECTION("beyond the file") {
    const ReadResult result = read(writer.block(6, Octets(24, 0), 0xfffffffc).octets());
    CHECK(result.frames.size() == 1);
    CHECK(result.code == ErrorCode::truncated);
  }
}

TEST_CASE("pcapng sections that cannot be read", "[capture][pcapng]") {
  CHECK(read(PcapngWriter().section(false, 2).octets()).code == ErrorCode::unsupported);
  CHECK(read(PcapngWriter().block(0x0a0d0d0a, Octets(16, 9)).octets()).code == ErrorCode::damaged);
  const Octets order_only = NumberWriter(false).u32(0x1a2b3c4d).octets();
  CHECK(read(PcapngWriter().block(0x0a0d0d0a, order_only).octets()).code == ErrorCode::damaged);
}

TEST_CASE("pcapng interface that is too short keeps its number", "[capture][pcapng]") {
  PcapngWriter writer;
  writer.section().block(1, {1, 0, 0, 0}).interface(113);
  const ReadResult result =
      read(writer.enhanced(1, kTicks, kOne).enhanced(0, kTicks, kOne).octets());
  REQUIRE(result.frames.size() == 1);
  CHECK(result.frames[0].link_type == 113);
  CHECK(result.counters.bad_records == 1);
}

TEST_CASE("pcapng option longer than its block", "[capture][pcapng]") {
  PcapngWriter writer;
  writer.section().interface(1, 0, writer.option(9, {3}, 60000));
  const ReadResult result = read(writer.enhanced(0, kTicks, kOne).octets());
  CHECK(result.failure.empty());
  CHECK(result.frames.at(0).time.ns == kTicksNs);
}

TEST_CASE("pcapng with 100,000 interfaces", "[capture][pcapng]") {
  PcapngWriter writer;
  writer.section();
  for (uint32_t number = 0; number < 100'000; ++number) {
    writer.interface(static_cast<uint16_t>(number % 300));
  }
  writer.enhanced(99'999, kTicks, kOne).enhanced(65'534, kTicks, kOne);
  const auto start = std::chrono::steady_clock::now();
  const ReadResult result = read_mapped(writer.octets());
  CHECK(std::chrono::steady_clock::now() - start < std::chrono::seconds(1));
  REQUIRE(result.frames.size() == 2);
  CHECK(result.frames[0].link_type == 99'999 % 300);
  CHECK(result.frames[0].interface == UINT16_MAX);
  CHECK(result.frames[1].interface == 65'534);
}

TEST_CASE("pcapng time stamps of every resolution", "[capture][pcapng]") {
  CHECK(TickScale(6).to_time(kTicks).time.ns == kTicksNs);
  CHECK(TickScale(9).to_time(uint64_t{kTicksNs}).time.ns == kTicksNs);
  CHECK(TickScale(0).to_time(1'700'000'000).time.ns == 1'700'000'000 * kNanosPerSecond);
  CHECK(TickScale(3, 1'700'000'000).to_time(123).time.ns ==
        1'700'000'000 * kNanosPerSecond + 123 * kNanosPerMilli);
  CHECK(TickScale(12).to_time(1'999).time.ns == 1);
  CHECK(TickScale(0x80 | 10).to_time(1024 + 512).time.ns == 1'500'000'000);
  CHECK(TickScale(0x80 | 63).to_time(uint64_t{3} << 62).time.ns == 1'500'000'000);
  CHECK(TickScale(0x80 | 64).to_time(uint64_t{1} << 63).time.ns == 500'000'000);
  CHECK(TickScale(6, -1'700'000'000).to_time(kTicks).time.ns == 123'456'000);
  for (unsigned resolution = 0; resolution < 256; ++resolution) {
    for (const int64_t offset : {INT64_MIN, int64_t{-1}, int64_t{0}, int64_t{1}, INT64_MAX}) {
      for (const uint64_t ticks : {uint64_t{0}, uint64_t{1}, kTicks, UINT64_MAX}) {
        const auto [time, moved] =
            TickScale(static_cast<uint8_t>(resolution), offset).to_time(ticks);
        CHECK(time.ns >= 0);
        CHECK(time.ns <= TickScale::kLatestNs);
        if (offset == INT64_MIN) CHECK(moved);  // to either border
        if (offset == INT64_MAX) CHECK((time.ns == TickScale::kLatestNs && moved));
      }
    }
  }
}

TEST_CASE("pcapng hostile resolution and offset", "[capture][pcapng]") {
  PcapngWriter writer;
  writer.section().interface(1, 0, writer.resolution(0xff));  // 2^-127
  Octets options = writer.resolution(0);
  const Octets offset = writer.offset(INT64_MAX);
  options.insert(options.end(), offset.begin(), offset.end());
  writer.interface(1, 0, options);
  const ReadResult result =
      read(writer.enhanced(0, UINT64_MAX, kOne).enhanced(1, UINT64_MAX, kOne).octets());
  REQUIRE(result.frames.size() == 2);
  CHECK(result.frames[0].time.ns == 0);
  CHECK(result.frames[1].time.ns == TickScale::kLatestNs);
  CHECK(result.counters.odd_times == 1);
}
