// SPDX-License-Identifier: BSD-3-Clause
// All loaded signatures, and what became of every line that was read.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "sensor/detect/rules/glossary.hpp"
#include "sensor/detect/rules/rule_index.hpp"

namespace exwire::detect::rules {

/// The text of a file; throws SetupError when it cannot be read.
std::string read_text(const std::string& path);

class RuleSet {
 public:
  explicit RuleSet(Glossary glossary = {}) : glossary_(std::move(glossary)) {}
  /// Our own pack, signatures/exwire.rules, which is part of the program.
  void load_own();
  /// A rule that cannot be taken is counted and told in refusals(). Throws SetupError when the file
  /// cannot be read.
  void load_file(const std::string& path);
  /// `name` stands in front of complaints.
  void load_text(std::string_view text, const std::string& name);

  const std::vector<std::shared_ptr<const Rule>>& rules() const noexcept { return rules_; }
  /// Takes over the rules of `other` whose text is the same, where words mean the same.
  void keep_same(const RuleSet& other);
  /// Makes the set ready to be searched; to be called when all is loaded.
  void prepare(const DatabaseCache& cache = {}) {
    index_ = std::make_unique<RuleIndex>(rules_, cache);
  }
  /// Null before prepare().
  const RuleIndex* index() const noexcept { return index_.get(); }
  /// "FILE:LINE: why", one line each.
  const std::vector<std::string>& refusals() const noexcept { return refusals_; }

 private:
  void add(std::string_view line, const std::string& place);

  Glossary glossary_;
  std::vector<std::shared_ptr<const Rule>> rules_;
  std::unique_ptr<RuleIndex> index_;
  std::vector<std::string> refusals_;
  std::map<std::pair<uint32_t, uint32_t>, size_t> known_;  ///< group and sid, and where it stands
};

/// The set in force. It is replaced between two packets, by the thread that runs the matchers.
/// Findings that are being counted point at rules: those of former sets that were ever told stay,
/// and a rule whose text did not change stays the same, with all that was counted for it.
class ActiveRules {
 public:
  explicit ActiveRules(RuleSet first);
  const RuleSet& set() const noexcept { return set_; }
  /// Some rule looks at bodies; the place stays the same.
  const bool& bodies_wanted() const noexcept { return bodies_wanted_; }
  /// Likewise at heads as they stand on the wire.
  const bool& heads_wanted() const noexcept { return heads_wanted_; }
  /// Some rule looks at segments.
  bool payloads_wanted() const noexcept { return payloads_wanted_; }
  /// Changes with every replacement.
  uint64_t version() const noexcept { return version_; }
  /// Takes over `next`, which has kept what is the same and is prepared.
  void replace(RuleSet next);

 private:
  void look();

  RuleSet set_;
  std::vector<std::shared_ptr<const Rule>> former_;
  uint64_t version_ = 1;
  bool bodies_wanted_ = false, heads_wanted_ = false, payloads_wanted_ = false;
};

}  // namespace exwire::detect::rules
