// SPDX-License-Identifier: BSD-3-Clause
// Lines that any reader can parse, whatever an attacker puts into them; sinks that lose nothing
// silently; addresses without passwords.
#include <fcntl.h>
#include <unistd.h>

#include <boost/json.hpp>
#include <boost/json/src.hpp>
#include <catch2/catch.hpp>
#include <cctype>
#include <fstream>
#include <random>

#include "sensor/report/eve.hpp"
#include "sensor/report/event_uid.hpp"
#include "sensor/report/file_sink.hpp"
#include "sensor/report/redact.hpp"
#include "sensor/report/reporter.hpp"

using namespace exwire;
namespace json = boost::json;

namespace {

constexpr detect::Signature kSample{1443999, 1, 3, "sample", "sample", "do something"};

flow::Flow sample_flow() {
  flow::Flow flow;
  set_endpoints(flow.key, {192, 0, 2, 1}, 50000, {198, 51, 100, 1}, 80);
  flow.mark(flow::kClientIsLo);
  flow.start_ns = 1'700'000'000 * kNanosPerSecond;
  return flow;
}

std::string hostile(std::mt19937& random) {
  static const std::string kPieces[] = {"\"",
                                        "\\",
                                        "\n",
                                        "\r",
                                        "\x1b[31m",
                                        "\x7f",
                                        "\xc2\x85",
                                        "\xe2\x80\xa8",
                                        "\xff\xfe",
                                        "\xed\xa0\x80",
                                        "\xc0\xaf",
                                        "</script>",
                                        "CEF:0|",
                                        "=",
                                        std::string(1, '\0'),
                                        "%00",
                                        "\xf0\x9f\x93\xb1",
                                        "\xe2\x82"};
  std::string text;
  for (size_t count = random() % 40; count > 0; --count) {
    text += random() % 2 ? kPieces[random() % std::size(kPieces)]
                         : std::string(1, static_cast<char>(random()));
  }
  return text;
}

// What a reader gets who undoes the escapes of octets.
std::string octets_of(const std::string& told) {
  std::string octets;
  for (size_t at = 0; at < told.size(); ++at) {
    if (told[at] == '\\' && at + 3 < told.size() && told[at + 1] == 'x' &&
        std::isxdigit(static_cast<uint8_t>(told[at + 2])) &&
        std::isxdigit(static_cast<uint8_t>(told[at + 3]))) {
      octets += static_cast<char>(std::stoi(told.substr(at + 2, 2), nullptr, 16));
      at += 3;
    } else {
      octets += told[at];
    }
  }
  return octets;
}

std::string encode_http(const inspect::HttpTransaction& transaction) {
  report::EveEncoder encoder{{}};
  const flow::Flow flow = sample_flow();
  report::Event event;
  event.flow = &flow;
  event.body = report::HttpBody{&transaction};
  return std::string(encoder.encode(event));
}

std::string first_line(const std::string& path) {
  std::ifstream file(path);
  std::string text;
  std::getline(file, text);
  return text;
}

class Lines final : public report::Sink {
 public:
  bool write(std::string_view line) override {
    all.append(line);
    return true;
  }
  bool flush() override { return true; }
  uint64_t take_lost() override { return 0; }
  const std::string& last_error() const override { return none; }
  std::string all, none;
};

}  // namespace

