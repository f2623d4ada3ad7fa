// SPDX-License-Identifier: BSD-3-Clause
// Fingerprints against their authors' own examples, and certificates.
#include "sensor/inspect/tls_fingerprints.hpp"

#include <catch2/catch.hpp>

#include <array>

using namespace exwire;
using inspect::TlsField;
using inspect::TlsHandshake;

namespace {

std::string numbers(std::initializer_list<uint16_t> values) {
  std::string octets;
  for (const uint16_t value : values) {
    octets += static_cast<char>(value >> 8);
    octets += static_cast<char>(value & 0xff);
  }
  return octets;
}

void set(TlsHandshake& handshake, TlsField field, const std::string& octets) {
  handshake.set(field, as_bytes(octets));
}

// The example of JA4's description (FoxIO, technical_details/JA4.md): a Chrome on TLS 1.3.
TlsHandshake chrome() {
  TlsHandshake hello;
  set(hello, TlsField::client_version, numbers({0x0303}));
  set(hello, TlsField::client_ciphers,
      numbers({0x2a2a, 0x1301, 0x1302, 0x1303, 0xc02b, 0xc02f, 0xc02c, 0xc030, 0xcca9, 0xcca8,
               0xc013, 0xc014, 0x009c, 0x009d, 0x002f, 0x0035}));
  set(hello, TlsField::client_extensions,
      numbers({0x7a7a, 0x001b, 0x0000, 0x0033, 0x0010, 0x4469, 0x0017, 0x002d, 0x000d, 0x0005,
               0x0023, 0x0012, 0x002b, 0xff01, 0x000b, 0x000a, 0x0015}));
  set(hello, TlsField::client_signature_algorithms,
      numbers({0x0403, 0x0804, 0x0401, 0x0503, 0x0805, 0x0501, 0x0806, 0x0601}));
  set(hello, TlsField::client_versions, numbers({0xdada, 0x0304, 0x0303}));
  set(hello, TlsField::client_protocols, std::string("\x02h2\x08http/1.1"));
  return hello;
}

}  // namespace

TEST_CASE("JA4 of the authors' example", "[tls]") {
  CHECK(inspect::ja4(chrome()) == "t13d1516h2_8daaf6152771_e5627efa2ab1");
}

TEST_CASE("JA4 without what it may lack", "[tls]") {
  TlsHandshake bare;
  set(bare, TlsField::client_version, numbers({0x0301}));
  CHECK(inspect::ja4(bare) == "t10i000000_000000000000_000000000000");
  CHECK(inspect::ja4(TlsHandshake{}).empty());
}

TEST_CASE("JA3 of the authors' example", "[tls]") {
  // salesforce/ja3, README.
  TlsHandshake hello;
  set(hello, TlsField::client_version, numbers({769}));
  set(hello, TlsField::client_ciphers, numbers({4, 5, 10, 9, 100, 98, 3, 6, 19, 18, 99}));
  CHECK(inspect::ja3_text(hello) == "769,4-5-10-9-100-98-3-6-19-18-99,,,");
  CHECK(inspect::md5_hex(inspect::ja3_text(hello)) == "de350869b8c85de67a350c8d186f11e6");
  TlsHandshake full;
  set(full, TlsField::client_version, numbers({769}));
  set(full, TlsField::client_ciphers,
      numbers({47, 53, 5, 10, 49161, 49162, 49171, 49172, 50, 56, 19, 4}));
  set(full, TlsField::client_extensions, numbers({0, 10, 11}));
  set(full, TlsField::client_groups, numbers({23, 24, 25}));
  set(full, TlsField::client_point_formats, std::string(1, '\0'));
  CHECK(inspect::md5_hex(inspect::ja3_text(full)) == "ada70206e40642a3e4461f35503241d5");
}

