// SPDX-License-Identifier: BSD-3-Clause
// How often a rule speaks: the words of threshold, detection_filter and threshold.config.
#include <fmt/format.h>

#include "sensor/detect/rules/building.hpp"

namespace exwire::detect::rules {
namespace {

Rate::Track read_track(std::string_view word) {
  if (word == "by_src") return Rate::Track::by_src;
  if (word == "by_dst") return Rate::Track::by_dst;
  if (word == "by_both") return Rate::Track::by_both;
  if (word == "by_rule") return Rate::Track::by_rule;
  if (word == "by_flow") return Rate::Track::by_flow;
  throw RuleError("track '" + std::string(word) + "' is not supported");
}

Rate::Kind read_type(std::string_view word) {
  if (word == "limit") return Rate::Kind::limit;
  if (word == "threshold") return Rate::Kind::threshold;
  if (word == "both") return Rate::Kind::both;
  if (word == "backoff") return Rate::Kind::backoff;
  throw RuleError("type '" + std::string(word) + "' is not supported");
}

}  // namespace

std::vector<Setting> read_settings(std::string_view text) {
  std::vector<Setting> settings;
  for (const std::string& part : split_list(text)) {
    const auto [name, value] = first_word(part);
    settings.emplace_back(name, value);
  }
  return settings;
}

// "type both, track by_src, count 5, seconds 60" in any order.
Rate read_rate(const std::vector<Setting>& settings, Rate::Kind kind) {
  Rate rate;
  rate.kind = kind;
  bool tracked = false;
  for (const auto& [key, value] : settings) {
    if (key == "type" && kind != Rate::Kind::filter) {
      rate.kind = read_type(value);
    } else if (key == "track") {
      rate.track = read_track(value);
      tracked = true;
    } else if (key == "count") {
      rate.count = static_cast<uint32_t>(whole_number(value, 1, UINT32_MAX));
    } else if (key == "multiplier") {
      rate.multiplier = static_cast<uint32_t>(whole_number(value, 2, UINT32_MAX));
    } else if (key == "seconds") {
      rate.window_ns = whole_number(value, 1, 31536000) * kNanosPerSecond;
    } else {
      throw RuleError(fmt::format("'{} {}' is not supported", key, value));
    }
  }
  if (rate.kind == Rate::Kind::none) throw RuleError("type is missing");
  const bool backoff = rate.kind == Rate::Kind::backoff;
  if (backoff != (rate.multiplier != 0)) throw RuleError("multiplier belongs to type backoff");
  if (!tracked || rate.count == 0 || (rate.window_ns == 0) != backoff) {
    throw RuleError("track, count and seconds are wanted, for backoff a multiplier for seconds");
  }
  return rate;
}

}  // namespace exwire::detect::rules
