// SPDX-License-Identifier: BSD-3-Clause
// What the readers of options share while a rule is put together.
#pragma once

#include <algorithm>
#include <optional>

#include "sensor/detect/rules/glossary.hpp"
#include "sensor/detect/rules/rule_text.hpp"

namespace exwire::detect::rules {

struct Building {
  Rule& rule;
  const Glossary& glossary;
  Buffer sticky = Buffer::payload;  ///< what contents from here on look into
  std::optional<bool> to_client{};
  bool severity_given = false;
  std::vector<std::string> variables{};  ///< names that byte_extract gave

  /// The content that modifiers behind it speak of, whatever else stands between them. Throws
  /// RuleError when there is none.
  Check& last_content() {
    const auto last = std::find_if(rule.checks.rbegin(), rule.checks.rend(), [](const Check& one) {
      return one.kind == Check::Kind::content;
    });
    if (last == rule.checks.rend()) throw RuleError("a modifier needs a content before it");
    return *last;
  }

  /// Where a test looks that names no buffer itself. In the old form the buffer of a content is
  /// named behind it, and what is relative to the content follows it there.
  Buffer buffer_of_next(bool relative) const noexcept {
    const bool follows = relative && sticky == Buffer::payload && !rule.checks.empty();
    return follows ? rule.checks.back().buffer : sticky;
  }

  /// kNoVariable when no byte_extract before has given this name.
  int8_t variable(std::string_view name) const noexcept {
    const auto found = std::find(variables.begin(), variables.end(), name);
    return found == variables.end() ? kNoVariable : static_cast<int8_t>(found - variables.begin());
  }
  /// Throws RuleError.
  int8_t add_variable(const std::string& name) {
    if (variables.size() == kMostVariables) throw RuleError("too many variables");
    variables.push_back(name);
    return static_cast<int8_t>(variables.size() - 1);
  }
  /// A number goes to `number`, the name of a variable to `from`. Throws RuleError.
  void number_or_variable(std::string_view text, int64_t least, int64_t most, int32_t& number,
                          int8_t& from) const {
    from = variable(text);
    if (from == kNoVariable) number = static_cast<int32_t>(whole_number(text, least, most));
  }
};

using ReadOption = void (*)(Building&, const Option&);

struct Keyword {
  std::string_view name;
  ReadOption read;
};

/// Options that look into buffers, those that compare numbers, and all others; sorted into one
/// table by the parser.
std::vector<Keyword> buffer_keywords();
std::vector<Keyword> number_keywords();
std::vector<Keyword> byte_keywords();
std::vector<Keyword> packet_keywords();
std::vector<Keyword> other_keywords();
bool is_keyword(std::string_view name);
/// The name by which flows are known: http1 is http, ssl is tls.
std::string_view application_of(std::string_view name) noexcept;

/// "10", "<10", ">10", "<=10", ">=10", "10<>20" (both ends excluded), "10-20". Throws RuleError.
NumberCheck::Span read_span(std::string_view text);

/// "count 5, seconds 60" as pairs, and the rate they make. Throw RuleError.
using Setting = std::pair<std::string, std::string>;
std::vector<Setting> read_settings(std::string_view text);
Rate read_rate(const std::vector<Setting>& settings, Rate::Kind kind);

}  // namespace exwire::detect::rules
