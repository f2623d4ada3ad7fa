// SPDX-License-Identifier: BSD-3-Clause
// What words in rules mean at this site: variables of heads (Suricata's vars), classes
// (classification.config), kinds of references (reference.config), and what the site changes about
// rules that it does not write itself (threshold.config).
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "sensor/detect/rules/rule.hpp"

namespace exwire::detect::rules {

struct Class {
  std::string category;
  uint8_t severity = 3;
};

/// A line of threshold.config: whom it speaks of, and what of the two it brings.
struct Adjustment {
  uint32_t group = 0, sid = 0;  ///< 0: all
  std::vector<Suppression> suppressions;
  Rate rate;
  bool concerns(const Rule& rule) const noexcept {
    return (group == 0 || group == rule.group) && (sid == 0 || sid == rule.sid);
  }
};

class Glossary {
 public:
  /// With Suricata's classes and the usual references, and no variable.
  Glossary();

  std::map<std::string, std::string, std::less<>> address_groups, port_groups;
  std::map<std::string, Class, std::less<>> classes;
  std::map<std::string, std::string, std::less<>> references;  ///< what stands before them
  std::vector<Adjustment> adjustments;

  /// The files of Suricata, by their text; `name` stands before complaints. Throw SetupError.
  void read_classes(std::string_view text, const std::string& name);
  void read_references(std::string_view text, const std::string& name);
  void read_thresholds(std::string_view text, const std::string& name);
  /// Gives the rule what lines of threshold.config say about it.
  void adjust(Rule& rule) const;
  /// Rules read by the other would be the same.
  bool same_as(const Glossary& other) const noexcept {
    return address_groups == other.address_groups && port_groups == other.port_groups &&
           text_ == other.text_;
  }

 private:
  std::string text_;  ///< of the files
};

/// The one nobody has changed.
const Glossary& standard_glossary();

/// The head's addresses and ports; variables that nobody has defined stand for all. Throw
/// RuleError.
AddressSet read_addresses(std::string_view text, const Glossary& glossary);
PortSet read_ports(std::string_view text, const Glossary& glossary);

}  // namespace exwire::detect::rules
