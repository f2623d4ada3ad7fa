// SPDX-License-Identifier: BSD-3-Clause
#include "sensor/app/rule_loader.hpp"

#include <glob.h>
#include <spdlog/spdlog.h>

#include <cstdlib>
#include <filesystem>

#include "sensor/base/result.hpp"

namespace exwire::app {
namespace {

using detect::rules::RuleSet;

// Names with * and ? stand for files in the order of their names; nothing is no answer.
void load_files(RuleSet& set, const std::string& pattern) {
  if (pattern.find_first_of("*?") == std::string::npos) return set.load_file(pattern);
  glob_t found{};
  const int result = glob(pattern.c_str(), 0, nullptr, &found);
  const std::vector<std::string> paths(found.gl_pathv, found.gl_pathv + found.gl_pathc);
  globfree(&found);
  if (result != 0) throw SetupError(pattern + ": no such file");
  for (const std::string& path : paths) set.load_file(path);
}

// Where the user's caches are (XDG Base Directory Specification), unless told otherwise.
detect::rules::DatabaseCache cache_of(const RuleSources& sources) {
  using detect::rules::DatabaseCache;
  if (sources.cache == "off") return DatabaseCache();
  if (!sources.cache.empty()) return DatabaseCache(sources.cache);
  const char* const cache = std::getenv("XDG_CACHE_HOME");
  if (cache != nullptr && cache[0] == '/') return DatabaseCache(std::string(cache) + "/exwire");
  const char* const home = std::getenv("HOME");
  if (home == nullptr || home[0] != '/') return DatabaseCache();
  return DatabaseCache(std::string(home) + "/.cache/exwire");
}

RuleSet load(const CommandLine& command_line, const RuleSources& sources, const RuleSet* former) {
  detect::rules::Glossary glossary = sources.glossary;
  const auto read = [&](const std::string& path, auto take) {
    if (!path.empty()) (glossary.*take)(detect::rules::read_text(path), path);
  };
  using detect::rules::Glossary;
  read(sources.classification_file, &Glossary::read_classes);
  read(sources.reference_file, &Glossary::read_references);
  read(sources.threshold_file, &Glossary::read_thresholds);
  RuleSet set(std::move(glossary));
  if (!command_line.only_these_rules) {
    set.load_own();
    const std::filesystem::path folder(sources.path);
    for (const std::string& file : sources.files) load_files(set, (folder / file).string());
  }
  for (const std::string& path : command_line.rule_files) load_files(set, path);
  if (former != nullptr) set.keep_same(*former);
  set.prepare(cache_of(sources));
  return set;
}

void tell(const RuleSet& set) {
  for (const std::string& refusal : set.refusals()) spdlog::warn(refusal);
  spdlog::info("{} rules loaded, {} skipped", set.rules().size(), set.refusals().size());
}

}  // namespace

RuleLoader::RuleLoader(const CommandLine& command_line, const RuleSources& sources)
    : command_line_(command_line), sources_(sources), rules_(load(command_line, sources, nullptr)) {
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
      return load(command_line_, sources_, &rules_.set());
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
