// SPDX-License-Identifier: BSD-3-Clause
// OpenSSL 3 calls the plain functions deprecated; they are what its providers call in the end.
#define OPENSSL_SUPPRESS_DEPRECATED
#include "sensor/base/digest.hpp"

#include <openssl/md5.h>
#include <openssl/sha.h>

#include <algorithm>
#include <cstring>

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

// What fits into one block of SHA-1 together with its end is padded in place: what OpenSSL's three
// steps do around that block costs as much as half of it.
constexpr uint32_t kMostInBlock = SHA_CBLOCK - 1 - sizeof(uint64_t);

DigestOctets sha1_of_block(Bytes octets) noexcept {
  std::array<uint8_t, SHA_CBLOCK> block{};
  std::copy_n(octets.begin(), octets.size, block.begin());
  block[octets.size] = 0x80;
  const uint64_t bits = __builtin_bswap64(uint64_t{octets.size} * 8);
  std::memcpy(block.end() - sizeof bits, &bits, sizeof bits);
  DigestOctets digest;
  SHA_CTX context;
  if (SHA1_Init(&context) != 1) return digest;
  SHA1_Transform(&context, block.data());
  digest.size = SHA_DIGEST_LENGTH;
  const std::array state{context.h0, context.h1, context.h2, context.h3, context.h4};
  for (size_t at = 0; at < state.size(); ++at) {
    const uint32_t word = __builtin_bswap32(state[at]);
    std::memcpy(digest.octets.data() + at * sizeof word, &word, sizeof word);
  }
  return digest;
}

}  // namespace

std::string DigestOctets::hex(size_t digits) const {
  static constexpr char kHex[] = "0123456789abcdef";
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
  if (octets.size <= kMostInBlock) return sha1_of_block(octets);
  return digest_of<SHA_CTX, SHA1_Init, SHA1_Update, SHA1_Final, SHA_DIGEST_LENGTH>(octets);
}

DigestOctets sha256(Bytes octets) {
  return digest_of<SHA256_CTX, SHA256_Init, SHA256_Update, SHA256_Final, SHA256_DIGEST_LENGTH>(
      octets);
}

}  // namespace exwire
