// SPDX-License-Identifier: BSD-3-Clause
#include "sensor/app/rule_loader.hpp"

#include <spdlog/spdlog.h>

#include "sensor/base/result.hpp"

namespace exwire::app {
namespace {

using detect::rules::RuleSet;

RuleSet load(const CommandLine& command_line, const RuleSet* former) {
  RuleSet set;
  if (!command_line.only_these_rules) set.load_own();
  for (const std::string& path : command_line.rule_files) set.load_file(path);
  if (former != nullptr) set.keep_same(*former);
  set.prepare();
  return set;
}

void tell(const RuleSet& set) {
  for (const std::string& refusal : set.refusals()) spdlog::warn(refusal);
  spdlog::info("{} rules loaded, {} skipped", set.rules().size(), set.refusals().size());
}

}  // namespace

RuleLoader::RuleLoader(const CommandLine& command_line)
    : command_line_(command_line), rules_(load(command_line, nullptr)) {
  tell(rules_.set());
}

void RuleLoader::begin_reload() {
  if (coming_.valid()) {
    again_ = true;
    return;
  }
  began_ = std::chrono::steady_clock::now();
  coming_ = std::async(std::launch::async, [this]() -> Outcome {
    try {
      // The set in force is not touched before this is over.
      return load(command_line_, &rules_.set());
    } catch (const std::exception& error) {
      return std::string(error.what());
    }
  });
}

void RuleLoader::finish_reload() {
  if (!coming_.valid() || coming_.wait_for(std::chrono::seconds(0)) != std::future_status::ready) {
    return;
  }
  Outcome outcome = coming_.get();
  const std::chrono::duration<double> took = std::chrono::steady_clock::now() - began_;
  if (const auto* why = std::get_if<std::string>(&outcome)) {
    spdlog::error("{}; the old rules stay", *why);
  } else {
    RuleSet& set = std::get<RuleSet>(outcome);
    tell(set);
    if (acceptable(set)) {
      rules_.replace(std::move(set));
      spdlog::info("rules reloaded in {:.2f} s", took.count());
    } else {
      spdlog::error("rules were skipped; the old rules stay");
    }
  }
  if (!again_) return;
  again_ = false;
  begin_reload();
}

}  // namespace exwire::app
