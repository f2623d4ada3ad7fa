// SPDX-License-Identifier: BSD-3-Clause
// Numbers in the byte order of the machine that wrote a capture file: its magic tells whether that
// is ours. The caller has proven that the octets are there.
#pragma once

#include <cstdint>
#include <cstring>
#include <span>

namespace exwire::capture {

class ByteOrder {
 public:
  constexpr explicit ByteOrder(bool swapped = false) noexcept : swapped_(swapped) {}

  uint16_t u16(std::span<const uint8_t> octets, size_t at) const noexcept {
    uint16_t value;
    std::memcpy(&value, octets.data() + at, sizeof value);
    return swapped_ ? __builtin_bswap16(value) : value;
  }
  uint32_t u32(std::span<const uint8_t> octets, size_t at) const noexcept {
    uint32_t value;
    std::memcpy(&value, octets.data() + at, sizeof value);
    return swapped_ ? __builtin_bswap32(value) : value;
  }
  uint64_t u64(std::span<const uint8_t> octets, size_t at) const noexcept {
    uint64_t value;
    std::memcpy(&value, octets.data() + at, sizeof value);
    return swapped_ ? __builtin_bswap64(value) : value;
  }

 private:
  bool swapped_;
};

}  // namespace exwire::capture
