// SPDX-License-Identifier: BSD-3-Clause
#include "sensor/base/digest.hpp"

#include <openssl/evp.h>

#include <algorithm>

namespace exwire {
namespace {

class Digester {
 public:
  explicit Digester(const char* method)
      : method_(EVP_MD_fetch(nullptr, method, nullptr)), context_(EVP_MD_CTX_new()) {}
  ~Digester() {
    EVP_MD_CTX_free(context_);
    EVP_MD_free(method_);
  }
  Digester(const Digester&) = delete;
  Digester& operator=(const Digester&) = delete;

  DigestOctets operator()(Bytes octets) {
    DigestOctets digest;
    if (method_ == nullptr || context_ == nullptr ||
        EVP_MD_get_size(method_) > static_cast<int>(digest.octets.size()) ||
        EVP_DigestInit_ex2(context_, method_, nullptr) != 1 ||
        EVP_DigestUpdate(context_, octets.data, octets.size) != 1 ||
        EVP_DigestFinal_ex(context_, digest.octets.data(), &digest.size) != 1) {
      digest.size = 0;
    }
    return digest;
  }

 private:
  EVP_MD* method_;
  EVP_MD_CTX* context_;
};

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
  thread_local Digester digester("MD5");
  return digester(octets);
}

DigestOctets sha1(Bytes octets) {
  thread_local Digester digester("SHA1");
  return digester(octets);
}

DigestOctets sha256(Bytes octets) {
  thread_local Digester digester("SHA256");
  return digester(octets);
}

}  // namespace exwire
