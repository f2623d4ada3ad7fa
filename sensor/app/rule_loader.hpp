// SPDX-License-Identifier: BSD-3-Clause
// Loads the signatures the command line names, and again when somebody asks for it (SIGUSR2): new
// ones are compiled beside the old ones while packets go on, and take their place between two
// packets. What cannot be loaded leaves the old ones active.
#pragma once

#include <chrono>
#include <future>
#include <string>
#include <variant>

#include "sensor/app/command_line.hpp"
#include "sensor/app/rule_sources.hpp"
#include "sensor/detect/rules/rule_set.hpp"

namespace exwire::app {

class RuleLoader {
 public:
  /// Loads at once; throws SetupError when a file cannot be read. Both must outlive it.
  RuleLoader(const CommandLine& command_line, const RuleSources& sources);

  /// False when --strict was given and a rule was skipped.
  bool acceptable() const noexcept { return acceptable(rules_.set()); }
  const detect::rules::ActiveRules& active() const noexcept { return rules_; }

  void begin_reload();
  /// To be called between packets; takes the new rules over when they are ready.
  void finish_reload();

 private:
  /// The rules, or why there are none.
  using Outcome = std::variant<detect::rules::RuleSet, std::string>;

  bool acceptable(const detect::rules::RuleSet& set) const noexcept {
    return set.refusals().empty() || !command_line_.strict;
  }

  const CommandLine& command_line_;
  const RuleSources& sources_;
  detect::rules::ActiveRules rules_;
  std::future<Outcome> coming_;
  std::chrono::steady_clock::time_point began_;
  bool again_ = false;  ///< asked for while a reload was under way
};

}  // namespace exwire::app
