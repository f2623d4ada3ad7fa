// SPDX-License-Identifier: BSD-3-Clause
// From a flow key to a slab handle: linear probing over 8 octets per slot (tag and handle); the key
// itself is stored once, in the flow. Sized at start-up for a load of at most one half.
#pragma once

#include <algorithm>
#include <bit>
#include <cstdint>
#include <utility>

#include "sensor/base/memory.hpp"
#include "sensor/base/page_array.hpp"

namespace exwire::flow {

class FlowIndex {
 public:
  FlowIndex(Budget& budget, uint32_t most_flows)
      : mask_(std::bit_ceil(uint64_t{most_flows} * 2) - 1), slots_(mask_ + 1) {
    budget.take(slots_.octets());
  }

  void prefetch(uint64_t hash) const noexcept { __builtin_prefetch(&slots_[hash & mask_]); }

  /// What find() will most likely have to look at; 0 when it finds nothing.
  uint32_t candidate(uint64_t hash) const noexcept {
    return find(hash, [](uint32_t) { return true; });
  }
  /// The handle whose tag fits and for which `matches(handle)` holds, else 0.
  template <class Matches>
  uint32_t find(uint64_t hash, Matches&& matches) const noexcept {
    for (uint64_t at = hash & mask_; slots_[at].handle != 0; at = (at + 1) & mask_) {
      if (slots_[at].tag == tag_of(hash) && matches(slots_[at].handle)) return slots_[at].handle;
    }
    return 0;
  }
  void insert(uint64_t hash, uint32_t handle) noexcept {
    uint64_t at = hash & mask_;
    while (slots_[at].handle != 0) at = (at + 1) & mask_;
    slots_[at] = {tag_of(hash), handle};
  }
  /// `tag` is tag_of() of the hash the handle was inserted with.
  void erase(uint32_t tag, uint32_t handle) noexcept {
    uint64_t hole = home(tag);
    while (slots_[hole].handle != handle) hole = (hole + 1) & mask_;
    // Backward shift: no tombstones, so a churning table never slows down.
    for (uint64_t at = (hole + 1) & mask_; slots_[at].handle != 0; at = (at + 1) & mask_) {
      const uint64_t distance = (at - home(slots_[at].tag)) & mask_;
      if (distance >= ((at - hole) & mask_)) {
        slots_[hole] = slots_[at];
        hole = at;
      }
    }
    slots_[hole] = {};
  }
  /// The end of looking up: brings all handles below `bound` that are in use to the front, in the
  /// order of `before`, and says how many there are. They stand in the memory of the index: a list
  /// of a million would be the peak. Handles are given in nearly that order.
  template <class InUse, class Before>
  uint32_t gather(uint32_t bound, InUse&& in_use, Before&& before) noexcept {
    slots_.clear();
    Slot* end = slots_.begin();
    for (uint32_t handle = 1; handle < bound; ++handle) {
      if (in_use(handle)) *end++ = {0, handle};
    }
    const auto sooner = [&](const Slot& a, const Slot& b) { return before(a.handle, b.handle); };
    if (!std::is_sorted(slots_.begin(), end, sooner)) std::sort(slots_.begin(), end, sooner);
    return static_cast<uint32_t>(end - slots_.begin());
  }
  uint32_t gathered(uint32_t index) const noexcept { return slots_[index].handle; }
  /// Each of them once.
  uint32_t take_gathered(uint32_t index) noexcept {
    return std::exchange(slots_[index], Slot{}).handle;
  }
  /// The part of a hash a flow remembers.
  static constexpr uint32_t tag_of(uint64_t hash) noexcept { return static_cast<uint32_t>(hash); }

 private:
  struct Slot {
    uint32_t tag;
    uint32_t handle;
  };
  // The tag is the low half of the hash and the mask is never wider: home needs no full hash.
  uint64_t home(uint32_t tag) const noexcept { return tag & mask_; }

  uint64_t mask_;
  PageArray<Slot> slots_;
};

}  // namespace exwire::flow
