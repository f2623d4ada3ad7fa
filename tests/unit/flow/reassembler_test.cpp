// SPDX-License-Identifier: BSD-3-Clause
// Reassembly against a slow model: whatever the order, the cuts and the repetitions, the reader
// gets the stream, each octet once, and is told of every hole.
#include "sensor/flow/reassembler.hpp"

#include <catch2/catch.hpp>
#include <random>
#include <string>

using namespace exwire;

namespace {

/// Takes everything, or leaves octets unconsumed until `need` are there, or skips.
class Collector final : public flow::StreamReader {
 public:
  flow::ReadAnswer read(Bytes octets) override {
    ++calls;
    touched += octets.size;
    if (octets.size < need) return {0, need, 0, false};
    if (record > 0) {  // one header octet, then a body nobody wants
      text.append(octets.text().substr(0, 1));
      return {1, 0, record - 1, false};
    }
    text.append(octets.text());
    return {octets.size, 0, 0, false};
  }
  bool gap(uint64_t missing) override {
    text += "[" + std::to_string(missing) + "]";
    return true;
  }
  void conflict(int64_t, Bytes) override { ++conflicts; }
  uint32_t most_pending() const override { return 65536; }

  std::string text;
  uint32_t need = 0;
  uint64_t record = 0;
  uint64_t touched = 0;
  int calls = 0, conflicts = 0;
};

struct Stream {
  flow::DirectionState side;
  flow::Reassembler reassembler;
  Budget budget{size_t{64} << 20};
  BufferPool pool{budget};
  flow::ReassemblyCounters counters;
  Collector reader;

  ~Stream() { reassembler.clear(pool); }
  void put(int64_t offset, std::string_view octets, uint32_t claimed = 0) {
    reassembler.segment(side, offset, as_bytes(octets),
                        claimed ? claimed : static_cast<uint32_t>(octets.size()), reader, pool,
                        counters, 0);
  }
  void give_up() { reassembler.give_up_hole(side, reader, pool, counters, 0); }
};

std::string pattern(size_t size) {
  std::string text;
  for (size_t at = 0; at < size; ++at) text += static_cast<char>('a' + at * 7 % 26);
  return text;
}

}  // namespace

TEST_CASE("octets in order are handed on at once", "[reassembler]") {
  Stream stream;
  stream.put(0, "GET ");
  stream.put(4, "/");
  CHECK(stream.reader.text == "GET /");
  CHECK(stream.side.stream_octets == 5);
  CHECK(stream.reassembler.idle());
}

TEST_CASE("early octets wait for their turn", "[reassembler]") {
  Stream stream;
  stream.put(6, "world");
  stream.put(5, " ");
  CHECK(stream.reader.text.empty());
  CHECK(stream.reassembler.has_hole());
  stream.put(0, "hello");
  CHECK(stream.reader.text == "hello world");
  CHECK_FALSE(stream.reassembler.has_hole());
}

TEST_CASE("the first copy of an octet wins and a different one is told", "[reassembler]") {
  Stream stream;
  stream.put(3, "GOOD");
  stream.put(3, "EVIL");
  stream.put(0, "abcEVILx");
  CHECK(stream.reader.text == "abcGOODx");
  CHECK(stream.counters.conflicts == 2);
  CHECK(stream.reader.conflicts == 2);
}

TEST_CASE("equal copies are no conflict", "[reassembler]") {
  Stream stream;
  stream.put(3, "same");
  stream.put(4, "ame!");
  stream.put(0, "abcsame!");
  CHECK(stream.reader.text == "abcsame!");
  CHECK(stream.counters.conflicts == 0);
}

TEST_CASE("a hole given up is told with its size", "[reassembler]") {
  Stream stream;
  stream.put(0, "abc");
  stream.put(10, "xyz");
  stream.give_up();
  CHECK(stream.reader.text == "abc[7]xyz");
  CHECK(stream.counters.gap_octets == 7);
  CHECK(stream.side.stream_octets == 13);
}

