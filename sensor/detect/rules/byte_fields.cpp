// SPDX-License-Identifier: BSD-3-Clause
#include "sensor/detect/rules/byte_fields.hpp"

#include <algorithm>
#include <charconv>

namespace exwire::detect::rules {
namespace {

int digit_of_base64(char letter) noexcept {
  if (letter >= 'A' && letter <= 'Z') return letter - 'A';
  if (letter >= 'a' && letter <= 'z') return letter - 'a' + 26;
  if (letter >= '0' && letter <= '9') return letter - '0' + 52;
  if (letter == '+') return 62;
  return letter == '/' ? 63 : -1;
}

std::optional<Extracted> from_digits(std::string_view text, const ByteField& field) noexcept {
  const size_t start = std::min(text.find_first_not_of(" \t"), text.size());
  std::string_view digits = text.substr(start);
  size_t before = start;
  if (field.base == 16 && (digits.starts_with("0x") || digits.starts_with("0X"))) {
    digits.remove_prefix(2);
    before += 2;
  }
  uint64_t value = 0;
  const auto [rest, error] =
      std::from_chars(digits.data(), digits.data() + digits.size(), value, field.base);
  if (error != std::errc{}) return std::nullopt;
  return Extracted{value, before + static_cast<size_t>(rest - digits.data())};
}

}  // namespace

std::optional<Extracted> extract(std::string_view text, int64_t at,
                                 const ByteField& field) noexcept {
  const auto size = static_cast<int64_t>(text.size());
  if (at < 0 || at > size - field.octets) return std::nullopt;
  const size_t octets = field.octets == 0 ? kMostDigits : field.octets;
  const std::string_view place = text.substr(static_cast<size_t>(at), octets);
  Extracted result{0, field.octets};
  if (field.base != 0) {
    const auto digits = from_digits(place, field);
    if (!digits) return std::nullopt;
    result = *digits;
  } else {
    for (size_t index = 0; index < place.size(); ++index) {
      const size_t from = field.little_endian ? place.size() - 1 - index : index;
      result.value = result.value << 8U | static_cast<uint8_t>(place[from]);
    }
  }
  if (field.mask != 0) result.value = (result.value & field.mask) >> __builtin_ctzll(field.mask);
  return result;
}

bool compares(const ByteField& field, uint64_t value, const Values& values) noexcept {
  const uint64_t other = field.value_from == kNoVariable
                             ? field.value
                             : static_cast<uint64_t>(values[static_cast<size_t>(field.value_from)]);
  switch (field.test) {
    case ByteField::Test::equal:
      return value == other;
    case ByteField::Test::less:
      return value < other;
    case ByteField::Test::less_or_equal:
      return value <= other;
    case ByteField::Test::greater:
      return value > other;
    case ByteField::Test::greater_or_equal:
      return value >= other;
    case ByteField::Test::both:
      return (value & other) != 0;
    case ByteField::Test::differ:
      return (value ^ other) != 0;
  }
  return false;
}

int64_t scaled(const ByteField& field, uint64_t value) noexcept {
  value *= field.multiplier;
  if (field.align != 0 && value % field.align != 0) value += field.align - value % field.align;
  return static_cast<int64_t>(value);
}

std::optional<size_t> jump(std::string_view text, int64_t at, const ByteField& field) noexcept {
  const auto found = extract(text, at, field);
  const auto size = static_cast<int64_t>(text.size());
  if (!found) return std::nullopt;
  const int64_t far = scaled(field, found->value);
  // What is not of the size of a buffer leads out of every buffer, and would overflow below.
  if (far < 0 || far > INT32_MAX) return std::nullopt;
  int64_t to = far + field.after;
  if (field.from == ByteField::From::here) to += at + static_cast<int64_t>(found->octets);
  if (field.from == ByteField::From::end) to += size;
  if (to >= size) return std::nullopt;
  return static_cast<size_t>(std::max<int64_t>(to, 0));  // before the beginning is the beginning
}

std::string_view decode_base64(std::string_view text, std::span<char> room) noexcept {
  uint32_t bits = 0;
  unsigned held = 0;
  size_t size = 0;
  for (const char letter : text) {
    const int digit = digit_of_base64(letter);
    if (digit < 0 || size == room.size()) break;
    bits = bits << 6U | static_cast<uint32_t>(digit);
    held += 6;
    if (held < 8) continue;
    held -= 8;
    room[size++] = static_cast<char>(bits >> held & 0xff);
  }
  return {room.data(), size};
}

}  // namespace exwire::detect::rules
