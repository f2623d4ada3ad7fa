// SPDX-License-Identifier: BSD-3-Clause
#include "sensor/detect/rules/rule_set.hpp"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <unordered_map>
#include <unordered_set>

#include "sensor/base/result.hpp"
#include "sensor/detect/rules/head_inputs.hpp"
#include "sensor/detect/rules/rule_parser.hpp"

namespace exwire::detect::rules {
namespace {

constexpr std::string_view kOwnPack =
#include "exwire_rules.inc"
    ;

}  // namespace

void RuleSet::load_own() {
  load_text(kOwnPack, "exwire.rules");
}

std::string read_text(const std::string& path) {
  std::error_code error;
  if (std::filesystem::is_directory(path, error)) throw SetupError(path + ": is a folder");
  std::ifstream file(path, std::ios::binary);
  if (!file.is_open()) throw SetupError(path + ": " + std::strerror(errno));
  return {std::istreambuf_iterator<char>(file), {}};
}

void RuleSet::load_file(const std::string& path) {
  load_text(read_text(path), path);
}

void RuleSet::load_text(std::string_view text, const std::string& name) {
  std::string line;
  size_t number = 0, first = 0;
  for (size_t at = 0; at < text.size();) {
    const size_t end = std::min(text.find('\n', at), text.size());
    std::string_view part = text.substr(at, end - at);
    at = end + 1;
    ++number;
    if (line.empty()) first = number;
    part = trimmed(part);
    if (part.ends_with('\\')) {  // goes on in the next line
      line += part.substr(0, part.size() - 1);
      if (at < text.size()) continue;
    } else {
      line += part;
    }
    if (!line.empty() && line[0] != '#') add(line, name + ":" + std::to_string(first));
    line.clear();
  }
}

void RuleSet::add(std::string_view line, const std::string& place) {
  try {
    std::unique_ptr<Rule> rule = parse_rule(line, glossary_);
    rule->text = line;
    glossary_.adjust(*rule);
    const auto [known, fresh] = known_.try_emplace({rule->group, rule->sid}, rules_.size());
    const std::string sid = "sid " + std::to_string(rule->sid);
    if (!fresh && rule->revision <= rules_[known->second]->revision) {
      throw RuleError(sid + " was there before");
    }
    if (fresh) {
      rules_.push_back(std::move(rule));
    } else {  // of two revisions the later one counts, wherever it stands
      rules_[known->second] = std::move(rule);
      refusals_.push_back(place + ": rule skipped: the earlier revision of " + sid);
    }
  } catch (const RuleError& error) {
    refusals_.push_back(place + ": rule skipped: " + error.what());
  }
}

void RuleSet::keep_same(const RuleSet& other) {
  if (!glossary_.same_as(other.glossary_)) return;
  std::unordered_map<std::string_view, const std::shared_ptr<const Rule>*> known;
  for (const auto& rule : other.rules_) known.emplace(rule->text, &rule);
  for (auto& rule : rules_) {
    const auto same = known.find(rule->text);
    if (same != known.end()) rule = *same->second;
  }
}

ActiveRules::ActiveRules(RuleSet first) : set_(std::move(first)) {
  look();
}

void ActiveRules::look() {
  if (set_.index() == nullptr) set_.prepare();
  const auto uses = [&](Buffer buffer) {
    return set_.index()->used().test(static_cast<size_t>(buffer));
  };
  bodies_wanted_ = uses(Buffer::http_request_body) || uses(Buffer::http_response_body);
  payloads_wanted_ = !set_.index()->at(Moment::payload).places.empty();
  heads_wanted_ = false;
  for (const Moment moment :
       {Moment::request, Moment::response, Moment::request_body, Moment::response_body}) {
    heads_wanted_ |= HeadInputs::wanted(set_.index()->at(moment).used);
  }
}

void ActiveRules::replace(RuleSet next) {
  std::unordered_set<const Rule*> kept;
  for (const auto& rule : next.rules()) kept.insert(rule.get());
  for (const auto& rule : set_.rules()) {
    if (rule->told && !kept.contains(rule.get())) former_.push_back(rule);
  }
  set_ = std::move(next);
  look();
  ++version_;
}

}  // namespace exwire::detect::rules
