// SPDX-License-Identifier: BSD-3-Clause
// Hostile TLS too large, or in too many pieces, for the text cases of tests/dissect/tls.txt, what
// fingerprints make of it, and work that grows no faster than the octets.
#include <functional>

#include "sensor/inspect/tls_fingerprints.hpp"
#include "tests/support/linear_work.hpp"
#include "tests/support/tls_talk.hpp"

using namespace exwire;
using namespace exwire::test;
using inspect::TlsField;
using inspect::TlsHandshake;

namespace {

const Octets kName = server_name("mail.exwire.example");

}  // namespace

TEST_CASE("a hello in 2 to 50 records, in records of one octet and of 64 KiB", "[tls]") {
  const Octets hello = client_hello(kName), large = hello_of(65535);
  for (const Octets& records :
       {in_records(hello, hello.size() / 2 + 1), in_records(hello, hello.size() / 50 + 1),
        in_records(hello, 1), record(22, hello_of(2000)), in_records(large, 16384)}) {
    const std::string log = log_of(records);
    CHECK(tells_name(log));
    CHECK(count(log, "anomaly") == 0);
  }
}

TEST_CASE("a message in more records than anybody needs is given up", "[tls]") {
  const std::string log = log_of(in_records(hello_of(8000), 1) + record(23, "data"));
  CHECK(count(log, "anomaly tls_message_in_many_records") == 1);
  CHECK(count(log, "anomaly") <= 2);
}

TEST_CASE("a name of 60,000 octets and a chain of 1,000 certificates are read", "[tls]") {
  const Octets name = extension(0, vector(Octets(1, '\0') + vector(Octets(60000, 'n'), 2), 2));
  const std::string long_name = log_of_talk({in_records(client_hello(name), 16384)});
  CHECK(count(long_name, "tls.sni=nnn") == 1);
  CHECK_FALSE(is_odd(long_name));
  const std::string long_chain = log_of_talk(
      {record(22, client_hello(kName)),
       in_records(server_hello("") + certificates(std::vector<Octets>(1000, "c")), 16384)});
  CHECK(count(long_chain, "tls.server_certificates=") == 1);
  CHECK(tells_name(long_chain));
}

TEST_CASE("protocols of every kind have a fingerprint, or none", "[tls]") {
  Octets many;
  for (int index = 0; index < 255; ++index) many += vector(Octets(255, '\xfe'), 1);
  for (const Octets& list : {Octets(), many.substr(0, 65000 / 256 * 256), vector("", 1),
                             vector("\xff\x01", 1), vector("\"|\n", 1)}) {
    TlsHandshake hello;
    hello.set(TlsField::client_version, as_bytes("\x03\x03"));
    hello.set(TlsField::client_protocols, as_bytes(list));
    CHECK(inspect::ja4(hello).empty() == hello.cut);
    const Octets extensions = kName + extension(16, vector(list, 2));
    CHECK(tells_name(log_of(in_records(client_hello(extensions), 16384))));
  }
  CHECK(inspect::ja4({}).empty());
}

TEST_CASE("GREASE changes no fingerprint", "[tls]") {
  const auto prints = [](const Octets& grease) {
    TlsHandshake hello;
    const auto set = [&](TlsField field, const Octets& octets) {
      hello.set(field, as_bytes(octets));
    };
    set(TlsField::client_version, "\x03\x03");
    set(TlsField::client_ciphers, grease + "\x13\x01");
    set(TlsField::client_extensions, grease + Octets("\0\0\0\x10", 4) + grease);
    set(TlsField::client_groups, grease + Octets("\0\x1d", 2));
    set(TlsField::client_versions, grease + "\x03\x04");
    set(TlsField::client_signature_algorithms, grease + "\x04\x03");
    return inspect::ja3_text(hello) + inspect::ja4(hello);
  };
  for (size_t nibble = 0; nibble < 16; ++nibble) {
    CHECK(prints(number((nibble << 4 | 0xa) * 0x101, 2)) == prints(""));
  }
}

TEST_CASE("the front of a hello has no fingerprint", "[tls]") {
  TlsHandshake hello;
  hello.set(TlsField::client_version, as_bytes("\x03\x03"));
  hello.set(TlsField::server_version, as_bytes("\x03\x03"));
  inspect::TlsFingerprints memory;
  CHECK_FALSE(memory.client(hello).ja4.empty());
  hello.flags = kExwireTlsCutHello;
  CHECK(inspect::ja4(hello).empty());
  CHECK(inspect::ja3_text(hello).empty());
  CHECK(memory.client(hello).text.empty());
  CHECK_FALSE(memory.server(hello).text.empty());
}

// Four times the octets: at most five times the calls and lines, whatever the segments.
TEST_CASE("adversarial handshakes cost linear work", "[tls][linear]") {
  struct Generator {
    const char* name;
    std::function<Octets(size_t)> make;  ///< of about so many octets
  };
  const std::vector<Generator> generators{
      {"a hello in records of one octet",
       [](size_t size) { return in_records(hello_of(size / 6), 1); }},
      {"empty messages", [](size_t size) { return in_records(Octets(size, '\0'), 16384); }},
      {"empty extensions",
       [](size_t size) {
         Octets many;
         for (size_t type = 0; type < size / 4; ++type) many += extension(type + 1000, "");
         return in_records(client_hello(many), 16384);
       }},
      {"names in a list",
       [](size_t size) {
         Octets names;
         while (names.size() < size) names += Octets("\x07\0\1x", 4);
         return in_records(client_hello(extension(0, vector(names, 2))), 16384);
       }},
      {"warnings", [](size_t size) { return in_records(Octets(size / 2, '\1'), 2); }},
      {"no record anywhere", [](size_t size) {
         return record(22, client_hello(kName)) + record(20, "\1") + record(23, "d") +
                Octets(size, '\x17');
       }}};
  for (const Generator& generator : generators) {
    for (const size_t cut : {size_t{1}, size_t{1460}}) {
      INFO(generator.name << ", segments of " << cut);
      const Work one = work_of(dissector_tls, generator.make(10000), cut);
      const Work four = work_of(dissector_tls, generator.make(40000), cut);
      CHECK(four.calls <= 5 * one.calls + 16);
      CHECK(four.lines <= 5 * one.lines + 16);
    }
  }
}
