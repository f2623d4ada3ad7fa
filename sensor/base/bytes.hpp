// SPDX-License-Identifier: BSD-3-Clause
// Cursor: the only way wire octets are read. A read past the end makes the cursor fail and every
// later read answers zero or an empty view, so a parser checks once, at its end (the rule of
// "check once" that smoltcp and mercury follow). Multi-octet reads are network order.
#pragma once

#include <array>
#include <cstring>
#include <string_view>

#include "dissectors/api.hpp"

namespace exwire {

class Cursor {
 public:
  explicit constexpr Cursor(Bytes input) noexcept : input_(input) {}

  constexpr bool ok() const noexcept { return ok_; }
  constexpr uint32_t left() const noexcept { return input_.size - at_; }
  constexpr uint32_t offset() const noexcept { return at_; }
  constexpr Bytes rest() const noexcept { return input_.from(at_); }

  constexpr uint8_t u8() noexcept { return static_cast<uint8_t>(number<1>()); }
  constexpr uint16_t u16() noexcept { return static_cast<uint16_t>(number<2>()); }
  constexpr uint32_t u24() noexcept { return static_cast<uint32_t>(number<3>()); }
  constexpr uint32_t u32() noexcept { return static_cast<uint32_t>(number<4>()); }
  constexpr uint64_t u64() noexcept { return number<8>(); }

  constexpr Bytes take(uint32_t count) noexcept {
    if (!reserve(count)) return {};
    const Bytes taken{input_.data + at_, count};
    at_ += count;
    return taken;
  }
  constexpr void skip(uint32_t count) noexcept {
    if (reserve(count)) at_ += count;
  }
  /// Consumes `expected` if it comes next; otherwise nothing moves and nothing fails.
  bool literal(std::string_view expected) noexcept {
    if (!ok_ || left() < expected.size() ||
        std::memcmp(input_.data + at_, expected.data(), expected.size()) != 0) {
      return false;
    }
    at_ += static_cast<uint32_t>(expected.size());
    return true;
  }

 private:
  constexpr bool reserve(uint32_t count) noexcept {
    if (ok_ && count <= left()) return true;
    ok_ = false;
    at_ = input_.size;
    return false;
  }
  template <uint32_t Count>
  constexpr uint64_t number() noexcept {
    if (!reserve(Count)) return 0;
    uint64_t value = 0;
    for (uint32_t index = 0; index < Count; ++index)
      value = (value << 8) | input_.data[at_ + index];
    at_ += Count;
    return value;
  }

  Bytes input_;
  uint32_t at_ = 0;
  bool ok_ = true;
};

/// A set of octets, and where they stand in a text: one look into a table for each octet, where
/// std::string_view::find_first_of calls a function for each.
class OctetSet {
 public:
  explicit constexpr OctetSet(std::string_view members) noexcept {
    for (const char octet : members) add(octet);
  }
  constexpr void add(char octet) noexcept { member_[static_cast<uint8_t>(octet)] = true; }
  constexpr bool has(char octet) const noexcept { return member_[static_cast<uint8_t>(octet)]; }
  /// As find_first_of: npos when there is none.
  constexpr size_t find_in(std::string_view text, size_t from = 0) const noexcept {
    while (from < text.size() && !has(text[from])) ++from;
    return from < text.size() ? from : std::string_view::npos;
  }
  /// As find_last_of.
  constexpr size_t find_last_in(std::string_view text) const noexcept {
    size_t behind = text.size();
    while (behind > 0 && !has(text[behind - 1])) --behind;
    return behind - 1;  // npos for 0
  }

 private:
  std::array<bool, 256> member_{};
};

/// ASCII letters in lower case, whatever the locale.
constexpr char lower(char letter) noexcept {
  return letter >= 'A' && letter <= 'Z' ? static_cast<char>(letter + 32) : letter;
}
/// The same for eight octets at once: those from A to Z carry into their high bits.
constexpr uint64_t lower_of_eight(uint64_t octets) noexcept {
  constexpr uint64_t kEach = 0x0101010101010101;
  const uint64_t low = octets & kEach * 0x7f;
  const uint64_t from_a = low + kEach * (0x80 - 'A'), behind_z = low + kEach * (0x7f - 'Z');
  return octets | (from_a & ~behind_z & ~octets & kEach * 0x80) >> 2;
}
inline bool equal_ignoring_case(std::string_view text, std::string_view lower_case) noexcept {
  if (text.size() != lower_case.size()) return false;
  const auto eight_equal = [&](size_t at) {
    uint64_t octets, wanted;
    std::memcpy(&octets, text.data() + at, sizeof octets);
    std::memcpy(&wanted, lower_case.data() + at, sizeof wanted);
    return lower_of_eight(octets) == wanted;
  };
  constexpr size_t kStep = sizeof(uint64_t);
  size_t at = 0;
  if (text.size() < kStep) {
    while (at < text.size() && lower(text[at]) == lower_case[at]) ++at;
    return at == text.size();
  }
  for (; at + kStep < text.size(); at += kStep) {
    if (!eight_equal(at)) return false;
  }
  return eight_equal(text.size() - kStep);  // the last ones may be looked at twice
}
inline bool starts_ignoring_case(std::string_view text, std::string_view lower_case) noexcept {
  return equal_ignoring_case(text.substr(0, lower_case.size()), lower_case);
}

/// Loads for octets already proven to be there; network and little-endian order.
inline uint16_t load_be16(const uint8_t* at) noexcept {
  uint16_t value;
  std::memcpy(&value, at, sizeof value);
  return __builtin_bswap16(value);
}
inline uint32_t load_be32(const uint8_t* at) noexcept {
  uint32_t value;
  std::memcpy(&value, at, sizeof value);
  return __builtin_bswap32(value);
}
inline uint64_t load_be64(const uint8_t* at) noexcept {
  uint64_t value;
  std::memcpy(&value, at, sizeof value);
  return __builtin_bswap64(value);
}

}  // namespace exwire
