// SPDX-License-Identifier: BSD-3-Clause
// OpenSSL 3 calls the plain functions deprecated; they are what its providers call in the end.
#define OPENSSL_SUPPRESS_DEPRECATED
#include "sensor/base/digest.hpp"

#include <openssl/md5.h>
#include <openssl/sha.h>

#include <algorithm>

namespace exwire {
namespace {

// `Start`, `Add` and `End` are OpenSSL's own names: <method>_Init, _Update and _Final.
template <class Context, auto Start, auto Add, auto End, uint32_t Size>
DigestOctets digest_of(Bytes octets) noexcept {
  DigestOctets digest;
  Context context;
  if (Start(&context) == 1 && Add(&context, octets.data, octets.size) == 1 &&
      End(digest.octets.data(), &context) == 1) {
    digest.size = Size;
  }
  return digest;
}

}  // namespace

std::string DigestOctets::hex(size_t digits) const {
  constexpr char kHex[] = "0123456789abcdef";
  std::string text(std::min<size_t>(2 * size_t{size}, digits), '0');
  for (size_t at = 0; at < text.size(); ++at) {
    text[at] = kHex[at % 2 == 0 ? octets[at / 2] >> 4 : octets[at / 2] & 15];
  }
  return text;
}

DigestOctets md5(Bytes octets) {
  return digest_of<MD5_CTX, MD5_Init, MD5_Update, MD5_Final, MD5_DIGEST_LENGTH>(octets);
}

DigestOctets sha1(Bytes octets) {
  return digest_of<SHA_CTX, SHA1_Init, SHA1_Update, SHA1_Final, SHA_DIGEST_LENGTH>(octets);
}

DigestOctets sha256(Bytes octets) {
  return digest_of<SHA256_CTX, SHA256_Init, SHA256_Update, SHA256_Final, SHA256_DIGEST_LENGTH>(
      octets);
}

}  // namespace exwire
