// SPDX-License-Identifier: BSD-3-Clause
// Sixteen octets, a few bits for each value: what a sleeping flow remembers of its dissector.
#pragma once

#include <array>
#include <cstdint>
#include <cstring>

namespace exwire::http1 {

class ParkedWriter {
 public:
  /// At most 32 bits of a value, 128 in all; more are dropped.
  void put(uint64_t value, unsigned bits) noexcept {
    const unsigned word = at_ / 64, shift = at_ % 64;
    at_ += bits;
    if (at_ > 128) return;
    value &= (uint64_t{1} << bits) - 1;
    words_[word] |= value << shift;
    if (shift + bits > 64) words_[word + 1] |= value >> (64 - shift);
  }
  void write(uint8_t octets[16]) const noexcept {
    std::memcpy(octets, words_.data(), sizeof words_);
  }

 private:
  std::array<uint64_t, 2> words_{};
  unsigned at_ = 0;
};

class ParkedReader {
 public:
  explicit ParkedReader(const uint8_t octets[16]) noexcept {
    std::memcpy(words_.data(), octets, sizeof words_);
  }
  uint32_t take(unsigned bits) noexcept {
    const unsigned word = at_ / 64, shift = at_ % 64;
    at_ += bits;
    if (at_ > 128) return 0;
    uint64_t value = words_[word] >> shift;
    if (shift + bits > 64) value |= words_[word + 1] << (64 - shift);
    return static_cast<uint32_t>(value & ((uint64_t{1} << bits) - 1));
  }

 private:
  std::array<uint64_t, 2> words_;
  unsigned at_ = 0;
};

}  // namespace exwire::http1
