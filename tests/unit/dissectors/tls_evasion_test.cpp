// SPDX-License-Identifier: BSD-3-Clause
// Handshakes that servers understand and that a reader who expects the usual misses: hellos spread
// over records with something between them, records nobody makes, SSL 2.0, and certificates with
// holes.
#include "tests/support/tls_talk.hpp"

using namespace exwire;
using namespace exwire::test;

namespace {

const Octets kHello = client_hello(server_name("mail.exwire.example"));
const Octets kWarning = record(21, "\x01\x5a");

uint8_t probe(const Octets& octets) {
  return dissector_tls.probe(as_bytes(octets), {});
}

// A hello of SSL 2.0 or one compatible with it, behind a header of two or three octets.
Octets sslv2_hello(int header, const Octets& version, size_t padding = 0) {
  const Octets body = "\x01" + version + Octets("\0\3\0\0\0\x10\x01\0\x80", 9) + Octets(16, 'c');
  const size_t length = body.size() + padding;
  return header == 2 ? number(0x8000 | length, 2) + body
                     : number(length, 2) + number(padding, 1) + body + Octets(padding, 'p');
}

}  // namespace

TEST_CASE("a warning between the parts of a hello hides nothing", "[tls][evasion]") {
  for (const size_t cut : {size_t{1}, size_t{3}, size_t{4}, size_t{40}}) {
    const std::string log =
        log_of(record(22, kHello.substr(0, cut)) + kWarning + kWarning +
               record(22, kHello.substr(cut, 10)) + kWarning + record(22, kHello.substr(cut + 10)));
    CHECK(tells_name(log));
    CHECK(is_odd(log));
    CHECK(count(log, "record 21") == 3);
  }
  const std::string fatal = log_of(record(22, kHello.substr(0, 40)) + record(21, "\x02\x28") +
                                   record(22, kHello.substr(40)));
  CHECK(count(fatal, "tls.sni=") == 0);
  CHECK(count(fatal, "alert 40") == 1);
}

TEST_CASE("empty records are passed over", "[tls][evasion]") {
  const Octets empty = record(22, "");
  CHECK(tells_name(log_of(empty + record(22, kHello))));
  CHECK(count(log_of(empty + record(22, kHello)), "anomaly tls_invalid_record") == 1);
  CHECK(tells_name(log_of(empty + empty + record(22, kHello.substr(0, 2)) + empty +
                          record(22, kHello.substr(2)) + empty)));
  CHECK(probe(empty + record(22, kHello)) == kExwireProbeYes);
  CHECK(probe(empty + empty + record(22, kHello)) == kExwireProbeYes);
  for (const Octets& other : {Octets(), Octets(20, 'x'), record(23, "data"), record(22, "A\3\1"),
                              record(22, "AAAAAAAA")}) {
    CHECK(probe(empty + other) == kExwireProbeNo);
  }
  const std::string log = log_of_talk(
      {record(20, "") + record(22, kHello), record(22, server_hello("")) + record(20, "")});
  CHECK(tells_name(log));
  CHECK_FALSE(flags_of(log) & kExwireTlsComplete);
}

TEST_CASE("records of a version nobody has are read as servers read them", "[tls][evasion]") {
  for (const char minor : {'\x05', '\x7f', '\xff'}) {
    Octets odd = record(22, kHello);
    odd[2] = minor;
    CHECK(probe(odd) == kExwireProbeYes);
    CHECK(probe(odd.substr(0, 9)) == kExwireProbeMore);
    CHECK(tells_name(log_of(odd)));
    CHECK(tells_name(log_of_talk({odd, record(22, server_hello(""))})));
  }
  Octets other = record(22, "\x07" + kHello);
  other[2] = '\x09';
  CHECK(probe(other) == kExwireProbeNo);
}

