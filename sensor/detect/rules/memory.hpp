// SPDX-License-Identifier: BSD-3-Clause
// What rules remember: how often they matched for an address, and the bits they leave for each
// other. Fixed in size; when it is full, what has expired makes room, and what finds none is
// counted.
#pragma once

#include <boost/unordered/unordered_flat_map.hpp>
#include <cstdint>

#include "sensor/base/time.hpp"
#include "sensor/detect/rules/rule.hpp"

namespace exwire::detect::rules {

class Memory {
 public:
  static constexpr size_t kMost = 16384;  ///< entries in each of the two tables

  Memory();

  /// Counts a match for `key` and says whether the rule may speak now. `threshold` speaks at every
  /// count-th match, `limit` at the first `count` of a window, `both` once per window at the
  /// count-th, `filter` at every match beyond `count`,
  /// `backoff` at the count-th, and each time the number has grown by the multiplier.
  bool may_speak(const Rate& rate, uint64_t key, Timestamp now) noexcept;

  bool is_set(uint64_t key, Timestamp now) const noexcept;
  void set(uint64_t key, int64_t lifetime_ns, Timestamp now) noexcept;
  void unset(uint64_t key) noexcept;
  uint64_t forgotten() const noexcept { return forgotten_; }

 private:
  struct Count {
    int64_t until_ns;
    uint32_t matches;
  };
  // Keyed by SipHash already.
  boost::unordered_flat_map<uint64_t, Count> counts_;
  boost::unordered_flat_map<uint64_t, int64_t> bits_;  ///< until when
  uint64_t forgotten_ = 0;
};

}  // namespace exwire::detect::rules
