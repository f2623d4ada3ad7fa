// SPDX-License-Identifier: BSD-3-Clause
// The outer form of a rule: words of its head, options between parentheses, quoted values with
// their escapes, and the |hexadecimal| parts of contents.
#pragma once

#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

namespace exwire::detect::rules {

/// Why a rule was not taken, in words that fit behind "FILE:LINE: ".
class RuleError : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

struct Option {
  std::string name, value;
  bool negated = false;  ///< content:!"..."
  bool quoted = false;   ///< `value` stood in quotes; escapes are still in it
};

struct RuleText {
  std::vector<std::string> head;  ///< action protocol source port direction destination port
  std::vector<Option> options;
};

/// Throws RuleError.
RuleText split_rule(std::string_view line);
/// Octets of a content: escapes and |hex| resolved. Throws RuleError.
std::string content_octets(std::string_view text);
/// Without backslashes before quotes, semicolons and backslashes.
std::string unescaped(std::string_view text);
/// At top-level commas, blanks trimmed.
std::vector<std::string> split_list(std::string_view text);
std::string_view trimmed(std::string_view text) noexcept;
/// The first word and, trimmed, what stands behind it; both point into `text`.
struct FirstWord {
  std::string_view word, rest;
};
FirstWord first_word(std::string_view text) noexcept;
/// Throws RuleError when it is no whole number in these bounds.
int64_t whole_number(std::string_view text, int64_t least, int64_t most);
/// The same without sign, in any base.
uint64_t digits_to_number(std::string_view text, int base);

}  // namespace exwire::detect::rules
