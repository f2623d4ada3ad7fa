// SPDX-License-Identifier: BSD-3-Clause
// SipHash-1-3 (Aumasson and Bernstein, 2012): the only hash allowed for keys that come from the
// wire. The key is drawn per process for live capture; replay uses a fixed one, because the same
// capture must give the same flow identifiers.
#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>

namespace exwire {

struct HashKey {
  uint64_t first = 0x6578776972652031ULL;  // any constants do for replay
  uint64_t second = 0x7265706c61792031ULL;
};

class SipHash13 {
 public:
  explicit SipHash13(HashKey key) noexcept
      : v0_(key.first ^ 0x736f6d6570736575ULL),
        v1_(key.second ^ 0x646f72616e646f6dULL),
        v2_(key.first ^ 0x6c7967656e657261ULL),
        v3_(key.second ^ 0x7465646279746573ULL) {}

  void word(uint64_t value) noexcept {
    v3_ ^= value;
    round();
    v0_ ^= value;
    ++words_;
  }
  void octets(const void* data, size_t size) noexcept {
    const auto* at = static_cast<const unsigned char*>(data);
    for (; size >= 8; at += 8, size -= 8) {
      uint64_t value;
      std::memcpy(&value, at, 8);
      word(value);
    }
    uint64_t last = static_cast<uint64_t>(size) << 56;
    if (size > 0) std::memcpy(&last, at, size);  // the length keeps "a" and "a\0" apart
    word(last);
  }
  uint64_t finish() noexcept {
    word(words_ << 56);
    v2_ ^= 0xff;
    round();
    round();
    round();
    return v0_ ^ v1_ ^ v2_ ^ v3_;
  }

 private:
  void round() noexcept {
    v0_ += v1_;
    v1_ = std::rotl(v1_, 13) ^ v0_;
    v0_ = std::rotl(v0_, 32);
    v2_ += v3_;
    v3_ = std::rotl(v3_, 16) ^ v2_;
    v0_ += v3_;
    v3_ = std::rotl(v3_, 21) ^ v0_;
    v2_ += v1_;
    v1_ = std::rotl(v1_, 17) ^ v2_;
    v2_ = std::rotl(v2_, 32);
  }

  uint64_t v0_, v1_, v2_, v3_;
  uint64_t words_ = 0;
};

}  // namespace exwire
