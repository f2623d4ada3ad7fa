// SPDX-License-Identifier: BSD-3-Clause
// Whether drops are independent of each other. A server that restarts and a link that is down end
// all connections at once, whatever their ages, and look like a short timeout; a box drops one
// after the other, and between them gaps go on to survive.
#pragma once

#include <cstdint>

#include "sensor/base/time.hpp"

namespace exwire::detect {

class DropRuns {
 public:
  void survived(Timestamp when) noexcept {
    if (survived_ns_ == 0) survived_ns_ = when.ns;
  }
  /// `probed`: when the gap ended; drops are known for certain only later.
  void dropped(Timestamp probed) noexcept {
    if (runs_ != 0 && probed.ns <= newest_ns_) return;
    if (runs_ == 0 || (survived_ns_ != 0 && survived_ns_ < probed.ns)) ++runs_;
    newest_ns_ = probed.ns;
    survived_ns_ = 0;
  }
  /// It is known otherwise.
  void suffice() noexcept { runs_ = kFewest; }
  bool enough() const noexcept { return runs_ >= kFewest; }

 private:
  static constexpr uint32_t kFewest = 3;

  int64_t newest_ns_ = 0, survived_ns_ = 0;  ///< newest drop, first survival after it
  uint32_t runs_ = 0;
};

}  // namespace exwire::detect
