// SPDX-License-Identifier: BSD-3-Clause
// Certificates made to be slow to read: the packet that carries one must not hold a worker up.
// Each is as large as a handshake message may be, and costs a bounded time, linear in its octets.
#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>

#include <algorithm>
#include <catch2/catch.hpp>
#include <ctime>
#include <functional>
#include <iostream>
#include <string>
#include <vector>

#include "sensor/inspect/certificate.hpp"

using namespace exwire;
using inspect::Certificate;

namespace {

using Octets = std::string;

constexpr size_t kRoom = 64000;  // with all around it, below what is read at all

Octets length_of(size_t size) {
  if (size < 0x80) return {static_cast<char>(size)};
  Octets octets;
  for (; size > 0; size >>= 8) octets.insert(octets.begin(), static_cast<char>(size & 0xff));
  return static_cast<char>(0x80 | octets.size()) + octets;
}
Octets tlv(int tag, const Octets& content) {
  return static_cast<char>(tag) + length_of(content.size()) + content;
}
Octets sequence(const Octets& content) {
  return tlv(0x30, content);
}
Octets repeated(const Octets& one, size_t count) {
  Octets all;
  for (size_t index = 0; index < count; ++index) all += one;
  return all;
}

const Octets kCommonName("\x06\x03\x55\x04\x03", 5), kAlternativeName("\x06\x03\x55\x1d\x11", 5);
const Octets kSha256Rsa =
    sequence(Octets("\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x01\x0b\x05\0", 13));
const Octets kRsa = sequence(Octets("\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x01\x01\x05\0", 13));
const Octets kEc("\x06\x07\x2a\x86\x48\xce\x3d\x02\x01", 9);

Octets relative_name(const Octets& type, const Octets& value) {
  return tlv(0x31, sequence(type + tlv(0x0c, value)));
}
Octets rsa_key(const Octets& modulus, const Octets& exponent) {
  return sequence(kRsa + tlv(3, Octets(1, '\0') + sequence(tlv(2, modulus) + tlv(2, exponent))));
}

/// A certificate; what a case is about stands in one of its parts.
struct Parts {
  Octets names = relative_name(kCommonName, "mail.exwire.example");
  Octets key = rsa_key('\0' + Octets(128, '\xc1'), Octets("\x01\x00\x01", 3));
  Octets algorithm = kSha256Rsa;
  Octets extensions;
  Octets before = tlv(0x17, "240101000000Z"), after = tlv(0x17, "340101000000Z");
  Octets serial = tlv(2, "\x07");
  Octets signature = Octets(128, 's');

  Octets der() const {
    const Octets listed = extensions.empty() ? "" : tlv(0xa3, sequence(extensions));
    return sequence(sequence(tlv(0xa0, tlv(2, "\x02")) + serial + algorithm + sequence(names) +
                             sequence(before + after) + sequence(names) + key + listed) +
                    algorithm + tlv(3, '\0' + signature));
  }
};
Octets extension(const Octets& type, const Octets& content) {
  return sequence(type + tlv(4, content));
}

/// The shortest of a few runs: what else this machine does is not to be measured.
double milliseconds(const Octets& der, Certificate* result = nullptr) {
  double best = 1e9;
  for (int run = 0; run < 9; ++run) {
    timespec begin{}, end{};
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &begin);
    Certificate read = inspect::read_certificate(as_bytes(der));
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &end);
    best = std::min(best, 1e3 * static_cast<double>(end.tv_sec - begin.tv_sec) +
                              1e-6 * static_cast<double>(end.tv_nsec - begin.tv_nsec));
    if (result != nullptr) *result = std::move(read);
  }
  return best;
}

Octets nested(int tag, size_t depth) {
  Octets all;
  for (size_t level = 0; level < depth; ++level) all = tlv(tag, all);
  return all;
}

