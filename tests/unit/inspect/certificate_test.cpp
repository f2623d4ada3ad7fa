// SPDX-License-Identifier: BSD-3-Clause
// Who signed a certificate and when it is valid, by certificates OpenSSL makes here.
#include "sensor/inspect/certificate.hpp"

#include <openssl/evp.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include <catch2/catch.hpp>
#include <memory>
#include <string>

using namespace exwire;

namespace {

struct Free {
  void operator()(EVP_PKEY* key) const { EVP_PKEY_free(key); }
  void operator()(X509* certificate) const { X509_free(certificate); }
};
using Key = std::unique_ptr<EVP_PKEY, Free>;

struct Recipe {
  const char* subject = "mail.exwire.example";
  const char* issuer = "mail.exwire.example";
  const char* not_before = "20240101000000Z";
  const char* not_after = "20250101000000Z";
  std::string names{};  ///< as OpenSSL's configuration has them: "DNS:a.example,DNS:b.example"
};

void name(X509_NAME* into, const char* common_name) {
  X509_NAME_add_entry_by_txt(into, "CN", MBSTRING_UTF8,
                             reinterpret_cast<const unsigned char*>(common_name), -1, -1, 0);
}

ASN1_TIME* time_of(const char* text) {
  ASN1_TIME* time = ASN1_STRING_type_new(V_ASN1_GENERALIZEDTIME);
  ASN1_STRING_set(time, text, -1);
  return time;
}

std::string made(EVP_PKEY* key, EVP_PKEY* signer, const Recipe& recipe,
                 const EVP_MD* digest = EVP_sha256()) {
  const std::unique_ptr<X509, Free> certificate(X509_new());
  X509* x509 = certificate.get();
  X509_set_version(x509, 2);
  ASN1_INTEGER_set(X509_get_serialNumber(x509), 7);
  name(X509_get_subject_name(x509), recipe.subject);
  name(X509_get_issuer_name(x509), recipe.issuer);
  ASN1_TIME* before = time_of(recipe.not_before);
  ASN1_TIME* after = time_of(recipe.not_after);
  X509_set1_notBefore(x509, before);
  X509_set1_notAfter(x509, after);
  ASN1_TIME_free(before);
  ASN1_TIME_free(after);
  X509_set_pubkey(x509, key);
  if (!recipe.names.empty()) {
    X509_EXTENSION* extension =
        X509V3_EXT_conf_nid(nullptr, nullptr, NID_subject_alt_name, recipe.names.c_str());
    REQUIRE(X509_add_ext(x509, extension, -1) == 1);
    X509_EXTENSION_free(extension);
  }
  REQUIRE(X509_sign(x509, signer, digest) > 0);
  unsigned char* der = nullptr;
  const int size = i2d_X509(x509, &der);
  REQUIRE(size > 0);
  std::string octets(reinterpret_cast<const char*>(der), static_cast<size_t>(size));
  OPENSSL_free(der);
  return octets;
}

Key curve() {
  return Key(EVP_EC_gen("P-256"));
}

}  // namespace

TEST_CASE("self-signed is what its own key verifies", "[certificate]") {
  const Key key = curve(), other = curve();
  const auto own = inspect::read_certificate(as_bytes(made(key.get(), key.get(), {})));
  CHECK(own.self_issued);
  CHECK(own.self_signed);
  CHECK(own.key_type == "EC");

  // An authority that bears the name of its only certificate.
  const auto namesake = inspect::read_certificate(as_bytes(made(key.get(), other.get(), {})));
  CHECK(namesake.self_issued);
  CHECK_FALSE(namesake.self_signed);

  const auto ordinary = inspect::read_certificate(
      as_bytes(made(key.get(), other.get(), {.issuer = "Exwire Test CA"})));
  CHECK_FALSE(ordinary.self_issued);
  CHECK_FALSE(ordinary.self_signed);

  std::string damaged = made(key.get(), key.get(), {});
  damaged.back() = static_cast<char>(damaged.back() ^ 1);
  CHECK_FALSE(inspect::read_certificate(as_bytes(damaged)).self_signed);
}

TEST_CASE("self-signed with RSA, and by old digests", "[certificate]") {
  const Key key(EVP_RSA_gen(1024));
  for (const EVP_MD* digest : {EVP_sha256(), EVP_sha1(), EVP_md5()}) {
    const auto read = inspect::read_certificate(as_bytes(made(key.get(), key.get(), {}, digest)));
    CHECK(read.self_signed);
    CHECK(read.key_bits == 1024);
  }
}

TEST_CASE("certificates of the same end are told apart", "[certificate]") {
  const Key key = curve();
  const std::string one = made(key.get(), key.get(), {});
  std::string other = one;
  other[one.size() / 2] = static_cast<char>(other[one.size() / 2] ^ 1);
  inspect::Certificates cache;
  for (int turn = 0; turn < 3; ++turn) {
    for (const std::string& der : {one, other}) {
      const inspect::Certificate* kept = cache.find(cache.read_one(as_bytes(der), {}));
      REQUIRE(kept != nullptr);
      CHECK(kept->fingerprint == inspect::read_certificate(as_bytes(der)).fingerprint);
    }
  }
}

TEST_CASE("of a certificate's names some are kept, and it is said when some are not",
          "[certificate]") {
  const Key key = curve();
  const auto read = [&](size_t count, size_t octets) {
    std::string names = "DNS:first.example";
    for (size_t at = 1; at < count; ++at) names += ",DNS:" + std::string(octets, 'n');
    return inspect::read_certificate(as_bytes(made(key.get(), key.get(), {.names = names})));
  };
  const size_t most = inspect::Certificates::kMostNames;
  CHECK(read(most, 20).names.size() == most);
  CHECK_FALSE(read(most, 20).names_left_out);
  CHECK(read(most + 1, 20).names.size() == most);
  CHECK(read(most + 1, 20).names_left_out);
  const auto large = read(100, 400);
  size_t octets = 0;
  for (const std::string& name : large.names) octets += name.size();
  CHECK(octets <= inspect::Certificates::kMostNameOctets + 512);
  CHECK(large.names.front() == "first.example");
  CHECK(large.names_left_out);
}

TEST_CASE("validity that cannot be read is absent, not long ago", "[certificate]") {
  const Key key = curve();
  const auto read =
      inspect::read_certificate(as_bytes(made(key.get(), key.get(), {.not_after = "soon"})));
  REQUIRE(read.readable);
  CHECK(read.not_before_s == 1704067200);
  CHECK(read.not_after_s == inspect::kNoTime);
  const auto empty =
      inspect::read_certificate(as_bytes(made(key.get(), key.get(), {.not_before = ""})));
  CHECK(empty.not_before_s == inspect::kNoTime);
  const auto epoch = inspect::read_certificate(
      as_bytes(made(key.get(), key.get(), {.not_before = "19700101000000Z"})));
  CHECK(epoch.not_before_s == 0);
}
