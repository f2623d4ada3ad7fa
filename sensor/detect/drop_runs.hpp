// SPDX-License-Identifier: BSD-3-Clause
// Whether drops are independent of each other. A server that restarts and a link that is down end
// all connections at once, whatever their ages, and look like a short timeout; a box drops one
// after the other, and between them gaps go on to survive.
#pragma once

#include <cstdint>

namespace exwire::detect {

class DropRuns {
 public:
  /// `epoch`: how many gaps had survived on the path when this one ended; drops are known for
  /// certain only later. Whether it is independent of the drops before.
  bool dropped(uint32_t epoch) noexcept {
    if (runs_ != 0 && epoch <= newest_) return false;
    ++runs_;
    newest_ = epoch;
    return true;
  }
  /// It is known otherwise.
  void suffice() noexcept { runs_ = kFewest; }
  bool enough() const noexcept { return runs_ >= kFewest; }

 private:
  static constexpr uint32_t kFewest = 3;

  uint32_t runs_ = 0, newest_ = 0;
};

}  // namespace exwire::detect
