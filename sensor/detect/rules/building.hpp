// SPDX-License-Identifier: BSD-3-Clause
// What the readers of options share while a rule is put together.
#pragma once

#include <optional>

#include "sensor/detect/rules/rule.hpp"
#include "sensor/detect/rules/rule_text.hpp"

namespace exwire::detect::rules {

struct Building {
  Rule& rule;
  Buffer sticky = Buffer::none;  ///< what contents from here on look into
  std::optional<bool> to_client{};
  std::string protocol{};  ///< as app-layer-protocol names it
  bool severity_given = false;

  /// The content that modifiers behind it speak of. Throws RuleError when there is none.
  Check& last_content() {
    if (rule.checks.empty() || rule.checks.back().kind != Check::Kind::content) {
      throw RuleError("a modifier needs a content before it");
    }
    return rule.checks.back();
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
std::vector<Keyword> other_keywords();
bool is_keyword(std::string_view name);

/// "10", "<10", ">10", "<=10", ">=10", "10<>20" (both ends excluded), "10-20". Throws RuleError.
NumberCheck::Span read_span(std::string_view text);

/// The head's addresses and ports. Throw RuleError.
AddressSet read_addresses(std::string_view text);
PortSet read_ports(std::string_view text);

}  // namespace exwire::detect::rules
