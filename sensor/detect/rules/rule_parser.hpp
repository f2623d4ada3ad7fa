// SPDX-License-Identifier: BSD-3-Clause
// From a line in Suricata's rule language to a checked rule. What is not known is refused by name:
// a rule that would match less or more than its author meant is worse than one that is missing.
#pragma once

#include <memory>
#include <string_view>
#include <vector>

#include "sensor/detect/rules/glossary.hpp"
#include "sensor/detect/rules/rule_text.hpp"

namespace exwire::detect::rules {

/// Throws RuleError. One rule per line, continuation lines joined already.
std::unique_ptr<Rule> parse_rule(std::string_view line,
                                 const Glossary& glossary = standard_glossary());

/// Every option name that is understood, sorted.
std::vector<std::string_view> known_keywords();

}  // namespace exwire::detect::rules