TEST_CASE("remembered fingerprints are those made anew", "[tls]") {
  inspect::TlsFingerprints memory;
  // Each differs from the others in one thing a fingerprint looks at, some in several.
  std::vector<TlsHandshake> hellos{chrome(), TlsHandshake{}};
  const auto variant = [&](TlsField field, const std::string& octets) {
    TlsHandshake hello;
    set(hello, field, octets);
    const TlsHandshake base = chrome();
    for (size_t index = 0; index < inspect::kTlsFieldCount; ++index) {
      const auto each = static_cast<TlsField>(index);
      if (base.has(each)) hello.set(each, base.octets(each));
    }
    hellos.push_back(hello);
  };
  variant(TlsField::client_version, numbers({0x0302}));
  variant(TlsField::client_ciphers, numbers({0x1301, 0x0a0a}));
  variant(TlsField::client_ciphers, numbers({0x1301}));
  variant(TlsField::client_extensions, numbers({10, 0}));
  variant(TlsField::client_extensions, numbers({0, 10}));
  variant(TlsField::client_extensions, numbers({0}));
  variant(TlsField::client_groups, numbers({10}));
  variant(TlsField::client_signature_algorithms, numbers({0x0403}));
  variant(TlsField::client_versions, numbers({0x0303}));
  variant(TlsField::client_protocols, std::string("\x02h3"));
  variant(TlsField::client_point_formats, std::string("\x01"));
  variant(TlsField::server_version, numbers({0x0303}));
  variant(TlsField::server_cipher, numbers({0x1301}));
  variant(TlsField::client_extensions, numbers(std::initializer_list<uint16_t>{}));
  variant(TlsField::client_groups, std::string(2000, 'g'));  // longer than what is remembered
  hellos.push_back(chrome());
  hellos.back().flags = kExwireTlsSslv2Hello;
  for (int turn = 0; turn < 2; ++turn) {
    for (TlsHandshake& hello : hellos) {
      const inspect::TlsFingerprint& client = memory.client(hello);
      const inspect::TlsFingerprint& server = memory.server(hello);
      CHECK(client.text == inspect::ja3_text(hello));
      CHECK(client.hash == (client.text.empty() ? "" : inspect::md5_hex(client.text)));
      CHECK(client.ja4 == inspect::ja4(hello));
      CHECK(server.text == inspect::ja3s_text(hello));
      CHECK(server.hash == (server.text.empty() ? "" : inspect::md5_hex(server.text)));
    }
  }
}

TEST_CASE("GREASE is left out wherever it stands, and nothing else", "[tls]") {
  const std::string list = numbers({49196, 49200, 0x000a, 0x0a00, 52393, 0x1a0a, 49195, 49199, 51});
  inspect::TlsFingerprints memory;
  const auto hello_with = [](const std::string& ciphers) {
    TlsHandshake hello;
    set(hello, TlsField::client_version, numbers({0x0303}));
    set(hello, TlsField::client_ciphers, ciphers);
    return hello;
  };
  const inspect::TlsFingerprint* plain = &memory.client(hello_with(list));
  constexpr std::array<uint16_t, 5> kGuests{0x0a0a, 0xfafa, 0x0a1a, 0x0b0a, 0xea0a};
  for (const uint16_t guest : kGuests) {
    for (size_t place = 0; place <= list.size(); place += 2) {
      const TlsHandshake hello = hello_with(std::string(list).insert(place, numbers({guest})));
      const inspect::TlsFingerprint& made = memory.client(hello);
      CHECK(made.text == inspect::ja3_text(hello));
      CHECK((!inspect::is_grease(guest) || &made == plain));  // found again, not made anew
    }
  }
}

TEST_CASE("a hello too large for its facts is told without a fingerprint", "[tls]") {
  TlsHandshake hello = chrome();
  set(hello, TlsField::sni, std::string(TlsHandshake::kArena, 'x'));
  CHECK(hello.cut);
  CHECK(inspect::ja4(hello).empty());
  CHECK(inspect::ja3_text(hello).empty());
}

TEST_CASE("lists without end leave room for the names and for the server's word", "[tls]") {
  TlsHandshake hello;
  set(hello, TlsField::client_version, "\x03\x03");
  for (const TlsField list : {TlsField::client_ciphers, TlsField::client_extensions,
                              TlsField::client_groups, TlsField::client_protocols}) {
    set(hello, list, std::string(1100, 'x'));
  }
  CHECK(hello.cut);
  const std::string name(253, 'n');
  set(hello, TlsField::sni, name);
  set(hello, TlsField::server_version, "\x03\x01");
  set(hello, TlsField::server_cipher, std::string("\0\x05", 2));
  CHECK(hello.text(TlsField::sni) == name);
  CHECK(hello.version() == 0x0301);
  CHECK(hello.number(TlsField::server_cipher) == 5);
}

TEST_CASE("what is no certificate costs nothing and breaks nothing", "[certificate]") {
  CHECK_FALSE(inspect::read_certificate(as_bytes("no DER at all")).readable);
  inspect::Certificates cache;
  uint16_t chain = 0;
  CHECK(cache.read(as_bytes(std::string(3, '\0')), chain, {}).number == 0);
  const std::string lying(
      "\x00\x00\xff\x00\xff\xff"
      "abc",
      9);
  CHECK(cache.find(cache.read(as_bytes(lying), chain, {})) != nullptr);
  const auto first = cache.read_one(as_bytes("one"), {});
  CHECK(cache.read_one(as_bytes("one"), {}).number == first.number);
  const std::string fingerprint = cache.find(first)->fingerprint;
  for (uint32_t other = 0; other < 2 * inspect::Certificates::kMost; ++other) {
    const auto kept = cache.read_one(as_bytes("certificate " + std::to_string(other)), {});
    CHECK(cache.find(kept) != nullptr);
    // Its place is another's in the end, and then it is nobody rather than the wrong one.
    const auto* still = cache.find(first);
    CHECK((still == nullptr || still->fingerprint == fingerprint));
  }
  CHECK(cache.find(first) == nullptr);
  CHECK(cache.find(cache.read_one(as_bytes("one"), {}))->fingerprint == fingerprint);
}
