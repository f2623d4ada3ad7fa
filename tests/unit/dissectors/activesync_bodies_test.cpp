// SPDX-License-Identifier: BSD-3-Clause
// ActiveSync bodies as they come: long, cut anywhere, compressed, too many at a time; and a table
// of documents that are odd in one way each, with what must come of them.
#include <catch2/catch.hpp>
#include <iostream>
#include <string>

#include "dissectors/activesync_readings.hpp"
#include "tests/support/hex_octets.hpp"

using namespace exwire;
using namespace exwire::activesync;
using test::octets;

namespace {

std::string repeated(size_t times, std::string_view hex) {
  const std::string one = octets(hex);
  std::string all;
  for (size_t index = 0; index < times; ++index) all += one;
  return all;
}

/// Sync with one long text in a calendar entry, and a Wait of nine minutes behind it.
std::string long_sync(size_t text) {
  return octets(
             "03016a00"
             "45"         // Sync
             "5c4f"       // Collections, Collection
             "56475d"     // Commands, Add, ApplicationData
             "00046603")  // Calendar: Subject
         + std::string(text, 'x') +
         octets(
             "0001"
             "0000"
             "0101010101"
             "64033900"  // Wait 9
             "0101");
}

enum class Format { gzip = MAX_WBITS + 16, zlib = MAX_WBITS, raw = -MAX_WBITS };

std::string packed(const std::string& plain, Format format = Format::gzip) {
  z_stream stream{};
  REQUIRE(deflateInit2(&stream, 9, Z_DEFLATED, static_cast<int>(format), 9, Z_DEFAULT_STRATEGY) ==
          Z_OK);
  std::string out(deflateBound(&stream, plain.size()) + 64, '\0');
  std::string in = plain;
  stream.next_in = reinterpret_cast<Bytef*>(in.data());
  stream.avail_in = static_cast<uInt>(in.size());
  stream.next_out = reinterpret_cast<Bytef*>(out.data());
  stream.avail_out = static_cast<uInt>(out.size());
  REQUIRE(deflate(&stream, Z_FINISH) == Z_STREAM_END);
  out.resize(stream.total_out);
  deflateEnd(&stream);
  return out;
}

std::string said_by(const Body& body) {
  std::string said = body.whole ? "whole" : "part";
  const auto add = [&](const char* name, std::optional<uint32_t> value) {
    if (value) said += std::string(" ") + name + "=" + std::to_string(*value);
  };
  add("heartbeat", body.heartbeat);
  add("status", body.status);
  add("policy_status", body.policy_status);
  if (body.folders > 0) add("folders", body.folders);
  if (body.policy_key > 0) add("key", body.policy_key);
  return body.remote_wipe ? said + " wipe" : said;
}

struct Read {
  std::string said;
  size_t fed = 0;  ///< octets until nothing more was wanted
};

/// In pieces of `size` octets.
Read read(const std::string& text, bool is_packed, size_t size) {
  Readings& readings = Readings::here();
  const uint32_t ticket = readings.begin(is_packed);
  Read result;
  while (result.fed < text.size()) {
    const std::string_view piece = std::string_view(text).substr(result.fed, size);
    result.fed += piece.size();
    if (!readings.feed(ticket, as_bytes(piece))) break;
  }
  result.said = said_by(*readings.find(ticket));
  return result;
}

/// The same whole and in pieces of every size that matters.
std::string said_of(const std::string& text, bool is_packed = false) {
  const std::string whole = read(text, is_packed, text.size() + 1).said;
  for (const size_t size : {1U, 2U, 3U, 7U, 64U, 1460U}) {
    INFO("pieces of " << size);
    CHECK(read(text, is_packed, size).said == whole);
  }
  return whole;
}

// Ping, and its answer: expired.
const std::string kPing = "03016a00000d4548033438300001494a4b033500014c03456d61696c0001010101";
const std::string kSynced = "03016a00455c4f4e0331000101010100";

}  // namespace

TEST_CASE("what stands behind thousands of octets of a body is read", "[activesync]") {
  for (const size_t text : {10U, 4096U, 10'000U, 60'000U}) {
    CHECK(said_of(long_sync(text)) == "whole heartbeat=540 folders=1");
    CHECK(said_of(packed(long_sync(text)), true) == "whole heartbeat=540 folders=1");
  }
}

