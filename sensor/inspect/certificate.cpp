// SPDX-License-Identifier: BSD-3-Clause
#include "sensor/inspect/certificate.hpp"

#include <arpa/inet.h>
#include <fmt/format.h>
#include <openssl/asn1.h>
#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/objects.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include <algorithm>
#include <array>
#include <ctime>
#include <memory>

#include "sensor/base/calendar.hpp"
#include "sensor/base/digest.hpp"
#include "sensor/inspect/certificate_text.hpp"

namespace exwire::inspect {
namespace {

constexpr size_t kLongestName = 1024;

template <auto Free>
struct Freed {
  template <class T>
  void operator()(T* object) const noexcept {
    Free(object);
  }
};
using X509Owner = std::unique_ptr<X509, Freed<X509_free>>;

X509Owner parsed(Bytes der) {
  const unsigned char* at = der.data;
  return X509Owner(d2i_X509(nullptr, &at, static_cast<long>(der.size)));
}

std::string name_of(const X509_NAME* name, std::string* common_name) {
  std::string text;
  const int count = X509_NAME_entry_count(name);
  for (int index = 0; index < count && text.size() < kLongestName; ++index) {
    const X509_NAME_ENTRY* entry = X509_NAME_get_entry(name, index);
    const int kind = OBJ_obj2nid(X509_NAME_ENTRY_get_object(entry));
    const std::string value = text_of(X509_NAME_ENTRY_get_data(entry));
    char dotted[80];
    OBJ_obj2txt(dotted, sizeof dotted, X509_NAME_ENTRY_get_object(entry), 1);
    const char* label = kind == NID_undef ? dotted : OBJ_nid2sn(kind);
    text += fmt::format("{}{}={}", text.empty() ? "" : ", ", label, value);
    if (kind == NID_commonName && common_name != nullptr) *common_name = value;
  }
  return text;
}

int64_t seconds_of(const ASN1_TIME* time) {
  tm parts{};
  if (time == nullptr || ASN1_TIME_to_tm(time, &parts) != 1) return kNoTime;
  return timegm(&parts);
}

std::string serial_of(const X509* certificate) {
  const ASN1_INTEGER* number = X509_get0_serialNumber(certificate);
  const int size = std::min(ASN1_STRING_length(number), 64);
  const unsigned char* octets = ASN1_STRING_get0_data(number);
  std::string text = ASN1_STRING_type(number) == V_ASN1_NEG_INTEGER ? "-" : "";
  for (int at = 0; at < size; ++at) text += fmt::format("{}{:02X}", at == 0 ? "" : ":", octets[at]);
  return text;
}

void read_names(const X509* certificate, Certificate& result) {
  auto* names = static_cast<GENERAL_NAMES*>(
      X509_get_ext_d2i(certificate, NID_subject_alt_name, nullptr, nullptr));
  if (names == nullptr) return;
  size_t octets = 0;
  const int count = sk_GENERAL_NAME_num(names);
  for (int index = 0; index < count; ++index) {
    if (result.names.size() == Certificates::kMostNames || octets > Certificates::kMostNameOctets) {
      result.names_left_out = true;
      break;
    }
    const GENERAL_NAME* name = sk_GENERAL_NAME_value(names, index);
    if (name->type == GEN_DNS) {
      octets += result.names.emplace_back(text_of(name->d.dNSName)).size();
    } else if (name->type == GEN_IPADD) {
      const int size = ASN1_STRING_length(name->d.iPAddress);
      char text[INET6_ADDRSTRLEN];
      if ((size == 4 || size == 16) &&
          inet_ntop(size == 4 ? AF_INET : AF_INET6, ASN1_STRING_get0_data(name->d.iPAddress), text,
                    sizeof text) != nullptr) {
        octets += result.names.emplace_back(text).size();
      }
    }
  }
  GENERAL_NAMES_free(names);
}

// Curves given by explicit parameters are not even looked at: reading them has hung others
// (CVE-2022-0778).
void read_key(X509* certificate, Certificate& result) {
  X509_PUBKEY* key = X509_get_X509_PUBKEY(certificate);
  X509_ALGOR* algorithm = nullptr;
  if (X509_PUBKEY_get0_param(nullptr, nullptr, nullptr, &algorithm, key) != 1) return;
  const ASN1_OBJECT* object = nullptr;
  int parameter_type = V_ASN1_UNDEF;
  X509_ALGOR_get0(&object, &parameter_type, nullptr, algorithm);
  const int kind = OBJ_obj2nid(object);
  const bool curve = kind == NID_X9_62_id_ecPublicKey;
  result.key_type = kind == NID_rsaEncryption ? "RSA"
                    : curve                   ? "EC"
                    : kind == NID_undef       ? ""
                                              : OBJ_nid2sn(kind);
  if (curve && parameter_type != V_ASN1_OBJECT) return;
  if (const EVP_PKEY* read = X509_get0_pubkey(certificate)) result.key_bits = EVP_PKEY_bits(read);
}

// Checking a signature takes longer the larger the key: odd ones that cost milliseconds are not
// checked.
bool is_cheap_to_check(const EVP_PKEY* key, const Certificate& certificate) {
  constexpr int kMostRsaBits = 8192, kMostExponentBits = 32, kMostCurveBits = 521;
  if (certificate.key_type == "EC") return certificate.key_bits <= kMostCurveBits;
  if (certificate.key_type == "ED25519" || certificate.key_type == "ED448") return true;
  if (certificate.key_type != "RSA" || certificate.key_bits > kMostRsaBits) return false;
  BIGNUM* exponent = nullptr;
  if (EVP_PKEY_get_bn_param(key, OSSL_PKEY_PARAM_RSA_E, &exponent) != 1) return false;
  const bool small = BN_num_bits(exponent) <= kMostExponentBits;
  BN_free(exponent);
  return small;
}

void check_own_signature(X509* certificate, Certificate& result) {
  EVP_PKEY* key = result.key_bits == 0 ? nullptr : X509_get0_pubkey(certificate);
  result.unchecked = key == nullptr || !is_cheap_to_check(key, result);
  result.self_signed = !result.unchecked && X509_verify(certificate, key) == 1;
}

std::string fingerprint_of(Bytes der) {
  const DigestOctets digest = sha1(der);
  std::string text;
  for (unsigned at = 0; at < digest.size; ++at) {
    text += fmt::format("{}{:02x}", at == 0 ? "" : ":", digest.octets[at]);
  }
  return text;
}

}  // namespace

Certificate read_certificate(Bytes der, bool check_signature) {
  Certificate result;
  result.fingerprint = fingerprint_of(der);
  if (der.size <= kLargestKept) result.der = der.text();
  X509Owner certificate = parsed(der);
  if (certificate == nullptr) {
    // Its own signature is not that of the octets read now.
    certificate = parsed(as_bytes(with_single_octets(der)));
    check_signature = false;
  }
  if (certificate == nullptr) return result;
  result.readable = true;
  const X509_NAME* subject = X509_get_subject_name(certificate.get());
  const X509_NAME* issuer = X509_get_issuer_name(certificate.get());
  result.subject = name_of(subject, &result.common_name);
  result.issuer = name_of(issuer, nullptr);
  result.self_issued = X509_NAME_cmp(subject, issuer) == 0;
  result.serial = serial_of(certificate.get());
  result.not_before_s = seconds_of(X509_get0_notBefore(certificate.get()));
  result.not_after_s = seconds_of(X509_get0_notAfter(certificate.get()));
  const int signature = X509_get_signature_nid(certificate.get());
  result.signature = signature == NID_undef ? "" : OBJ_nid2ln(signature);
  read_names(certificate.get(), result);
  read_key(certificate.get(), result);
  result.unchecked = result.self_issued && !check_signature;
  if (result.self_issued && check_signature) check_own_signature(certificate.get(), result);
  ERR_clear_error();
  return result;
}

Certificates::Certificates(HashKey secret) : secret_(secret) {
  kept_.reserve(kMost);
  keys_.reserve(kMost);
  by_hash_.reserve(kMost);
}

bool Certificates::may_check(Timestamp now) noexcept {
  const int64_t second = now.ns / kNanosPerSecond;
  if (second != second_) checks_ = 0;
  second_ = second;
  return checks_ < kMostChecks;
}

Certificates::Kept Certificates::read(Bytes message, uint16_t& chain_length, Timestamp now) {
  constexpr uint16_t kMostInChain = 1000;
  Cursor cursor(message);
  Cursor list(cursor.rest().from(3).first(cursor.u24()));
  const Bytes first = list.rest().from(3).first(list.u24());
  if (!list.ok() || first.empty() || first.size > kLargest) return {};
  list.skip(first.size);
  chain_length = 1;
  while (list.left() > 3 && chain_length < kMostInChain) {
    list.skip(list.u24());
    if (!list.ok()) break;
    ++chain_length;
  }
  return read_one(first, now);
}

Certificates::Kept Certificates::read_one(Bytes der, Timestamp now) {
  if (der.empty() || der.size > kLargest) return {};
  Kept& recent = recent_[place_in_recent(der)];
  if (const Certificate* known = find(recent); known != nullptr && known->der == der.text()) {
    return recent;
  }
  recent = look_up(der, now);
  return recent;
}

// Found by the end of its signature, in which two certificates hardly agree; who makes some that do
// pays with the slower way.
size_t Certificates::place_in_recent(Bytes der) noexcept {
  uint64_t end = der.size;
  if (der.size >= sizeof end) std::memcpy(&end, der.end() - sizeof end, sizeof end);
  return end * 0x9e3779b97f4a7c15 >> 32 & (kMostRecent - 1);
}

Certificates::Kept Certificates::look_up(Bytes der, Timestamp now) {
  SipHash13 hash(secret_);
  hash.octets(der.data, der.size);
  const uint64_t key = hash.finish();
  if (const auto known = by_hash_.find(key); known != by_hash_.end()) return {known->second};
  const auto place = static_cast<uint32_t>(count_++ % kMost);
  if (kept_.size() == kMost) {
    by_hash_.erase(keys_[place]);
  } else {
    kept_.emplace_back();
    keys_.emplace_back();
  }
  kept_[place] = read_certificate(der, may_check(now));
  checks_ += kept_[place].self_issued && !kept_[place].unchecked;
  keys_[place] = key;
  by_hash_.emplace(key, count_);
  return {count_};
}

const Certificate* Certificates::find(Kept kept) const noexcept {
  if (kept.number == 0 || count_ - kept.number >= kMost) return nullptr;
  return &kept_[(kept.number - 1) % kMost];
}

std::string date_text(int64_t seconds) {
  std::array<char, kDateOctets> date;
  return put_date(date.data(), seconds) ? std::string(date.data(), date.size()) : std::string();
}

}  // namespace exwire::inspect
