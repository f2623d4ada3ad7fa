// SPDX-License-Identifier: BSD-3-Clause
// Records found by a key and kept in the order in which they came: what has waited longest is at
// the front. Bounded in number and charged to a budget; adding to a full one is refused.
#pragma once

#include <boost/unordered/unordered_flat_map.hpp>
#include <cstdint>

#include "sensor/base/memory.hpp"

namespace exwire::detect {

/// Keys must have been hashed with care (SipHash), or be none of an attacker's choice.
template <class T>
class KeyedQueue {
 public:
  KeyedQueue(Budget& budget, uint32_t most) : entries_(budget, most) { by_key_.reserve(most); }

  bool empty() const noexcept { return oldest_ == 0; }
  T& front() noexcept { return entries_[oldest_].value; }

  /// Null: unknown.
  T* find(uint64_t key) {
    const auto known = by_key_.find(key);
    return known == by_key_.end() ? nullptr : &entries_[known->second].value;
  }
  /// A new record at the back; null when there is no room. The key must be unknown.
  T* add(uint64_t key) {
    const uint32_t handle = entries_.take();
    if (handle == 0) return nullptr;
    entries_[handle].key = key;
    append(handle);
    by_key_.emplace(key, handle);
    return &entries_[handle].value;
  }
  /// From the front on.
  template <class Visit>
  void each(Visit&& visit) {
    for (uint32_t handle = oldest_; handle != 0; handle = entries_[handle].newer) {
      visit(entries_[handle].value);
    }
  }
  void drop_front() {
    const uint32_t handle = oldest_;
    by_key_.erase(entries_[handle].key);
    unlink_front();
    entries_.give(handle);
  }
  void send_front_to_back() noexcept {
    const uint32_t handle = oldest_;
    unlink_front();
    append(handle);
  }

 private:
  struct Entry {
    T value;
    uint64_t key = 0;
    uint32_t newer = 0;
  };

  void append(uint32_t handle) noexcept {
    entries_[handle].newer = 0;
    (newest_ != 0 ? entries_[newest_].newer : oldest_) = handle;
    newest_ = handle;
  }
  void unlink_front() noexcept {
    oldest_ = entries_[oldest_].newer;
    if (oldest_ == 0) newest_ = 0;
  }

  Slab<Entry> entries_;
  boost::unordered_flat_map<uint64_t, uint32_t> by_key_;
  uint32_t oldest_ = 0, newest_ = 0;
};

}  // namespace exwire::detect
