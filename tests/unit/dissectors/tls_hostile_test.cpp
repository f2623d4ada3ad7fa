// SPDX-License-Identifier: BSD-3-Clause
// Hellos and records as attackers, odd clients and broken servers make them: what is true is told,
// what lies is an anomaly, told once, and nothing loops or is guessed.
#include "dissectors/tls_hello.hpp"
#include "tests/support/tls_talk.hpp"

using namespace exwire;
using namespace exwire::test;

TEST_CASE("names of every kind", "[tls]") {
  const auto log = [](const Octets& extensions) {
    return log_of(record(22, client_hello(extensions)));
  };
  for (const Octets& name :
       {Octets("Mail.Exwire.Example"), Octets("mail.exwire.example."), Octets("192.0.2.1"),
        Octets("2001:db8::1"), Octets("a_b.example"), Octets("m\xc3\xa4il.example"),
        Octets("a%00|\"\\b"), Octets(255, 'a')}) {
    INFO(name);
    CHECK(log(server_name(name)).find("tls.sni=") != std::string::npos);
    CHECK_FALSE(is_odd(log(server_name(name))));
  }
  const tls::ClientHello cut =
      tls::read_client_hello(as_bytes(client_hello(server_name(Octets("good\0evil", 9)))).from(4));
  CHECK(cut.server_name.size == 9);
  SECTION("empty, or of another type, is none") {
    CHECK(count(log(server_name("")), "tls.sni=") == 0);
    CHECK(count(log(server_name("mail", 7)), "tls.sni=") == 0);
    CHECK(count(log(extension(0, "")), "tls.sni=") == 0);
  }
  SECTION("two: the first, and it is odd") {
    const std::string twice = log(server_name("a.example") + server_name("b.example"));
    CHECK(count(twice, "tls.sni=") == 1);
    CHECK(twice.find("a.example") != std::string::npos);
    CHECK(is_odd(twice));
    const Octets both =
        Octets(1, '\0') + vector("a.example", 2) + Octets(1, '\0') + vector("b.example", 2);
    const std::string listed = log(extension(0, vector(both, 2)));
    CHECK(listed.find("a.example") != std::string::npos);
    CHECK(is_odd(listed));
  }
  SECTION("its list says more than there is") {
    CHECK(is_odd(log(extension(0, number(100, 2) + "\0" + vector("a.example", 2)))));
  }
}

TEST_CASE("extensions without end", "[tls]") {
  Octets many;
  for (size_t type = 1000; type < 2000; ++type) many += extension(type, "");
  const std::string log = log_of(record(22, client_hello(many)));
  CHECK(count(log, "anomaly tls_invalid_hello") == 1);
  CHECK(count(log, "handshake flags") == 1);
}

TEST_CASE("lists that are odd or lie", "[tls]") {
  for (const Octets& extensions :
       {extension(10, vector("x", 2)), extension(16, vector("\x09h2", 2)),
        extension(51, vector(Octets("\0\x1d\0\x20", 4) + "short", 2)),
        extension(16, number(9, 2) + vector("h2", 1)), extension(13, "\xff\xff"),
        extension(43, "\x09\x03\x04"), extension(43, vector("\x03\x04\x03", 1)),
        Octets("\x00\x10\x00", 3), extension(35, "") + extension(35, "")}) {
    const std::string log = log_of(record(22, client_hello(extensions)));
    CHECK(log.find("tls.client_ciphers=") != std::string::npos);
    CHECK(count(log, "handshake flags") == 1);
    CHECK(is_odd(log));
  }
  CHECK(is_odd(log_of(record(22, client_hello("", "\x13\x01\xc0")))));
}

TEST_CASE("GREASE is nothing odd", "[tls]") {
  Octets extensions, values;
  for (size_t nibble = 0; nibble < 16; ++nibble) {
    const size_t value = (nibble << 4 | 0xa) * 0x101;
    extensions += extension(value, nibble % 2 == 0 ? "" : "g");
    values += number(value, 2);
  }
  extensions += extension(10, vector(values, 2)) + extension(43, vector(values + "\x03\x04", 1));
  CHECK_FALSE(is_odd(log_of(record(22, client_hello(extensions, values + "\x13\x01")))));
}

TEST_CASE("lengths of records that cannot be", "[tls]") {
  const Octets hello = record(22, client_hello(server_name("mail.exwire.example")));
  for (const size_t length : {size_t{0}, size_t{20000}, size_t{0xfffb}, size_t{0xffff}}) {
    const Octets lying = Octets("\x16\x03\x03", 3) + number(length, 2) + Octets(100, '\x16');
    const std::string log = log_of(hello + lying);
    CHECK(log.find("mail.exwire.example") != std::string::npos);
    CHECK(count(log, "anomaly ") == 1);
    CHECK(count(log, "handshake flags") == 1);
  }
}

TEST_CASE("a message cut by a record of another type", "[tls]") {
  const Octets hello = client_hello(server_name("mail.exwire.example"));
  const std::string log =
      log_of(record(22, hello.substr(0, 40)) + record(23, "data") + record(22, hello.substr(40)));
  CHECK(is_odd(log));
  CHECK(count(log, "tls.sni=") == 0);
}

TEST_CASE("warnings by the thousand are one record", "[tls]") {
  Octets alerts;
  for (int number = 0; number < 8000; ++number) alerts += "\x01\x5a";
  const std::string log = log_of(record(22, client_hello("")) + record(21, alerts));
  CHECK(count(log, "\n") < 20);
  CHECK(count(log, "handshake flags 0 hellos 1 alert 255") + count(log, "anomaly ") <= 2);
}

TEST_CASE("the name asked for changes after a retry", "[tls]") {
  const auto log = [](const Octets& second) {
    DissectorHarness harness(dissector_tls, {});
    const auto say = [&](Direction direction, const Octets& octets) {
      harness.feed(direction, as_bytes(octets));
    };
    say(Direction::to_server, record(22, client_hello(server_name("mail.exwire.example"))));
    say(Direction::to_client, record(22, retry_request()));
    say(Direction::to_server, record(22, client_hello(server_name(second))));
    harness.end(Direction::to_server);
    harness.end(Direction::to_client);
    return harness.log();
  };
  const std::string same = log("mail.exwire.example"), other = log("owa.exwire.example");
  CHECK(count(same, "anomaly ") == 0);
  CHECK(count(same, "hellos 2 ") == 1);
  CHECK(count(other, "anomaly tls_server_name_changed") == 1);
  CHECK(count(other, "tls.sni=mail.exwire.example") == 1);
}

TEST_CASE("what leads into the middle of a connection", "[tls]") {
  DissectorHarness harness(dissector_tls, {.midstream = true});
  const Octets data = record(23, Octets(60, 'd'));
  CHECK(dissector_tls.probe(as_bytes(data), {}) == kExwireProbeYes);
  for (int turn = 0; turn < 20; ++turn) harness.feed(Direction::to_client, as_bytes(data));
  CHECK(count(harness.log(), "handshake flags") == 1);
  CHECK(count(harness.log(), "record 23") == 20);
  CHECK(count(harness.log(), "anomaly ") == 0);
}
