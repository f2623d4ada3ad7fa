// SPDX-License-Identifier: BSD-3-Clause
#include "sensor/detect/rules/rule_index.hpp"

#include <algorithm>
#include <tuple>

namespace exwire::detect::rules {
namespace {

// The order in which rules are looked at, Suricata's: those that keep others quiet, those that set
// bits before those that ask for them, and the most severe first, because not all may be told.
std::tuple<bool, int, uint8_t> rank_of(const Rule& rule) noexcept {
  const auto asks =
      std::count_if(rule.bits.begin(), rule.bits.end(), [](const Bit& bit) { return bit.asks(); });
  const bool reads = asks > 0, sets = static_cast<size_t>(asks) < rule.bits.size();
  const int bits = sets ? (reads ? 1 : 0) : (reads ? 2 : 3);
  return {!rule.pass, bits, rule.severity};
}

}  // namespace

RuleIndex::RuleIndex(const std::vector<std::shared_ptr<const Rule>>& rules,
                     const DatabaseCache& cache) {
  for (size_t moment = 0; moment < kMomentCount; ++moment) {
    std::vector<uint32_t> places;
    for (size_t place = 0; place < rules.size(); ++place) {
      if (static_cast<size_t>(rules[place]->moment) == moment) {
        places.push_back(static_cast<uint32_t>(place));
      }
    }
    std::stable_sort(places.begin(), places.end(), [&](uint32_t a, uint32_t b) {
      return rank_of(*rules[a]) < rank_of(*rules[b]);
    });
    std::vector<const Rule*> ordered;
    ordered.reserve(places.size());
    for (const uint32_t place : places) ordered.push_back(rules[place].get());
    BufferSet used;
    for (const Rule* rule : ordered) {
      passes_ |= rule->pass;
      for (const Check& check : rule->checks) used.set(static_cast<size_t>(check.buffer));
    }
    used_ |= used;
    by_moment_.push_back({std::move(places), Prefilter(ordered, cache), used});
  }
}

}  // namespace exwire::detect::rules
