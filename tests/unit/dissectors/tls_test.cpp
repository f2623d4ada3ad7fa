// SPDX-License-Identifier: BSD-3-Clause
// The TLS dissector on a real ClientHello, whole and cut in every way, and on what attackers send.
#include <algorithm>
#include <catch2/catch.hpp>
#include <fstream>
#include <iterator>

#include "dissectors/tls_hello.hpp"
#include "tests/support/dissector_harness.hpp"

using namespace exwire;
using test::DissectorHarness;

extern "C" const ExwireDissectorApi dissector_tls;

namespace {

using Octets = std::vector<uint8_t>;

Octets joined(const Octets& first, const Octets& second) {
  Octets octets(first.size() + second.size());
  std::copy(first.begin(), first.end(), octets.begin());
  std::copy(second.begin(), second.end(), octets.begin() + static_cast<long>(first.size()));
  return octets;
}

Bytes view(const Octets& octets) {
  return {octets.data(), static_cast<uint32_t>(octets.size())};
}

// The first record of a recorded handshake: a ClientHello of OpenSSL.
Octets recorded_hello() {
  std::ifstream file(std::string(EXWIRE_TESTS_DIR) + "/fuzz/corpus/fuzz_tls/handshake-0",
                     std::ios::binary);
  const Octets all((std::istreambuf_iterator<char>(file)), std::istreambuf_iterator<char>());
  REQUIRE(all.size() > 9);
  const size_t length = 5U + all[7] * 256U + all[8];
  REQUIRE(all.size() > 4 + length);
  return {all.begin() + 4, all.begin() + 4 + static_cast<long>(length)};
}

Octets message_of(const Octets& record) {
  return {record.begin() + 5, record.end()};
}

Octets record(uint8_t type, const Octets& fragment) {
  return joined({type, 3, 3, static_cast<uint8_t>(fragment.size() >> 8),
                 static_cast<uint8_t>(fragment.size())},
                fragment);
}

Octets in_records_of(const Octets& message, size_t size) {
  Octets octets;
  for (size_t at = 0; at < message.size(); at += size) {
    const auto end = message.begin() + static_cast<long>(std::min(at + size, message.size()));
    octets = joined(octets, record(22, Octets(message.begin() + static_cast<long>(at), end)));
  }
  return octets;
}

// What was published, without the records.
std::string published(const std::string& log) {
  std::string result;
  for (size_t at = 0; at < log.size();) {
    const size_t end = log.find('\n', at);
    const std::string line = log.substr(at, end - at);
    if (line.rfind("record ", 0) != 0) result += line + "\n";
    at = end + 1;
  }
  return result;
}

std::string log_of(const Octets& to_server, size_t cut) {
  DissectorHarness harness(dissector_tls, {});
  for (size_t at = 0; at < to_server.size(); at += cut) {
    harness.feed(Direction::to_server,
                 view(to_server).from(static_cast<uint32_t>(at)).first(static_cast<uint32_t>(cut)));
  }
  harness.end(Direction::to_server);
  harness.end(Direction::to_client);
  CHECK_FALSE(harness.violated());
  return harness.log();
}

bool has_line(const std::string& log, const std::string& line) {
  return ("\n" + log).find("\n" + line + "\n") != std::string::npos;
}

}  // namespace

TEST_CASE("a hello is the same in records and segments of any size", "[tls]") {
  const Octets hello = recorded_hello();
  const std::string whole = log_of(hello, hello.size());
  REQUIRE(whole.find("tls.client_ciphers=") != std::string::npos);
  REQUIRE(has_line(whole, "handshake flags 0 hellos 1 alert 255"));
  CHECK(log_of(hello, 1) == whole);
  for (const size_t size : std::initializer_list<size_t>{1, 2, 3, 4, 5, 7, 16, 50, 100, 200, 400}) {
    INFO("records of " << size);
    const Octets spread = in_records_of(message_of(hello), size);
    CHECK(published(log_of(spread, spread.size())) == published(whole));
    CHECK(published(log_of(spread, 3)) == published(whole));
  }
}

TEST_CASE("two messages in one record are two messages", "[tls]") {
  const Octets request{0, 0, 0, 0};  // HelloRequest, to be ignored
  const Octets both = joined(request, message_of(recorded_hello()));
  const std::string log = log_of(record(22, both), 1);
  CHECK(has_line(log, "handshake flags 0 hellos 1 alert 255"));
}

TEST_CASE("a hello of 16 MiB is passed over and the connection followed on", "[tls]") {
  const Octets octets =
      joined(record(22, {1, 0xff, 0xff, 0xff, 3, 3}), record(23, Octets(40, 'x')));
  const std::string log = log_of(octets, octets.size());
  CHECK(has_line(log, "anomaly tls_hello_oversize"));
  CHECK(has_line(log, "record 23 version 771 length 40"));
}