TEST_CASE("a body is read up to 64 KiB of what it unpacks to", "[activesync]") {
  const std::string plain = long_sync(1'000'000);
  CHECK(said_of(plain) == "part folders=1");
  CHECK(read(plain, false, 1460).fed <= BodyReader::kMost + 1460);
  const std::string bomb = packed(long_sync(50'000'000));  // one to a thousand
  CHECK(bomb.size() < 100'000);
  CHECK(said_of(bomb, true) == "part folders=1");
  CHECK(read(bomb, true, 64).fed < 1000);
}

TEST_CASE("compressed bodies say what they say unpacked", "[activesync]") {
  for (const std::string& hex : {kPing, kSynced}) {
    const std::string plain = octets(hex), wanted = said_of(plain);
    CHECK(said_of(packed(plain), true) == wanted);
    CHECK(said_of(packed(plain, Format::zlib), true) == wanted);
    CHECK(said_of(packed(plain) + packed(plain), true) == wanted);
    const std::string whole = packed(plain);
    for (size_t size = 0; size < whole.size(); ++size) {
      const std::string front = read(whole.substr(0, size), true, 1000).said;
      CHECK((front == wanted || front.substr(0, 4) == "part"));
    }
  }
  CHECK(said_of(octets(kPing), true) == "part");                       // not compressed at all
  CHECK(said_of(packed(octets(kPing), Format::raw), true) == "part");  // neither header
  CHECK(said_of(packed(packed(octets(kPing))), true) == "part");       // twice
  std::string broken = packed(octets(kPing));
  broken[12] = static_cast<char>(broken[12] ^ 0x55);
  CHECK(said_of(broken, true).substr(0, 4) == "part");
}

TEST_CASE("a body gives way when too many are being read", "[activesync]") {
  Readings& readings = Readings::here();
  const std::string front = octets(kPing).substr(0, 9), rest = octets(kPing).substr(9);
  const uint32_t first = readings.begin(false);
  CHECK(readings.feed(first, as_bytes(front)));
  std::vector<uint32_t> others;
  for (uint32_t number = 1; number < Readings::kMost; ++number) {
    others.push_back(readings.begin(false));
    CHECK(readings.feed(others.back(), as_bytes(front)));
  }
  CHECK_FALSE(readings.feed(first, as_bytes(rest)));  // its last octet
  CHECK(said_by(*readings.find(first)) == "whole heartbeat=480 folders=1");
  CHECK_FALSE(readings.lost(first));
  readings.begin(false);
  CHECK(readings.lost(first));
  CHECK(readings.find(first) == nullptr);
  CHECK_FALSE(readings.feed(first, as_bytes(rest)));
  readings.feed(others.back(), as_bytes(rest));
  CHECK(said_by(*readings.find(others.back())) == "whole heartbeat=480 folders=1");
  const uint32_t compressed = readings.begin(true);
  for (uint32_t number = 0; number < Readings::kMostPacked; ++number) readings.begin(true);
  CHECK(readings.lost(compressed));
  CHECK(readings.find(compressed) != nullptr);
  CHECK_FALSE(readings.feed(compressed, as_bytes(packed(octets(kPing)))));
}

TEST_CASE("documents that are odd in one way each", "[activesync][rows]") {
  struct Row {
    const char* what;
    std::string document;
    const char* said;
  };
  const std::string head = octets("03016a00"), ping = head + octets("000d45"),
                    beat = octets("480334383000") + octets("0101"), whole = "whole heartbeat=480";
  const auto with_head = [&](std::string_view hex) {
    return octets(hex) + octets("000d45") + beat;
  };
  const std::vector<Row> rows{
      {"a Ping", ping + beat, "whole heartbeat=480"},
      {"a Ping of Outlook, with folders", octets(kPing), "whole heartbeat=480 folders=1"},
      {"nothing", "", "part"},
      {"no document", "GET / HTTP/1.1\r\n", "part"},
      // integers
      {"a padded charset", with_head("0301806a00"), "whole heartbeat=480"},
      {"five octets of an integer", with_head("0301808080806a00"), "whole heartbeat=480"},
      {"six octets of an integer", with_head("030180808080806a00"), "part"},
      {"a run of 0x80", head.substr(0, 2) + repeated(100'000, "80"), "part"},
      {"beyond 32 bits", with_head("0301908080806a00"), "part"},
      {"a length beyond 32 bits", ping + octets("48c3ffffffff7f34383001"), "part"},
      // opaque data
      {"opaque digits", ping + octets("48c30334383001") + octets("01"), "whole heartbeat=480"},
      {"opaque data of 4 GiB", ping + octets("48c38fffffff7f343830"), "part"},
      {"opaque data, one octet short", ping + octets("48c304343830"), "part"},
      {"opaque data without octets", ping + octets("48c30001") + beat, "whole heartbeat=480"},
      // nesting
      {"63 levels below the Ping", ping + repeated(63, "45") + repeated(63, "01") + beat,
       "whole heartbeat=480"},
      {"64 levels below the Ping", ping + repeated(64, "45") + repeated(64, "01") + beat, "part"},
      {"a million levels", ping + repeated(1'000'000, "45"), "part"},
      {"an end too many, behind the root", ping + beat + octets("01"), "whole heartbeat=480"},
      {"an end before the root", head + octets("01") + octets("000d45") + beat, "part"},
      {"an empty root", head + octets("000d05"), "whole"},
      {"the right tag one level too deep", ping + octets("49") + beat + octets("01"), "whole"},
      // string table
      {"a string table", with_head("03016a0461626300"), "whole heartbeat=480"},
      {"a string table of 4 GiB", octets("03016a8fffffff7f") + octets("000d45") + beat, "part"},
      {"a string table longer than the document", octets("03016a7f") + octets("000d45") + beat,
       "part"},
      {"a reference without a table", ping + octets("48830001") + beat, "part"},
      {"a reference into the table",
       octets("03016a0434383000000d45"
              "48830001") +
           beat,
       "whole heartbeat=480"},
      {"a reference beyond the table",
       octets("03016a0434383000000d45"
              "48837f01") +
           beat,
       "whole heartbeat=480"},
      {"thousands of references to one table",
       octets("03016a0434383000000d45") +
           repeated(10'000,
                    "488300"
                    "01") +
           beat,
       "whole heartbeat=480"},
      {"a public identifier in the table", octets("0300006a0434383000") + octets("000d45") + beat,
       "whole heartbeat=480"},
      // strings
      {"a string without its end", ping + octets("4803343830"), "part"},
      {"an empty string", ping + octets("48030001") + beat, "whole heartbeat=480"},
      {"digits in two strings", ping + octets("4803340003383001") + octets("01"),
       "part heartbeat=4"},
      {"letters for digits", ping + octets("48036e696e650001") + beat, "whole heartbeat=480"},
      {"a sign",
       ping +
           octets("48032d3100"
                  "01") +
           beat,
       "whole heartbeat=480"},
      {"ten digits beyond 32 bits",
       ping +
           octets("480339393939393939393939"
                  "0001") +
           beat,
       "whole heartbeat=480"},
      {"a thousand digits", ping + octets("4803") + std::string(1000, '1') + octets("0001") + beat,
       "whole heartbeat=480"},
      {"white space around digits",
       ping + octets("48032034383020"
                     "000101"),
       "whole heartbeat=480"},
      {"two heartbeats: the first counts", ping + octets("48033630000148033930000101"),
       "whole heartbeat=60"},
      // pages, tags, attributes, entities
      {"a million page switches", ping + repeated(30'000, "0000") + octets("000d") + beat,
       "whole heartbeat=480"},
      {"a page nobody knows", ping + octets("00fe4803310001000d") + beat, "whole heartbeat=480"},
      {"a tag nobody knows", ping + octets("7f03310001") + beat, "whole heartbeat=480"},
      {"attributes", ping + octets("c8"), "part"},
      {"an attribute on the root", head + octets("c5"), "part"},
      {"a processing instruction", head + octets("43"), "part"},
      {"an extension token", ping + octets("4003310001"), "part"},
      {"an entity", ping + octets("48026001") + beat, "whole heartbeat=480"},
      {"an entity that does not end", ping + octets("480280808080808080"), "part"},
      {"content outside of the root", head + octets("03333000"), "part"},
      // versions and charsets
      {"WBXML 1.1", octets("01016a00000d45") + beat, "whole heartbeat=480"},
      {"a version to come", octets("04016a00000d45") + beat, "part"},
      {"no charset named", octets("03010000000d45") + beat, "whole heartbeat=480"},
      {"UTF-16", octets("030187f700000d45") + beat, "part"},
      {"another public identifier", octets("03056a00000d45") + beat, "whole heartbeat=480"},
      // what is told
      {"minutes that are too many",
       head + octets("456403343239343936373239360001"
                     "0101"),
       "whole"},
      {"a remote wipe", head + octets("000e454c0101"), "whole wipe"},
      {"a hundred folders",
       ping + octets("49") + repeated(100, "4a4b0335000101") + octets("01") + beat,
       "whole heartbeat=480 folders=100"},
  };
  size_t passed = 0;
  for (const Row& row : rows) {
    INFO(row.what);
    const std::string said = said_of(row.document),
                      compressed = said_of(packed(row.document), true);
    CHECK(said == row.said);
    CHECK(compressed == said);
    passed += said == row.said && compressed == said ? 1 : 0;
  }
  std::cout << "figure: rows of WBXML: " << passed << " of " << rows.size() << "\n";
}

TEST_CASE("no front of a document says more than the whole", "[activesync][rows]") {
  size_t fronts = 0;
  for (const std::string& document : {octets(kPing), octets(kSynced), long_sync(20),
                                      octets("03016a00000e454b033100014647"
                                             "4b033200014903373700010101"
                                             "0c01")}) {
    const std::string whole = said_of(document);
    for (size_t size = 0; size < document.size(); ++size, ++fronts) {
      const std::string front = read(document.substr(0, size), false, 1000).said;
      if (front == whole) continue;  // what is left is behind the root
      REQUIRE(front.substr(0, 4) == "part");
      for (size_t at = 4; at < front.size();) {
        const size_t space = std::min(front.find(' ', at + 1), front.size());
        const std::string word = front.substr(at, space - at);
        const bool count = word.find("folders") != std::string::npos;
        CHECK((count || (whole + " ").find(word + " ") != std::string::npos));
        at = space;
      }
    }
  }
  std::cout << "figure: fronts of WBXML documents: " << fronts << " of " << fronts << "\n";
}
