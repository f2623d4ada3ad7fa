// SPDX-License-Identifier: BSD-3-Clause
// The options about signatures, by the names they have in Suricata's configuration.
#include "sensor/app/option_makers.hpp"

#include "sensor/detect/rules/rule_text.hpp"

namespace exwire::app {
namespace {

using detect::rules::Glossary;
using Groups = std::map<std::string, std::string, std::less<>>;

/// A map from names of variables to what they stand for; `check` throws RuleError.
template <class Check>
Option groups(const char* key, const char* meaning, Groups Glossary::*member, Check check) {
  Option option{key, "{}", meaning,
                [=](Config& config, const Words& words) -> Complaint {
                  Glossary& glossary = config.rules.glossary;
                  Groups read;
                  for (const std::string& word : words) {
                    const size_t equals = word.find('=');
                    read[word.substr(0, equals)] = word.substr(equals + 1);
                  }
                  (glossary.*member).swap(read);
                  for (const auto& [name, value] : glossary.*member) {
                    try {
                      check(value, glossary);
                    } catch (const detect::rules::RuleError& error) {
                      return name + ": " + error.what();
                    }
                  }
                  return {};
                },
                [=](const Config& config) {
                  std::string text = "{";
                  for (const auto& [name, value] : config.rules.glossary.*member) {
                    if (text.size() > 1) text += ", ";
                    text.append(name).append(": \"").append(value) += '"';
                  }
                  return text + "}";
                }};
  option.map = true;
  return option;
}

Option address_groups() {
  return groups("vars.address-groups",
                "Variables of rules for addresses, e.g. {HOME_NET: \"[10.0.0.0/8]\", EXTERNAL_NET: "
                "\"!$HOME_NET\"}. One that is not defined stands for every address.",
                &Glossary::address_groups, detect::rules::read_addresses);
}

Option port_groups() {
  return groups("vars.port-groups",
                "The same for ports, e.g. {HTTP_PORTS: \"[80,81]\"}; otherwise every port.",
                &Glossary::port_groups, detect::rules::read_ports);
}

constexpr size_t kLongestPath = 4095;

Option path(const char* key, const char* meaning, std::string RuleSources::*member) {
  return text(key, meaning, at(&Config::rules, member), kLongestPath);
}

}  // namespace

std::vector<Option> rule_options() {
  return {
      address_groups(),
      port_groups(),
      path("default-rule-path", "Folder of rule-files that name none.", &RuleSources::path),
      texts("rule-files", "Files of signatures besides our own; * and ? stand for parts of names.",
            at(&Config::rules, &RuleSources::files)),
      path("rule-cache",
           "Folder that keeps what many rules are compiled to; empty: exwire/ in the user's cache "
           "folder, off: none.",
           &RuleSources::cache),
      path("classification-file",
           "Suricata's classification.config: classes with their text and priority, besides the "
           "usual ones.",
           &RuleSources::classification_file),
      path("reference-config-file",
           "Suricata's reference.config: what stands before references of each kind.",
           &RuleSources::reference_file),
      path("threshold-file",
           "Suricata's threshold.config: rules that are suppressed, for some addresses or "
           "altogether, and rates of others.",
           &RuleSources::threshold_file),
  };
}

}  // namespace exwire::app
