// SPDX-License-Identifier: BSD-3-Clause
// Sixteen octets, bit by bit: what a sleeping flow remembers of its dissector.
#pragma once

#include <cstdint>
#include <cstring>

namespace exwire::http1 {

class ParkedWriter {
 public:
  explicit ParkedWriter(uint8_t octets[16]) noexcept : octets_(octets) {
    std::memset(octets, 0, 16);
  }
  void put(uint64_t value, unsigned bits) noexcept {
    for (unsigned bit = 0; bit < bits; ++bit, ++at_) {
      if (at_ < 128 && (value >> bit & 1) != 0) {
        octets_[at_ / 8] = static_cast<uint8_t>(octets_[at_ / 8] | 1U << at_ % 8);
      }
    }
  }

 private:
  uint8_t* octets_;
  unsigned at_ = 0;
};

class ParkedReader {
 public:
  explicit ParkedReader(const uint8_t octets[16]) noexcept : octets_(octets) {}
  uint32_t take(unsigned bits) noexcept {
    uint32_t value = 0;
    for (unsigned bit = 0; bit < bits; ++bit, ++at_) {
      if (at_ < 128) value |= static_cast<uint32_t>(octets_[at_ / 8] >> at_ % 8 & 1) << bit;
    }
    return value;
  }

 private:
  const uint8_t* octets_;
  unsigned at_ = 0;
};

}  // namespace exwire::http1
