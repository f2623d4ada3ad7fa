// SPDX-License-Identifier: BSD-3-Clause
#include "sensor/detect/rules/rule_index.hpp"

#include <algorithm>

namespace exwire::detect::rules {

RuleIndex::RuleIndex(const std::vector<std::shared_ptr<const Rule>>& rules,
                     const DatabaseCache& cache) {
  for (size_t moment = 0; moment < kMomentCount; ++moment) {
    std::vector<uint32_t> places;
    for (size_t place = 0; place < rules.size(); ++place) {
      if (static_cast<size_t>(rules[place]->moment) == moment) {
        places.push_back(static_cast<uint32_t>(place));
      }
    }
    // A bit is set before it is asked for, as Suricata orders rules.
    std::stable_partition(places.begin(), places.end(), [&](uint32_t place) {
      return std::none_of(rules[place]->bits.begin(), rules[place]->bits.end(),
                          [](const Bit& bit) { return bit.asks(); });
    });
    std::stable_partition(places.begin(), places.end(),
                          [&](uint32_t place) { return rules[place]->pass; });
    std::vector<const Rule*> ordered;
    ordered.reserve(places.size());
    for (const uint32_t place : places) ordered.push_back(rules[place].get());
    by_moment_.push_back({std::move(places), Prefilter(ordered, cache)});
  }
  for (const auto& rule : rules) {
    passes_ |= rule->pass;
    for (const Check& check : rule->checks) used_.set(static_cast<size_t>(check.buffer));
  }
}

}  // namespace exwire::detect::rules
