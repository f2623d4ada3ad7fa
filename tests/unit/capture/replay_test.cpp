// SPDX-License-Identifier: BSD-3-Clause
// Replay over files and folders: order, failures that do not stop the others, filters, names,
// progress; and nothing but captures is opened in a folder.
#include <sys/stat.h>
#include <unistd.h>

#include <catch2/catch.hpp>

#include "sensor/capture/capture_directory.hpp"
#include "sensor/capture/link_type.hpp"
#include "sensor/capture/replay.hpp"
#include "tests/unit/capture/temporary_folder.hpp"

using namespace exwire;
using namespace exwire::test;
using capture::Batch;
using capture::BatchStatus;
using capture::Filter;
using capture::Replay;

namespace {

/// An Ethernet frame with an IPv4 TCP segment to a port.
Octets to_port(uint16_t port) {
  Octets frame(54, 0);
  frame[12] = 0x08;
  frame[14] = 0x45;
  frame[17] = 40;
  frame[22] = 64;
  frame[23] = 6;
  frame[36] = static_cast<uint8_t>(port >> 8);
  frame[37] = static_cast<uint8_t>(port);
  frame[46] = 0x50;
  return frame;
}

Octets capture_from(uint32_t second, size_t count = 1) {
  PcapWriter writer;
  for (size_t number = 0; number < count; ++number) writer.record(second, 0, to_port(443));
  return writer.octets();
}

struct Seen {
  std::vector<std::string> names;  ///< of every frame
  std::vector<int64_t> seconds;
  size_t batches = 0;
};

Seen read(Replay& replay) {
  Seen seen;
  Batch batch;
  while (true) {
    const BatchStatus status = replay.next_batch(batch);
    ++seen.batches;
    for (uint32_t index = 0; index < batch.count; ++index) {
      seen.names.push_back(std::filesystem::path(replay.name()).filename());
      seen.seconds.push_back(batch.frames[index].time.ns / kNanosPerSecond);
    }
    CHECK_FALSE(batch.tick);
    if (status == BatchStatus::finished) return seen;
  }
}

}  // namespace

TEST_CASE("replay reads all it can and tells all it cannot", "[capture][replay]") {
  const TemporaryFolder folder;
  Octets cut = capture_from(3, 100);
  cut.pop_back();
  const std::vector<std::string> arguments = {
      folder.write("b", capture_from(5, 70)), folder.at("none"), folder.write("cut", cut),
      folder.write("text", octets_of("hello, world")), folder.write("a", capture_from(1, 2))};
  Filter filter("");
  Replay replay(arguments, filter);
  const Seen seen = read(replay);
  REQUIRE(seen.names.size() == 171);
  CHECK(seen.names[69] == "b");
  CHECK(seen.names[70] == "cut");
  CHECK(seen.names[168] == "cut");
  CHECK(seen.names[169] == "a");
  REQUIRE(replay.failures().size() == 3);
  CHECK(replay.failures()[0].message == folder.at("none") + ": No such file or directory");
  CHECK(replay.failures()[1].message ==
        folder.at("cut") + ": packet 100, octet 6954: the file ends within this record");
  CHECK(replay.failures()[2].message == folder.at("text") + ": neither pcap nor pcapng");
  CHECK(replay.failure()->message == replay.failures()[0].message);
  CHECK(replay.counters().frames == 171);
  CHECK(replay.counters().octets == 171 * 54);
  CHECK(replay.progress() == 1.0);
}

TEST_CASE("a folder is replayed in the time order of its captures", "[capture][replay]") {
  const TemporaryFolder folder;
  folder.write("z-first", capture_from(10));
  folder.write("tie-b", capture_from(20));
  folder.write("tie-a", gzip(capture_from(20)));
  folder.write("a-last", zstandard(capture_from(30)));
  folder.write("notes.txt", octets_of("not a capture"));
  folder.write("short", {1});
  folder.write("empty.pcap", {});
  std::filesystem::create_directory(folder.at("sub"));
  folder.write("sub/never", capture_from(1));
  std::filesystem::create_symlink(folder.at("sub/never"), folder.at("link"));
  REQUIRE(mkfifo(folder.at("pipe").c_str(), 0600) == 0);
  Filter filter("");
  Replay replay({folder.path()}, filter);
  CHECK(replay.files() == 5);
  CHECK(replay.skipped() == 4);  // text, short, link, pipe
  const Seen seen = read(replay);
  CHECK(seen.names == std::vector<std::string>{"z-first", "tie-a", "tie-b", "a-last"});
  REQUIRE(replay.failures().size() == 1);
  CHECK(replay.failures()[0].message == folder.at("empty.pcap") + ": the file is empty");
}

