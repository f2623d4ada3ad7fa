// SPDX-License-Identifier: BSD-3-Clause
#include "sensor/flow/overlap.hpp"

namespace exwire::flow {
namespace {

bool holds(const OverlapRule& rule, const wire::Address& address) noexcept {
  const size_t whole = rule.length / 8U;
  for (size_t index = 0; index < whole && index < address.size(); ++index) {
    if (rule.address[index] != address[index]) return false;
  }
  const unsigned rest = rule.length % 8U;
  if (rest == 0 || whole >= address.size()) return true;
  const unsigned mask = 0xffU << (8U - rest) & 0xffU;
  return (rule.address[whole] & mask) == (address[whole] & mask);
}

}  // namespace

OverlapPolicy overlap_policy_of(const std::vector<OverlapRule>& rules,
                                const wire::Address& receiver, uint8_t ip_version) noexcept {
  const OverlapRule* best = nullptr;
  for (const OverlapRule& rule : rules) {
    if (rule.ip_version != ip_version || !holds(rule, receiver)) continue;
    if (best == nullptr || rule.length > best->length) best = &rule;
  }
  return best != nullptr ? best->policy : OverlapPolicy::first;
}

}  // namespace exwire::flow
