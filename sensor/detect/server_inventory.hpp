// SPDX-License-Identifier: BSD-3-Clause
// The Exchange servers of all workers with the software their headers told, for `stats`. No
// detector: it concludes nothing. Bounded; what comes behind the last place is counted.
#pragma once

#include <span>
#include <vector>

#include "sensor/detect/observation.hpp"
#include "sensor/detect/server_software.hpp"

namespace exwire::detect {

class ServerInventory {
 public:
  static constexpr size_t kMost = 64;

  ServerInventory() { servers_.reserve(kMost); }

  void observe(const Observation& one) noexcept {
    if (one.topic == Topic::server_software) add(one);
  }
  /// In the order they were seen.
  std::span<const KnownServer> servers() const noexcept { return servers_; }
  uint64_t left_out() const noexcept { return left_out_; }

 private:
  void add(const Observation& one) noexcept;

  std::vector<KnownServer> servers_;
  uint64_t left_out_ = 0;
};

}  // namespace exwire::detect
