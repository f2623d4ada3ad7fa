// SPDX-License-Identifier: BSD-3-Clause
// Any octets as a file of rules, and behind a NUL as threshold.config: every line becomes a rule or
// a refusal in words, what was taken can be searched for in any text, and the same lines say the
// same again.
#include <algorithm>
#include <cstdlib>

#include "sensor/base/result.hpp"
#include "sensor/detect/rules/rule_set.hpp"
#include "sensor/detect/rules/search.hpp"

using namespace exwire;
using namespace exwire::detect::rules;

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size);

namespace {

void require(bool kept) {
  if (!kept) std::abort();
}

Glossary glossary_of(std::string_view thresholds) {
  Glossary glossary;
  glossary.address_groups = {{"HOME_NET", "[10.0.0.0/8,!10.1.0.0/16]"},
                             {"EXTERNAL_NET", "!$HOME_NET"},
                             {"CIRCLE", "$CIRCLE"}};
  glossary.port_groups = {{"HTTP_PORTS", "[80,8000:8080]"}};
  try {
    glossary.read_thresholds(thresholds, "thresholds");
  } catch (const SetupError&) {  // a file that cannot be read is refused whole
  }
  return glossary;
}

void look(const Rule& rule, std::string_view text) {
  static Search search;
  require(rule.sid != 0 && !rule.message.empty());
  require(std::is_sorted(rule.checks.begin(), rule.checks.end(),
                         [](const Check& a, const Check& b) { return a.buffer < b.buffer; }));
  for (const Check& check : rule.checks) {
    require(check.buffer != Buffer::none && check.buffer != Buffer::file_data);
    require(check.kind != Check::Kind::content || !check.pattern.empty());
    require(check.kind != Check::Kind::regex || check.regex != nullptr);
  }
  Buffers buffers{};
  for (std::string_view& buffer : buffers) buffer = text;
  search.begin();
  const bool found = search.matches(rule, buffers);
  search.begin();
  require(search.matches(rule, buffers) == found);
  rule.source.covers({10, 0, 0, 1}, 4);
  rule.destination_port.covers(443);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const size_t nul = text.find('\0');
  const std::string_view lines = text.substr(0, nul);
  const std::string_view rest = nul == std::string_view::npos ? "" : text.substr(nul + 1);
  const Glossary glossary = glossary_of(rest);
  RuleSet set(glossary), again(glossary);
  set.load_text(lines, "fuzz");
  again.load_text(lines, "fuzz");
  require(set.rules().size() == again.rules().size() && set.refusals() == again.refusals());
  for (const auto& rule : set.rules()) look(*rule, lines);
  again.keep_same(set);
  if (!set.rules().empty()) set.prepare();
  return 0;
}
