// SPDX-License-Identifier: BSD-3-Clause
// MD5, SHA-1 and SHA-256 of short texts, many a second: by OpenSSL's plain functions, for what its
// EVP layer does around a digest costs several times as much as the digest of some ten octets.
#pragma once

#include <array>
#include <cstdint>
#include <string>

#include "sensor/base/bytes.hpp"

namespace exwire {

struct DigestOctets {
  std::array<uint8_t, 32> octets{};
  uint32_t size = 0;

  /// Lower case; at most `digits` of them.
  std::string hex(size_t digits = 64) const;
};

DigestOctets md5(Bytes octets);
DigestOctets sha1(Bytes octets);
DigestOctets sha256(Bytes octets);

}  // namespace exwire
