// SPDX-License-Identifier: BSD-3-Clause
#include "sensor/flow/overlap.hpp"

namespace exwire::flow {

OverlapPolicy overlap_policy_of(const std::vector<OverlapRule>& rules,
                                const wire::Address& receiver, uint8_t ip_version) noexcept {
  const OverlapRule* best = nullptr;
  for (const OverlapRule& rule : rules) {
    if (!rule.receivers.covers(receiver, ip_version)) continue;
    if (best == nullptr || rule.receivers.length > best->receivers.length) best = &rule;
  }
  return best != nullptr ? best->policy : OverlapPolicy::first;
}

}  // namespace exwire::flow