TEST_CASE("what the capture cut off is a hole", "[reassembler]") {
  Stream stream;
  stream.put(0, "abc", 10);
  stream.put(10, "xyz");
  CHECK(stream.reader.text == "abc[7]xyz");
}

TEST_CASE("unconsumed octets are offered again with what follows", "[reassembler]") {
  Stream stream;
  stream.reader.need = 10;
  for (int at = 0; at < 9; ++at) stream.put(at, "x");
  CHECK(stream.reader.text.empty());
  CHECK(stream.reader.calls == 1);  // it had said how many it wants
  stream.reader.need = 0;
  stream.put(9, "y");
  CHECK(stream.reader.text == "xxxxxxxxxy");
}

TEST_CASE("skipped octets are counted in any order and never kept", "[reassembler]") {
  Stream stream;
  stream.reader.record = 1000;
  stream.put(0, pattern(1));
  stream.put(500, std::string(400, 'b'));
  stream.put(200, std::string(200, 'b'));
  CHECK(stream.reassembler.early_octets() == 0);
  CHECK(stream.budget.used() < 100000);
  stream.put(1, std::string(199, 'b'));
  stream.put(400, std::string(100, 'b'));
  stream.put(900, std::string(100, 'b') + "X");
  CHECK(stream.reader.text == "aX");
  CHECK(stream.reassembler.idle());
}

TEST_CASE("a hole inside skipped octets is nobody's business", "[reassembler]") {
  Stream stream;
  stream.reader.record = 1000;
  stream.put(0, "a");
  stream.put(500, std::string(500, 'b') + "X");
  stream.give_up();
  CHECK(stream.reader.text == "aX");
  CHECK(stream.counters.gaps == 1);
}

TEST_CASE("one-octet segments in reverse order", "[reassembler]") {
  Stream stream;
  const std::string text = pattern(50000);
  for (size_t at = text.size(); at-- > 0;) {
    stream.put(static_cast<int64_t>(at), std::string_view(text).substr(at, 1));
  }
  CHECK(stream.reader.text == text);
}

TEST_CASE("beyond its limits the reassembler skips the hole, not the flow", "[reassembler]") {
  Stream stream;
  const std::string chunk(4096, 'z');
  for (int64_t at = 1; at < 400; ++at) stream.put(at * 8192, chunk);
  CHECK(stream.counters.shed > 0);
  CHECK(stream.counters.gaps > 0);
  CHECK(stream.reassembler.early_octets() <= (uint64_t{1} << 20));
  CHECK(stream.budget.used() <= (size_t{2} << 20));
  while (stream.reassembler.has_hole()) stream.give_up();
  CHECK(stream.side.stream_octets == 399 * 8192 + 4096);
}

TEST_CASE("any order, cut and repetition gives the same stream", "[reassembler]") {
  std::mt19937 random(20261120);
  for (int round = 0; round < 300; ++round) {
    const std::string text = pattern(1 + random() % 9000);
    std::vector<std::pair<size_t, size_t>> cuts;  // offset, size; some repeated, some overlapping
    for (size_t at = 0; at < text.size();) {
      const size_t size = 1 + random() % 700;
      cuts.emplace_back(at, std::min(size, text.size() - at));
      if (random() % 4 == 0) cuts.emplace_back(at / 2, std::min(size, text.size() - at / 2));
      at += size;
    }
    std::shuffle(cuts.begin(), cuts.end(), random);
    Stream stream;
    stream.reader.need = round % 3 == 0 ? 0 : static_cast<uint32_t>(random() % 40);
    for (const auto& [offset, size] : cuts) {
      stream.put(static_cast<int64_t>(offset), std::string_view(text).substr(offset, size));
    }
    stream.reader.need = 0;
    stream.reassembler.offer_pending(stream.reader, stream.pool);
    REQUIRE(stream.reader.text == text);
    REQUIRE(stream.counters.conflicts == 0);
    REQUIRE(stream.reassembler.idle());
  }
}
