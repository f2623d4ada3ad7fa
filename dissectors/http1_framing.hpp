// SPDX-License-Identifier: BSD-3-Clause
// How long a message is (RFC 9112 section 6). Collects what Content-Length and Transfer-Encoding
// say, decides as section 6.3 does, and keeps the other reading when there are two: requests are
// smuggled where two servers disagree (reliability facts 2.2).
#pragma once

#include <optional>

#include "dissectors/http1_text.hpp"

namespace exwire::http1 {

/// RFC 9110 8.6: digits only; lists and signs are told as `odd`.
inline std::optional<uint64_t> parse_content_length(std::string_view text, bool& odd) noexcept {
  constexpr size_t kMostDigits = 18;
  std::optional<uint64_t> result;
  odd |= text.find(',') != text.npos;
  while (!text.empty()) {
    std::string_view part = trim(next_part(text, ','));
    while (part.size() > 1 && part[0] == '0') part.remove_prefix(1);  // leading zeros are free
    uint64_t value = 0;
    if (part.empty() || part.size() > kMostDigits) return std::nullopt;
    for (const char digit : part) {
      if (!is_digit(digit)) return std::nullopt;
      value = value * 10 + static_cast<uint64_t>(digit - '0');
    }
    if (result && *result != value) return std::nullopt;
    result = value;
  }
  return result;
}

/// RFC 9112 7.1: hexadecimal digits, then extensions nobody uses.
inline std::optional<uint64_t> parse_chunk_size(std::string_view line) noexcept {
  constexpr size_t kMostDigits = 14;
  line = trim(line.substr(0, line.find(';')));
  if (line.empty()) return std::nullopt;
  uint64_t value = 0;
  size_t digits = 0;
  for (const char digit : line) {
    const char low = lower(digit);
    if (!is_digit(digit) && (low < 'a' || low > 'f')) return std::nullopt;
    const int number = is_digit(digit) ? digit - '0' : low - 'a' + 10;
    if ((value != 0 || number != 0) && ++digits > kMostDigits) return std::nullopt;
    value = value << 4 | static_cast<uint64_t>(number);
  }
  return value;
}

class Framing {
 public:
  static constexpr uint64_t kNone = ~uint64_t{0};

  void content_length(std::string_view value) noexcept {
    const auto length = parse_content_length(value, odd_);
    if (!length || (length_ != kNone && length_ != *length)) odd_ = true;
    if (!length) return;
    if (length_ == kNone) {
      length_ = *length;
    } else if (other_ == kNone && *length != length_) {
      other_ = *length;
    }
  }
  /// RFC 9112 6.1: only when chunked is the last coding does it frame the message.
  void transfer_encoding(std::string_view value) noexcept {
    const size_t comma = value.rfind(',');
    const bool chunked =
        equal_ignoring_case(trim(comma == value.npos ? value : value.substr(comma + 1)), "chunked");
    odd_ |= has_coding_ || !chunked;
    has_coding_ = true;
    chunked_ |= chunked;
  }
  /// Something about the form of the head that parsers are known to differ on.
  void mark_odd() noexcept { odd_ = true; }

  bool chunked() const noexcept { return chunked_; }
  bool has_coding() const noexcept { return has_coding_; }
  bool has_length() const noexcept { return length_ != kNone; }
  uint64_t length() const noexcept { return length_; }
  bool ambiguous() const noexcept { return odd_ || (has_coding_ && has_length()); }
  /// Octets of body after which the other reading sees the next message; kNone without one.
  uint64_t other_end() const noexcept { return chunked_ ? length_ : other_; }

 private:
  uint64_t length_ = kNone, other_ = kNone;
  bool has_coding_ = false, chunked_ = false, odd_ = false;
};

}  // namespace exwire::http1
