// SPDX-License-Identifier: BSD-3-Clause
#include "sensor/inspect/transaction_table.hpp"

namespace exwire::inspect {

TransactionTable::TransactionTable(Budget& budget, uint32_t most) : entries_(budget, most) {
  first_of_flow_.reserve(most);
}

uint32_t TransactionTable::take() {
  return entries_.take();
}

void TransactionTable::give(uint32_t handle) noexcept {
  if (entries_[handle].linked) unlink(handle);
  entries_.give(handle);
}

void TransactionTable::link(uint32_t handle, uint32_t flow, uint32_t number) {
  Entry& entry = entries_[handle];
  entry.transaction.number = number;
  entry.flow = flow;
  entry.linked = true;
  // Appended: a flow has at most 128 open ones, nearly always one.
  uint32_t* end = &first_of_flow_[flow];
  while (*end != 0) end = &entries_[*end].next_of_flow;
  *end = handle;
  entry.older = newest_;
  (newest_ != 0 ? entries_[newest_].newer : oldest_) = handle;
  newest_ = handle;
}

uint32_t TransactionTable::find(uint32_t flow, uint32_t number) noexcept {
  if (found_ != 0) {
    const Entry& last = entries_[found_];
    if (last.linked && last.flow == flow && last.transaction.number == number) return found_;
  }
  uint32_t handle = first_of(flow);
  while (handle != 0 && entries_[handle].transaction.number != number) {
    handle = entries_[handle].next_of_flow;
  }
  return found_ = handle;
}

uint32_t TransactionTable::first_of(uint32_t flow) const noexcept {
  if (first_of_flow_.empty()) return 0;
  const auto found = first_of_flow_.find(flow);
  return found == first_of_flow_.end() ? 0 : found->second;
}

void TransactionTable::unlink(uint32_t handle) noexcept {
  Entry& entry = entries_[handle];
  const auto found = first_of_flow_.find(entry.flow);
  uint32_t* at = &found->second;
  while (*at != handle) at = &entries_[*at].next_of_flow;
  *at = entry.next_of_flow;
  if (found->second == 0) first_of_flow_.erase(found);
  (entry.older != 0 ? entries_[entry.older].newer : oldest_) = entry.newer;
  (entry.newer != 0 ? entries_[entry.newer].older : newest_) = entry.older;
  entry.linked = false;
}

}  // namespace exwire::inspect