TEST_CASE("what is no record ends the dissection", "[tls]") {
  for (const Octets& bad :
       {Octets{22, 3, 3, 0, 0}, Octets{22, 3, 3, 0x48, 1}, Octets{25, 3, 3, 0, 1},
        Octets{22, 4, 3, 0, 1}, Octets{22, 3, 3, 0xff, 0xfb}}) {
    const Octets octets = joined(recorded_hello(), bad);
    CHECK(has_line(log_of(octets, octets.size()), "anomaly tls_invalid_record"));
  }
}

TEST_CASE("a fatal alert ends the handshake and is told", "[tls]") {
  DissectorHarness harness(dissector_tls, {});
  const Octets hello = recorded_hello(), alert = record(21, {2, 40});
  harness.feed(Direction::to_server, view(hello));
  harness.feed(Direction::to_client, view(alert));
  CHECK(has_line(harness.log(), "handshake flags 0 hellos 1 alert 40"));
}

TEST_CASE("a record of data shows TLS in the middle of a connection", "[tls]") {
  CHECK(dissector_tls.probe(view(record(23, Octets(60, 'd'))), {}) == kExwireProbeYes);
}

TEST_CASE("after a gap the next record is found again", "[tls]") {
  DissectorHarness harness(dissector_tls, {});
  const Octets hello = recorded_hello();
  Octets tail(100, 0x17);  // looks like a record's type, but is none
  for (int count = 0; count < 3; ++count) {
    tail = joined(tail, record(23, Octets(50, 'd')));
  }
  harness.feed(Direction::to_server, view(hello));
  harness.gap(Direction::to_server, 1000);
  harness.feed(Direction::to_server, view(tail));
  size_t records = 0;
  for (size_t at = 0;
       (at = harness.log().find("record 23 version 771 length 50", at)) != std::string::npos;
       ++at) {
    ++records;
  }
  CHECK(records == 3);
}

TEST_CASE("what is lost behind a hello in its record takes nothing away from it", "[tls]") {
  const Octets hello = recorded_hello();
  const Octets both = record(22, joined(message_of(hello), Octets(3000, 0)));
  const size_t seen = 5 + message_of(hello).size() + 700;
  for (const size_t cut : {seen, size_t{1}, size_t{50}}) {
    DissectorHarness harness(dissector_tls, {});
    for (size_t at = 0; at < seen; at += cut) {
      harness.feed(Direction::to_server,
                   view(both)
                       .from(static_cast<uint32_t>(at))
                       .first(static_cast<uint32_t>(std::min(cut, seen - at))));
    }
    harness.gap(Direction::to_server, both.size() - seen);
    harness.end(Direction::to_server);
    harness.end(Direction::to_client);
    CHECK_FALSE(harness.violated());
    const std::string log = published(harness.log()),
                      whole = published(log_of(hello, hello.size()));
    CHECK(log.substr(0, log.find("anomaly")) == whole.substr(0, whole.find("handshake flags")));
    CHECK(log.find("hellos 1 ") != std::string::npos);
  }
}

TEST_CASE("an SSLv2-compatible hello is read and flagged", "[tls]") {
  const Octets head{0x80, 0x2e, 1, 3,  1, 0, 21,   0, 0, 0,    16, 0, 0, 4, 0, 0,
                    5,    0,    0, 10, 1, 0, 0x80, 7, 0, 0xc0, 0,  0, 9, 6, 0, 0x40};
  const Octets octets = joined(head, Octets(16, 'c'));
  const std::string log = log_of(octets, 1);
  CHECK(has_line(log, "anomaly tls_sslv2_hello"));
  CHECK(has_line(log, "handshake flags 128 hellos 1 alert 255"));
}

TEST_CASE("lists that lie leave what is true of the hello", "[tls]") {
  const Octets message = message_of(recorded_hello());
  const Octets body(message.begin() + 4, message.end());
  for (uint32_t size = 0; size <= body.size(); ++size) {
    const tls::ClientHello hello = tls::read_client_hello(view(body).first(size));
    CHECK(hello.ciphers.size <= size);
    CHECK(hello.sound ==
          (size == body.size() || (size > 34 && !hello.has_extensions && hello.sound)));
  }
  for (size_t at = 0; at < body.size(); ++at) {
    Octets damaged = body;
    damaged[at] ^= 0xff;
    const tls::ClientHello hello = tls::read_client_hello(view(damaged));
    CHECK(hello.extensions.count <= tls::TypeList::kMost);
    CHECK(hello.server_name.size <= body.size());
  }
}

TEST_CASE("who has finished first rests with the other, though it says nothing", "[tls]") {
  DissectorHarness harness(dissector_tls, {});
  const Octets hello = recorded_hello();
  const Octets front{2, 0, 0, 38, 3, 3}, back{0, 0xc0, 0x2f, 0};
  const Octets finished = joined(record(20, {1}), record(22, Octets(40, 'f')));
  const Octets server = joined(record(22, joined(joined(front, Octets(32, 's')), back)), finished);
  harness.feed(Direction::to_server, view(hello));
  harness.feed(Direction::to_client, view(server));
  CHECK_FALSE(harness.at_rest());
  harness.feed(Direction::to_server, view(finished));
  CHECK(harness.log().find("\nhandshake flags") != std::string::npos);
  CHECK(harness.at_rest());
}