Octets own_signature(EVP_PKEY* key) {
  X509* certificate = X509_new();
  X509_set_version(certificate, 2);
  X509_gmtime_adj(X509_getm_notBefore(certificate), 0);
  X509_gmtime_adj(X509_getm_notAfter(certificate), 86400);
  X509_set_pubkey(certificate, key);
  const EVP_MD* digest = EVP_PKEY_get_base_id(key) == EVP_PKEY_ED448 ? nullptr : EVP_sha256();
  REQUIRE(X509_sign(certificate, key, digest) > 0);
  unsigned char* der = nullptr;
  const int size = i2d_X509(certificate, &der);
  Octets octets(reinterpret_cast<const char*>(der), static_cast<size_t>(size));
  OPENSSL_free(der);
  X509_free(certificate);
  EVP_PKEY_free(key);
  return octets;
}

struct Case {
  const char* name;
  std::function<Octets(size_t room)> der;
};

/// Each grows with its room.
std::vector<Case> growing() {
  const auto with = [](auto fill) {
    return [fill](size_t room) {
      Parts parts;
      fill(parts, room);
      return parts.der();
    };
  };
  return {
      {"names by the thousand", with([](Parts& parts, size_t room) {
         parts.extensions =
             extension(kAlternativeName, sequence(repeated(tlv(0x82, "a.b"), room / 5)));
       })},
      {"addresses by the thousand", with([](Parts& parts, size_t room) {
         parts.extensions = extension(kAlternativeName,
                                      sequence(repeated(tlv(0x87, "\x01\x02\x03\x04"), room / 6)));
       })},
      {"empty names by the thousand", with([](Parts& parts, size_t room) {
         parts.extensions =
             extension(kAlternativeName, sequence(repeated(tlv(0x82, ""), room / 2)));
       })},
      {"directory names as alternative names", with([](Parts& parts, size_t room) {
         const Octets name = tlv(0xa4, sequence(relative_name(kCommonName, "x")));
         parts.extensions =
             extension(kAlternativeName, sequence(repeated(name, room / name.size())));
       })},
      {"one long alternative name", with([](Parts& parts, size_t room) {
         parts.extensions = extension(kAlternativeName, sequence(tlv(0x82, Octets(room, 'a'))));
       })},
      {"parts of a name by the thousand", with([](Parts& parts, size_t room) {
         const Octets one = relative_name(kCommonName, "x");
         parts.names = repeated(one, room / one.size() / 2);
       })},
      {"one long name", with([](Parts& parts, size_t room) {
         parts.names = relative_name(kCommonName, Octets(room / 2, 'x'));
       })},
      {"one long name of wide characters", with([](Parts& parts, size_t room) {
         parts.names =
             tlv(0x31, sequence(kCommonName + tlv(0x1e, Octets(room / 2 / 2 * 2, '\x09'))));
       })},
      {"broken characters by the thousand", with([](Parts& parts, size_t room) {
         const Octets one = relative_name(kCommonName, "\xff");
         parts.names = repeated(one, room / one.size() / 2);
       })},
      {"a long identifier in a name", with([](Parts& parts, size_t room) {
         parts.names = relative_name(tlv(6, Octets(room / 2, '\xff') + '\x01'), "x");
       })},
      {"a long identifier of the algorithm", with([](Parts& parts, size_t room) {
         parts.algorithm = sequence(tlv(6, Octets(room / 2, '\xff') + '\x01'));
       })},
      {"a long identifier of the key", with([](Parts& parts, size_t room) {
         parts.key =
             sequence(sequence(tlv(6, Octets(room, '\xff') + '\x01')) + tlv(3, Octets(65, '\0')));
       })},
      {"extensions by the thousand", with([](Parts& parts, size_t room) {
         const Octets one = extension(Octets("\x06\x03\x55\x1d\x0f", 5), "");
         parts.extensions = repeated(one, room / one.size());
       })},
      {"the same extension by the thousand", with([](Parts& parts, size_t room) {
         const Octets one = extension(kAlternativeName, sequence(tlv(0x82, "a.b")));
         parts.extensions = repeated(one, room / one.size());
       })},
      {"an RSA modulus without end", with([](Parts& parts, size_t room) {
         parts.key = rsa_key('\0' + Octets(room, '\xc1'), Octets("\x01\x00\x01", 3));
       })},
      {"an RSA exponent without end", with([](Parts& parts, size_t room) {
         parts.key = rsa_key('\0' + Octets(room / 2, '\xc1'), '\0' + Octets(room / 2, '\xc1'));
       })},
      {"a DSA key without end", with([](Parts& parts, size_t room) {
         const Octets number = tlv(2, '\0' + Octets(room / 4, '\xc1'));
         parts.key = sequence(sequence(Octets("\x06\x07\x2a\x86\x48\xce\x38\x04\x01", 9) +
                                       sequence(number + number + number)) +
                              tlv(3, '\0' + number));
       })},
      {"a key of Diffie and Hellman without end", with([](Parts& parts, size_t room) {
         const Octets number = tlv(2, '\0' + Octets(room / 3, '\xc1'));
         parts.key = sequence(sequence(Octets("\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x03\x01", 11) +
                                       sequence(number + number)) +
                              tlv(3, '\0' + number));
       })},
      {"explicit parameters of a curve", with([](Parts& parts, size_t room) {
         const Octets number = tlv(2, '\0' + Octets(room / 5, '\xc1')),
                      octets = tlv(4, Octets(room / 5, '\xc1'));
         const Octets field = sequence(Octets("\x06\x07\x2a\x86\x48\xce\x3d\x01\x01", 9) + number);
         parts.key =
             sequence(sequence(kEc + sequence(tlv(2, "\x01") + field + sequence(octets + octets) +
                                              tlv(4, '\x02' + Octets(room / 5, '\x07')) + number)) +
                      tlv(3, Octets("\0\x02", 2) + Octets(room / 5, '\x07')));
       })},
      {"a serial number without end",
       with([](Parts& parts, size_t room) { parts.serial = tlv(2, Octets(room, '\x7f')); })},
      {"a date without end", with([](Parts& parts, size_t room) {
         parts.before = tlv(0x18, "20240101000000." + Octets(room, '1') + "Z");
       })},
      {"sequences in sequences in an extension", with([](Parts& parts, size_t room) {
         parts.extensions = extension(kAlternativeName, nested(0x30, room / 5));
       })},
      {"sequences in sequences in a name", with([](Parts& parts, size_t room) {
         parts.names = tlv(0x31, sequence(kCommonName + nested(0x30, room / 10)));
       })},
      {"strings in strings", with([](Parts& parts, size_t room) {
         parts.names = tlv(0x31, sequence(kCommonName + nested(0x2c, room / 10)));
       })},
      {"indefinite lengths", with([](Parts& parts, size_t room) {
         parts.extensions = extension(kAlternativeName, repeated(Octets("\x30\x80", 2), room / 2));
       })},
      {"a signature without end",
       with([](Parts& parts, size_t room) { parts.signature = Octets(room, 's'); })},
  };
}

}  // namespace

