// SPDX-License-Identifier: BSD-3-Clause
// Numbers and base64 in the octets a rule looks at (Suricata's byte_test, byte_jump, byte_extract
// and base64_decode; RFC 4648 4).
#pragma once

#include <array>
#include <optional>
#include <span>
#include <string_view>

#include "sensor/detect/rules/rule.hpp"

namespace exwire::detect::rules {

using Values = std::array<int64_t, kMostVariables>;

struct Extracted {
  uint64_t value;
  size_t octets;  ///< it stood in; of digits, those that were read
};

/// The number at `at`; nothing when it does not lie within the text or has no digit.
std::optional<Extracted> extract(std::string_view text, int64_t at,
                                 const ByteField& field) noexcept;
/// byte_test without its negation.
bool compares(const ByteField& field, uint64_t value, const Values& values) noexcept;
/// Where byte_jump puts the cursor; nothing when that is not within the text.
std::optional<size_t> jump(std::string_view text, int64_t at, const ByteField& field) noexcept;
/// The value byte_extract keeps.
int64_t scaled(const ByteField& field, uint64_t value) noexcept;

/// What was decoded: up to the first octet that is none of the alphabet's, and as much as has room.
std::string_view decode_base64(std::string_view text, std::span<char> room) noexcept;

}  // namespace exwire::detect::rules
