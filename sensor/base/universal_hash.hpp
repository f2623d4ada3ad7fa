// SPDX-License-Identifier: BSD-3-Clause
// NH, the universal hash below UMAC and VMAC (RFC 4418 1.1; Krovetz and Dai, 2007, for words of 64
// bits): two words cost one multiplication, a fraction of SipHash. Whoever does not know the key
// cannot name two inputs that share a digest, whatever they are: the chance is 2^-63 for any two.
// It promises no more. Inputs in a row may get digests in a row, so that it is for what is
// compared, in buckets at most, and not for tables that are searched place by place.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include "sensor/base/siphash.hpp"

namespace exwire {

/// Digests of inputs of up to `kWords` words, an even number. Inputs of several lengths must tell
/// theirs in a word of its own place.
template <size_t kWords>
class UniversalHash {
 public:
  using Wide = unsigned __int128;

  explicit UniversalHash(HashKey secret) noexcept {
    for (uint64_t& key : keys_) key = drawn(secret);
    for (Wide* key : {&added_, &low_, &high_}) *key = Wide{drawn(secret)} << 64 | drawn(secret);
  }

  /// What the two words at `place`, an even one, add to the sum of an input.
  Wide pair(size_t place, uint64_t first, uint64_t second) const noexcept {
    return Wide{first + keys_[place]} * (second + keys_[place + 1]);
  }
  /// The digest for such a sum: 64 bits of it, chosen by multiplications with words of the key.
  uint64_t digest(Wide sum) const noexcept {
    const Wide product =
        added_ + low_ * static_cast<uint64_t>(sum) + high_ * static_cast<uint64_t>(sum >> 64);
    return static_cast<uint64_t>(product >> 64);
  }

 private:
  uint64_t drawn(HashKey secret) noexcept {
    SipHash13 hash(secret);
    hash.word(++drawn_);
    return hash.finish();
  }

  static_assert(kWords % 2 == 0);
  std::array<uint64_t, kWords> keys_;
  Wide added_, low_, high_;
  uint64_t drawn_ = 0;
};

}  // namespace exwire