TEST_CASE("hostile certificates cost time linear in their octets", "[certificate]") {
  // Four times the octets: 4 where time is linear, 16 where it grows with their square.
  constexpr double kFactor = 8, kNoise = 1;
  double slowest = 0;
  const std::vector<Case> cases = growing();
  for (const Case& one : cases) {
    INFO(one.name);
    Certificate read;
    const Octets whole = one.der(kRoom);
    const double cost = milliseconds(whole, &read), quarter = milliseconds(one.der(kRoom / 4));
    CHECK(cost < kFactor * quarter + kNoise);
    CHECK(read.names.size() <= inspect::Certificates::kMostNames);
    CHECK(read.subject.size() < 4096);
    CHECK_FALSE(read.self_signed);
    slowest = std::max(slowest, cost);
  }
  std::cout << "figure: " << cases.size() << " hostile certificates, the slowest " << slowest
            << " ms\n";
}

TEST_CASE("a signature that would cost too much is left unchecked", "[certificate]") {
  double slowest = 0;
  std::vector<std::pair<std::string, EVP_PKEY*>> keys;
  for (const char* curve : {"P-256", "P-521", "sect571r1", "brainpoolP512r1"}) {
    keys.emplace_back(curve, EVP_EC_gen(curve));
  }
  for (const unsigned bits : {1024U, 4096U}) {
    keys.emplace_back("RSA " + std::to_string(bits), EVP_RSA_gen(bits));
  }
  for (const auto& [name, key] : keys) {
    INFO(name);
    Certificate read;
    slowest = std::max(slowest, milliseconds(own_signature(key), &read));
    CHECK(read.self_issued);
    CHECK(read.self_signed != read.unchecked);
  }
  std::cout << "figure: the slowest signature that is checked, " << slowest << " ms\n";
  Parts large;
  large.key = rsa_key('\0' + Octets(1025, '\xc1'), Octets("\x01\x00\x01", 3));
  const Certificate read = inspect::read_certificate(as_bytes(large.der()));
  CHECK(read.key_bits == 8200);
  CHECK(read.unchecked);
}

