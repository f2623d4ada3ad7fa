// SPDX-License-Identifier: BSD-3-Clause
// MD5, SHA-1 and SHA-256 of short texts, many a second. OpenSSL looks a method that is named by
// EVP_md5() up anew, under a lock, for each digest: here each thread fetches it once.
#pragma once

#include <array>
#include <cstdint>
#include <string>

#include "sensor/base/bytes.hpp"

namespace exwire {

struct DigestOctets {
  std::array<uint8_t, 32> octets{};
  uint32_t size = 0;  ///< 0: the method is not to be had

  /// Lower case; at most `digits` of them.
  std::string hex(size_t digits = 64) const;
};

DigestOctets md5(Bytes octets);
DigestOctets sha1(Bytes octets);
DigestOctets sha256(Bytes octets);

}  // namespace exwire
