// SPDX-License-Identifier: BSD-3-Clause
#include "sensor/app/summary.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <vector>

namespace exwire::app {
namespace {

constexpr size_t kShownRows = 40;
constexpr size_t kLongest = 60;

// Control octets and everything above ASCII become dots: nothing from the wire may steer a
// terminal.
std::string harmless(std::string_view text) {
  std::string result(text.substr(0, kLongest));
  for (char& letter : result) {
    if (letter < 0x20 || letter > 0x7e) letter = '.';
  }
  if (text.size() > kLongest) result += "...";
  return result;
}

std::string details_of(const detect::Facts& facts) {
  std::string text;
  for (uint32_t index = 0; index < facts.size(); ++index) {
    const detect::Facts::Fact fact = facts[index];
    const std::string_view name(fact.name);
    if (name != "endpoint" && name != "user" && name != "auth_scheme" && name != "url_path") {
      continue;
    }
    text += (text.empty() ? "" : ", ") + harmless(fact.text);
  }
  return text;
}

}  // namespace

void Summary::add(const flow::Flow& flow, const detect::Finding& finding) {
  if (rows_.size() >= kMostRows && rows_.find(finding.story) == rows_.end()) {
    ++left_out_;
    return;
  }
  const uint8_t version = flow.key.ip_version;
  rows_[finding.story] = {finding.severity,
                          finding.signature->sid,
                          finding.occurrences,
                          finding.signature->text,
                          fmt::format("{} -> {}:{}", wire::to_text(flow.client(), version),
                                      wire::to_text(flow.server(), version), flow.server_port()),
                          details_of(finding.facts)};
}

std::string Summary::table() const {
  if (rows_.empty()) return {};
  std::vector<const Row*> sorted;
  for (const auto& [story, row] : rows_) sorted.push_back(&row);
  std::sort(sorted.begin(), sorted.end(), [](const Row* a, const Row* b) {
    return std::tie(a->severity, a->sid, a->between, a->details) <
           std::tie(b->severity, b->sid, b->between, b->details);
  });
  std::string text = fmt::format("{:>3} {:>7} {:>6}  {}\n", "sev", "sid", "times", "finding");
  for (size_t index = 0; index < std::min(sorted.size(), kShownRows); ++index) {
    const Row& row = *sorted[index];
    text += fmt::format("{:>3} {:>7} {:>6}  {}\n{:>19}{}  {}\n", row.severity, row.sid,
                        row.occurrences, row.what, "", row.between, row.details);
  }
  const uint64_t more = left_out_ + (sorted.size() > kShownRows ? sorted.size() - kShownRows : 0);
  if (more > 0) text += fmt::format("{:>19}and {} more; all are in the events\n", "", more);
  return text;
}

}  // namespace exwire::app
