// SPDX-License-Identifier: BSD-3-Clause
// Text of ours that stands in JSON as it is, with nothing to look for: words known when the program
// is compiled, which are checked then, and what was made of digits and letters. What came from the
// network is never one.
#pragma once

#include <algorithm>
#include <string_view>

namespace exwire::report {

/// Printable ASCII but for the quotation mark and the backslash.
constexpr bool stands_for_itself(char octet) noexcept {
  return octet >= ' ' && octet <= '~' && octet != '"' && octet != '\\';
}

class PlainText {
 public:
  template <size_t kSize>
  consteval PlainText(const char (&word)[kSize])  // NOLINT(google-explicit-constructor)
      : text_(word, kSize - 1) {
    if (!std::all_of(text_.begin(), text_.end(), stands_for_itself)) throw "needs escapes";
  }
  /// Of digits, letters and marks that stand for themselves; the caller has made them.
  static constexpr PlainText made(std::string_view text) noexcept { return PlainText(text); }

  constexpr std::string_view view() const noexcept { return text_; }

 private:
  explicit constexpr PlainText(std::string_view text) noexcept : text_(text) {}

  std::string_view text_;
};

}  // namespace exwire::report