TEST_CASE("an unreadable file and folder are failures, no end", "[capture][replay]") {
  if (geteuid() != 0) {
    WARN("skipped: needs root to become nobody");
    return;
  }
  const TemporaryFolder folder;
  const std::string secret = folder.write("secret", capture_from(1));
  folder.write("open", capture_from(2));
  std::filesystem::create_directory(folder.at("closed"));
  std::filesystem::permissions(folder.path(), std::filesystem::perms{0755});
  std::filesystem::permissions(secret, std::filesystem::perms{0});
  std::filesystem::permissions(folder.at("closed"), std::filesystem::perms{0});
  REQUIRE(seteuid(65534) == 0);
  Filter filter("");
  Replay replay({folder.at("closed"), folder.path()}, filter);
  const Seen seen = read(replay);
  REQUIRE(seteuid(0) == 0);
  CHECK(seen.names == std::vector<std::string>{"open"});
  REQUIRE(replay.failures().size() == 2);
  CHECK(replay.failures()[0].message == folder.at("closed") + ": Permission denied");
  CHECK(replay.failures()[1].message == secret + ": Permission denied");
}

TEST_CASE("a replay of nothing, and of standard input twice", "[capture][replay]") {
  Filter filter("");
  CHECK_THROWS_AS(Replay({}, filter), SetupError);
  CHECK_THROWS_AS(Replay({"-", "-"}, filter), SetupError);
}

TEST_CASE("views of a batch stay valid until the next", "[capture][replay]") {
  const TemporaryFolder folder;
  PcapWriter writer;
  for (uint32_t number = 0; number < 400; ++number) {
    writer.record(number, 0, Octets(60'000, static_cast<uint8_t>(number)));  // 24 MB: buffers turn
  }
  const bool compressed = GENERATE(false, true);
  Filter filter("");
  Replay replay({folder.write("x", compressed ? zstandard(writer.octets()) : writer.octets())},
                filter);
  Batch batch;
  uint32_t number = 0;
  bool whole = true;
  while (replay.next_batch(batch) == BatchStatus::frames) {
    for (uint32_t index = 0; index < batch.count; ++index, ++number) {
      const Bytes octets = batch.frames[index].octets;
      whole = whole && octets.size == 60'000 &&
              std::all_of(octets.begin(), octets.end(),
                          [&](uint8_t octet) { return octet == static_cast<uint8_t>(number); });
    }
    const auto progress = replay.progress();
    CHECK((progress && *progress > 0 && *progress <= 1));
  }
  CHECK(whole);
  CHECK(number == 400);
  CHECK(replay.failures().empty());
}

TEST_CASE("filters work per link type", "[capture][filter]") {
  PcapngWriter writer;
  const Octets frame = to_port(443), other = to_port(80);
  const Octets raw(frame.begin() + 14, frame.end());
  writer.section().interface(1).interface(101).interface(228).interface(195);
  writer.enhanced(0, 1, frame).enhanced(0, 1, other).enhanced(1, 1, raw).enhanced(2, 1, raw);
  writer.enhanced(3, 1, frame).enhanced(3, 1, frame).enhanced(0, 1, frame);
  const TemporaryFolder folder;
  Filter filter("tcp port 443");
  Replay replay({folder.write("x", writer.octets())}, filter);
  CHECK(read(replay).names.size() == 4);
  CHECK(replay.counters().frames == 4);
  CHECK(replay.counters().filtered == 3);
  REQUIRE(filter.refusals().size() == 1);  // IEEE 802.15.4 has no ports
  CHECK(filter.refusals()[0].link_type == 195);
  CHECK(filter.refusals()[0].frames == 2);
  CHECK_FALSE(filter.refusals()[0].why.empty());
}

TEST_CASE("a wrong filter is told in libpcap's words", "[capture][filter]") {
  CHECK_THROWS_WITH(Filter("tcp prot 443"),
                    Catch::StartsWith("filter: ") && Catch::Contains("syntax error"));
  CHECK_THROWS_AS(Filter("tcp prot 443"), SetupError);
  CHECK_NOTHROW(Filter("wlan type mgt"));  // means nothing on Ethernet, but something elsewhere
}

TEST_CASE("a filter that refuses everything lets the caller breathe", "[capture][filter]") {
  const TemporaryFolder folder;
  Filter filter("udp");
  Replay replay({folder.write("x", capture_from(1, 200'000))}, filter);
  const Seen seen = read(replay);
  CHECK(seen.names.empty());
  CHECK(seen.batches == 4);
  CHECK(replay.counters().filtered == 200'000);
}

TEST_CASE("a replay stops between batches", "[capture][replay]") {
  const TemporaryFolder folder;
  Filter filter("");
  Replay replay({folder.write("x", capture_from(1, 200))}, filter);
  Batch batch;
  CHECK(replay.next_batch(batch) == BatchStatus::frames);
  replay.stop();
  CHECK(replay.next_batch(batch) == BatchStatus::finished);
  CHECK(batch.count == 0);
}

TEST_CASE("link types of files and libpcap's own", "[capture][filter]") {
  CHECK(capture::link_type_of(1) == 1);
  CHECK(capture::link_type_of(12) == 101);  // raw IP
  CHECK(capture::link_type_of(113) == 113);
  CHECK(capture::link_type_of(276) == 276);
  CHECK(capture::link_type_of(0) == 0);
  CHECK(capture::handle_for(101) != nullptr);
}