TEST_CASE("no more signatures are checked in a second than a worker bears", "[certificate]") {
  inspect::Certificates cache;
  const Timestamp now{1'700'000'000 * kNanosPerSecond};
  const auto unchecked = [&](size_t count, Timestamp when) {
    size_t result = 0;
    for (size_t index = 0; index < count; ++index) {
      Parts parts;
      parts.serial = tlv(2, "\x01" + std::to_string(when.ns) + std::to_string(index));
      const auto* read = cache.find(cache.read_one(as_bytes(parts.der()), when));
      REQUIRE(read != nullptr);
      CHECK(read->readable);
      result += read->unchecked;
    }
    return result;
  };
  constexpr size_t kMost = inspect::Certificates::kMostChecks;
  CHECK(unchecked(kMost, now) == 0);
  CHECK(unchecked(50, {now.ns + 1}) == 50);
  CHECK(unchecked(kMost + 1, {now.ns + kNanosPerSecond}) == 1);
}

TEST_CASE("of a chain the first certificate is read and the others are counted", "[certificate]") {
  inspect::Certificates cache;
  const auto listed = [](const Octets& der, size_t claimed) {
    return Octets{static_cast<char>(claimed >> 16), static_cast<char>(claimed >> 8),
                  static_cast<char>(claimed)} +
           der;
  };
  const Octets one = listed(Parts().der(), Parts().der().size());
  Octets chain = one;
  for (int count = 1; count < 1000; ++count) chain += listed("x", 1);
  uint16_t length = 0;
  const auto* read =
      cache.find(cache.read(as_bytes(listed(chain, chain.size())), length, Timestamp{}));
  REQUIRE(read != nullptr);
  CHECK(read->subject == "CN=mail.exwire.example");
  CHECK(length == 1000);

  // 16 MiB claimed: what is there has a fingerprint and nothing else.
  length = 0;
  const Octets giant = listed(listed(Octets(100, 'x'), 0xffffff), 0xffffff);
  const auto* cut = cache.find(cache.read(as_bytes(giant), length, Timestamp{}));
  REQUIRE(cut != nullptr);
  CHECK_FALSE(cut->readable);
  CHECK(length == 1);
}

TEST_CASE("strings that break their kind are told octet by octet", "[certificate]") {
  struct Broken {
    int kind;
    Octets value, told;
  };
  const std::vector<Broken> cases{
      {0x0c, "m\xc3\xa4il", "m\xc3\xa4il"},  // UTF-8 as it should be
      {0x0c, "a\xff", "a\xff"},
      {0x0c, "\xed\xa0\x80", "\xed\xa0\x80"},
      {0x13, Octets("a\0b", 3), Octets("a\0b", 3)},
      {0x16, "\xc3\xa4", "\xc3\xa4"},
      {0x14, "\xe4", "\xc3\xa4"},  // a T61String, in practice of Latin letters
      {0x1e, Octets("\0a", 2), "a"},
      {0x1e, Octets("\0ab", 3), Octets("\0ab", 3)},
      {0x1e, "\xd8\x01", "\xd8\x01"},
      {0x1c, Octets("\0\x11\0\0", 4), Octets("\0\x11\0\0", 4)}};
  for (const Broken& one : cases) {
    Parts parts;
    parts.names = tlv(0x31, sequence(kCommonName + tlv(one.kind, one.value)));
    const Certificate read = inspect::read_certificate(as_bytes(parts.der()));
    INFO(one.kind << " " << one.told);
    CHECK(read.subject == "CN=" + one.told);
    CHECK(read.issuer == read.subject);
    CHECK(read.common_name == one.told);
    CHECK(read.key_bits == 1024);
    CHECK_FALSE(read.self_signed);
  }
}