TEST_CASE("timestamps have the one form every reader agrees on", "[eve]") {
  const auto written = [](report::TimestampText& text, int64_t ns) {
    std::string octets(report::TimestampText::kOctets, '?');
    CHECK(text.put(octets.data(), {ns}) == octets.data() + octets.size());
    return octets;
  };
  report::TimestampText text, fresh;
  const auto at = [&](int64_t ns) { return written(text, ns); };
  CHECK(at(1'700'000'000'123'456'789) == "2023-11-14T22:13:20.123456+0000");
  CHECK(at(951'827'696'000'000'000) == "2000-02-29T12:34:56.000000+0000");
  CHECK(at(951'868'799'999'999'999) == "2000-02-29T23:59:59.999999+0000");
  CHECK(at(951'868'800'000'001'000) == "2000-03-01T00:00:00.000001+0000");
  CHECK(at(-5) == "1970-01-01T00:00:00.000000+0000");
  CHECK(at(INT64_MAX) == "2262-04-11T23:47:16.854775+0000");
  CHECK(written(fresh, 0) == "1970-01-01T00:00:00.000000+0000");
}

TEST_CASE("hostile texts come out as valid JSON without control octets", "[eve]") {
  std::mt19937 random(31);
  for (int round = 0; round < 5000; ++round) {
    inspect::HttpTransaction transaction;
    const std::string text = hostile(random);
    transaction.set(inspect::HttpField::user_agent, as_bytes(text));
    transaction.set(inspect::HttpField::host, as_bytes(hostile(random)));
    transaction.set(inspect::HttpField::uri_raw, as_bytes(hostile(random)));
    const std::string line = encode_http(transaction);
    REQUIRE(line.back() == '\n');
    for (size_t at = 0; at + 1 < line.size(); ++at) {
      REQUIRE(static_cast<uint8_t>(line[at]) >= 0x20);
      REQUIRE(static_cast<uint8_t>(line[at]) != 0x7f);
    }
    json::error_code error;
    const json::value parsed = json::parse(line, error);
    REQUIRE(!error);
    const auto& told = parsed.at("http").at("http_user_agent").as_string();
    REQUIRE(octets_of(std::string(told)) == text);
  }
}

TEST_CASE("plain texts are unchanged, and every octet has one spelling", "[eve]") {
  // At each place of a text whose octets are looked at in eights.
  for (int octet = 0, place = 0; octet < 256; place = (place + 1) % 20, octet += place == 0) {
    inspect::HttpTransaction transaction;
    const std::string before(static_cast<size_t>(place), 'a'), after(20 - before.size(), 'b');
    const std::string text = before + static_cast<char>(octet) + after;
    transaction.set(inspect::HttpField::user_agent, as_bytes(text));
    const json::value parsed = json::parse(encode_http(transaction));
    const auto& told = parsed.at("http").at("http_user_agent").as_string();
    CHECK(octets_of(std::string(told)) == text);
    if (octet < 0x80) CHECK(std::string(told) == text);
  }
}

TEST_CASE("an octet that is no UTF-8 is told from the text of its escape", "[eve]") {
  for (const std::string text :
       {"\xe9", "\\xe9", "\\\\xe9", "\\\xe9", "\\x5cxe9", "\xc3\xa9", "\\x", "\\"}) {
    inspect::HttpTransaction transaction;
    transaction.set(inspect::HttpField::user_agent, as_bytes(text));
    const json::value parsed = json::parse(encode_http(transaction));
    const std::string told(parsed.at("http").at("http_user_agent").as_string());
    CHECK(octets_of(told) == text);
    if (text == "\xe9") CHECK(told == "\\xe9");
    if (text == "\xc3\xa9") CHECK(told == text);
  }
}

TEST_CASE("a line never exceeds its limit and never tears", "[eve]") {
  inspect::HttpTransaction transaction;
  const std::string quotes(2048, '"');
  for (const auto field : {inspect::HttpField::uri_raw, inspect::HttpField::user_agent,
                           inspect::HttpField::referer, inspect::HttpField::location}) {
    transaction.set(field, as_bytes(quotes));
  }
  const std::string line = encode_http(transaction);
  CHECK(line.size() <= report::JsonWriter::kMostLine);
  CHECK_NOTHROW(json::parse(line));
  report::JsonWriter writer;
  writer.start();
  writer.object();
  for (int key = 0; key < 1000; ++key) writer.object("k").text("t", quotes).close();
  writer.close();
  const std::string_view full = writer.line();
  CHECK(full.size() <= report::JsonWriter::kMostLine);
  CHECK(writer.left_out() > 0);
  json::error_code error;
  json::parse(full, error);
  CHECK(!error);
}

TEST_CASE("what follows a list that filled the line finds no room", "[eve]") {
  for (size_t size = 400; size < 520; ++size) {
    report::JsonWriter writer;
    writer.start();
    writer.object().array("names");
    for (int name = 0; name < 32; ++name) writer.element(std::string(size, 'n'));
    writer.close();
    for (int key = 0; key < 100; ++key) writer.text("k", std::string(300, 'x')).number("n", key);
    writer.close();
    const std::string line(writer.line());
    REQUIRE(line.size() <= report::JsonWriter::kMostLine);
    REQUIRE_NOTHROW(json::parse(line));
    REQUIRE(writer.left_out() > 0);
  }
}

TEST_CASE("a list of numbers is the list of its elements, with room and without", "[eve]") {
  const std::vector<uint16_t> values{0, 9, 10, 99, 100, 999, 1000, 9999, 10000, 65535};
  const auto line = [&](bool at_once, size_t before) {
    report::JsonWriter writer;
    writer.start();
    writer.object();
    while (before-- > 0) writer.text("k", std::string(2000, 'x'));
    for (int turn = 0; turn < 30; ++turn) {
      std::string octets;
      for (const uint16_t value : values) {
        octets += {static_cast<char>(value >> 8), static_cast<char>(value)};
      }
      if (at_once) {
        writer.numbers("list", as_bytes(octets + "!"), 2);
      } else {
        writer.array("list");
        for (const uint16_t value : values) writer.element(int64_t{value});
        writer.close();
      }
    }
    const uint32_t left_out = writer.left_out();
    return std::string(writer.close().line()) + std::to_string(left_out);
  };
  for (const size_t before : {size_t{0}, size_t{3}, size_t{4}}) {
    CHECK(line(true, before) == line(false, before));
  }
  report::JsonWriter wide;
  wide.start();
  wide.object().numbers("list", {reinterpret_cast<const uint8_t*>("\1\0\x80\xff\xff\xff"), 6}, 3);
  CHECK(wide.close().line() == "{\"list\":[65664,16777215]}\n");
}

TEST_CASE("a text is told whole, wherever in it something has to be escaped", "[eve]") {
  const std::vector<std::string> marks{"",     "\"",   "\\",       "\n",    "\x7f",
                                       "\xff", "\xc3", "\xc3\xa9", "\\x41", "\xe2\x80\xa8"};
  const std::string letters = "abcdefghijklmnopqrstuvwxyzabcdefghijklmnopqrstuvwxyz";
  for (size_t size = 0; size < letters.size(); ++size) {
    for (size_t at = 0; at <= size; ++at) {
      for (const std::string& mark : marks) {
        const std::string text = letters.substr(0, at) + mark + letters.substr(at, size - at);
        report::JsonWriter writer;
        writer.start();
        const std::string line(writer.object().text("k", text).close().line());
        REQUIRE(line.find_first_of("\n\x7f\xff") == line.size() - 1);
        REQUIRE(octets_of(std::string(json::parse(line).at("k").as_string())) == text);
      }
    }
  }
}

TEST_CASE("members are given again as they were written", "[eve]") {
  report::JsonWriter writer;
  writer.start();
  writer.object().plain("first", "a");
  const size_t begin = writer.size();
  writer.number("second", -7).boolean("third", false).array("none").close();
  const std::string members(writer.members_since(begin));
  writer.object("again").members(members).close().object("empty").close();
  CHECK(writer.close().line() ==
        "{\"first\":\"a\",\"second\":-7,\"third\":false,\"none\":[],"
        "\"again\":{\"second\":-7,\"third\":false,\"none\":[]},\"empty\":{}}\n");
}

TEST_CASE("a flow's later events show its endpoints as the first one does", "[eve]") {
  report::EveEncoder encoder{{}};
  flow::Flow flow = sample_flow();
  const auto told = [&] {
    report::Event event;
    event.flow = &flow;
    event.body = report::AnomalyBody{"stream", "odd", nullptr, Direction::to_server};
    const std::string line(encoder.encode(event));
    CHECK(line == std::string(encoder.encode(event)));
    report::EveEncoder another{{}};
    CHECK(line == std::string(another.encode(event)));
    return line;
  };
  const std::string first = told();
  flow.marks = static_cast<uint16_t>(flow.marks ^ flow::kClientIsLo);  // roles were mistaken
  CHECK(told() != first);
  // the longest that can be
  flow.key.ip_version = 6;
  flow.key.lo.fill(0xff);
  flow.key.hi.fill(0xff);
  flow.key.lo_port = flow.key.hi_port = flow.key.vlan = 0xffff;
  CHECK(told().find("\"vlan\":[65535],\"src_ip\":\"ffff:ffff:") != std::string::npos);
}

TEST_CASE("events name where their packets came from as they are told to", "[eve]") {
  using report::SourceKey;
  report::Event event;
  event.body = report::AnomalyBody{"decode", "odd", nullptr, Direction::to_server};
  const auto line = [&](SourceKey key, std::string_view source) {
    report::EveEncoder encoder{{"", "", 0, false, key}};
    return std::string(encoder.encode(event, source));
  };
  CHECK(line(SourceKey::in_iface, "eth0").find("\"in_iface\":\"eth0\",") != std::string::npos);
  CHECK(line(SourceKey::pcap_filename, "a.pcap").find("\"pcap_filename\":\"a.pcap\",") !=
        std::string::npos);
  CHECK(line(SourceKey::none, "a.pcap") == line(SourceKey::in_iface, ""));
}

TEST_CASE("the same finding has the same identity, an update another", "[eve]") {
  const flow::Flow flow = sample_flow();
  detect::Finding finding;
  finding.signature = &kSample;
  finding.story = 5;
  const std::string one = report::event_uid("", flow, finding);
  CHECK(one.size() == 32);
  CHECK(report::event_uid("", flow, finding) == one);
  CHECK(report::event_uid("sensor", flow, finding) != one);
  finding.occurrences = 2;
  CHECK(report::event_uid("", flow, finding) != one);
}

TEST_CASE("passwords in addresses are masked, everything else is left alone", "[redact]") {
  std::string scratch;
  const auto redacted = [&](std::string_view uri) {
    return std::string(report::redact_uri(uri, scratch));
  };
  CHECK(redacted("/owa/?a=b&c=d") == "/owa/?a=b&c=d");
  CHECK(redacted("http://user:secret@host/x") == "http://user:***@host/x");
  CHECK(redacted("http://user@host/x:y@z") == "http://user@host/x:y@z");
  CHECK(redacted("/x?password=secret&user=u") == "/x?password=***&user=u");
  CHECK(redacted("/x?u=1&PassWD=secret#f") == "/x?u=1&PassWD=***#f");
  CHECK(redacted("/x?access_token=a&token=b&pwd=c") == "/x?access_token=***&token=***&pwd=***");
  CHECK(redacted("/x?password=") == "/x?password=");
  CHECK(redacted("/x?mypassword=1") == "/x?mypassword=1");
  CHECK(redacted("password=1&client_secret=2") == "password=1&client_secret=***");
  CHECK(redacted("/x;token=1?a=b=c;pass=d=e") == "/x;token=***;pass=***");
  CHECK(redacted("/x;a?password=1") == "/x;a?password=***");
  CHECK(redacted("?pwd=&=&pwd==&#&pwd=1&") == "?pwd=&=&pwd=***&#&pwd=***&");
  CHECK(redacted("") == "");
}

TEST_CASE("the reporter lets no secret through in any address", "[redact]") {
  Lines lines;
  report::Reporter reporter({}, lines);
  const flow::Flow flow = sample_flow();
  inspect::HttpTransaction transaction;
  transaction.set(inspect::HttpField::uri_raw, as_bytes("http://u:canary@h/?pwd=canary"));
  transaction.set(inspect::HttpField::referer, as_bytes("http://h/?token=canary"));
  transaction.set(inspect::HttpField::location, as_bytes("/?access_token=canary"));
  transaction.set(inspect::HttpField::user_agent, as_bytes("kept"));
  detect::Finding finding;
  finding.signature = &kSample;
  finding.http = &transaction;
  report::Event event;
  event.flow = &flow;
  event.body = report::HttpBody{&transaction};
  reporter.write(event);
  event.body = report::AlertBody{&finding};
  reporter.write(event);
  CHECK(lines.all.find("canary") == std::string::npos);
  CHECK(lines.all.find("kept") != std::string::npos);
}

TEST_CASE("a full disk costs counted lines and tears none", "[sink]") {
  auto sink = report::FileSink::open("/dev/full");
  REQUIRE(sink.has_value());
  for (int count = 0; count < 10; ++count) (*sink)->write("{\"line\":1}\n");
  CHECK_FALSE((*sink)->flush());
  CHECK((*sink)->take_lost() == 10);
  CHECK((*sink)->last_error().find("No space") != std::string::npos);
}

TEST_CASE("a file is appended to and opened anew on demand", "[sink]") {
  char folder[] = "/tmp/exwire-sink-XXXXXX";
  REQUIRE(mkdtemp(folder) != nullptr);
  const std::string path = std::string(folder) + "/eve.json";
  {
    auto sink = report::FileSink::open(path);
    REQUIRE(sink.has_value());
    (*sink)->write("one\n");
    (*sink)->flush();
    rename(path.c_str(), (path + ".1").c_str());
    (*sink)->reopen();
    (*sink)->write("two\n");
  }
  std::string text = first_line(path);
  CHECK(text == "two");
  text = first_line(path + ".1");
  CHECK(text == "one");
  REQUIRE(symlink(path.c_str(), (path + ".link").c_str()) == 0);
  CHECK(report::FileSink::open(path + ".link").has_error());
  for (const char* name : {"", ".1", ".link"}) unlink((path + name).c_str());
  rmdir(folder);
}