TEST_CASE("a message in more octets of records than are kept is given up", "[tls][evasion]") {
  const Octets large = message(11, Octets(65532, 'c'));
  Octets records;
  for (size_t at = 0; at < 4095; ++at) records += record(22, large.substr(16 * at, 16));
  Octets last = large.substr(size_t{16} * 4095);
  last.resize(18000, 'x');
  DissectorHarness harness(dissector_tls, {});
  harness.feed(Direction::to_server, as_bytes(record(22, kHello)));
  const Octets all = record(22, server_hello("")) + records + record(22, last);
  harness.feed(Direction::to_client, as_bytes(all));
  harness.end(Direction::to_server);
  harness.end(Direction::to_client);
  CHECK_FALSE(harness.violated());
  CHECK(count(harness.log(), "anomaly tls_message_in_many_records") == 1);
  CHECK(tells_name(harness.log()));
}

TEST_CASE("SSL 2.0 with headers of two and of three octets", "[tls][evasion]") {
  for (const Octets& version : {Octets("\0\x02", 2), Octets("\x03\x01", 2)}) {
    for (const size_t padding : {size_t{0}, size_t{5}}) {
      const Octets hello = sslv2_hello(3, version, padding);
      CHECK(probe(hello) == kExwireProbeYes);
      CHECK(probe(hello.substr(0, 11)) == kExwireProbeNo);
      const std::string log = log_of(hello);
      CHECK(log == log_of(sslv2_hello(2, version)));
      CHECK(count(log, "anomaly tls_sslv2_hello") == 1);
      CHECK(flags_of(log) == kExwireTlsSslv2Hello);
    }
  }
  // Other protocols begin with small numbers, too: a name server's message, SOCKS 5, RDP.
  for (const Octets& other :
       {Octets("\0\x1d\xab\xcd\x01\0\0\x01\0\0\0\0", 12), Octets("\x05\x02\0\x02", 4),
        Octets("\x03\0\0\x13\x0e\xe0\0\0\0\0\0\x01\0", 13)}) {
    CHECK(probe(other) == kExwireProbeNo);
  }
}

TEST_CASE("a server that answers in SSL 2.0", "[tls][evasion]") {
  const Octets certificate(300, 'd');
  const Octets body = Octets("\x04\0\x01\0\x02", 5) + number(certificate.size(), 2) +
                      Octets("\0\3\0\x10", 4) + certificate + Octets("\x01\0\x80", 3) +
                      Octets(16, 'i');
  for (const Octets& head : {number(0x8000 | body.size(), 2), number(body.size(), 2) + '\0'}) {
    const std::string log = log_of_talk({sslv2_hello(2, Octets("\0\x02", 2)), head + body,
                                         number(0x8030, 2) + "\x02" + Octets(47, 'k')});
    CHECK(count(log, "tls.server_certificate=" + certificate) == 1);
    CHECK(count(log, "tls.server_version=") == 1);
    CHECK(count(log, "handshake flags") == 1);
    CHECK(count(log, "anomaly ") == 1);  // what the client says later is nothing odd
  }
}

TEST_CASE("a hole in the certificate leaves what both sides agreed on", "[tls][evasion]") {
  const Octets flight = record(22, server_hello("") + certificates({Octets(3000, 'c')}));
  const Octets rest = record(20, "\x01") + record(22, Octets(40, 'e')) + record(23, "data");
  for (const size_t seen : {size_t{90}, size_t{1500}, flight.size() - 1}) {
    for (const size_t missing : {size_t{1}, flight.size() - seen}) {
      if (seen + missing > flight.size()) continue;
      DissectorHarness harness(dissector_tls, {});
      harness.feed(Direction::to_server, as_bytes(record(22, kHello)));
      harness.feed(Direction::to_client, as_bytes(flight.substr(0, seen)));
      harness.gap(Direction::to_client, missing);
      harness.feed(Direction::to_client, as_bytes(flight.substr(seen + missing) + rest));
      harness.feed(Direction::to_server, as_bytes(rest));
      harness.end(Direction::to_server);
      harness.end(Direction::to_client);
      CHECK_FALSE(harness.violated());
      CHECK(tells_name(harness.log()));
      CHECK(count(harness.log(), "tls.server_cipher=") == 1);
      CHECK(count(harness.log(), "tls.server_certificates=") == 0);
      CHECK(flags_of(harness.log()) == (kExwireTlsComplete | kExwireTlsIncomplete));
    }
  }
}
