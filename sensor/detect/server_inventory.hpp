// SPDX-License-Identifier: BSD-3-Clause
// The Exchange servers of all workers with the software their headers told, for `stats`. No
// detector: it concludes nothing. Bounded; what comes behind the last place is counted.
#pragma once

#include <algorithm>
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
    if (one.topic != Topic::server_software) return;
    const auto known = std::find_if(servers_.begin(), servers_.end(), [&](const KnownServer& each) {
      return each.port == one.server_port && each.address == one.server;
    });
    if (known != servers_.end()) {
      known->software.add(one.get<ServerSoftware>());
    } else if (servers_.size() < kMost) {
      servers_.push_back({one.server, one.server_port, one.ip_version, one.get<ServerSoftware>()});
    } else {
      ++left_out_;
    }
  }
  /// In the order they were seen.
  std::span<const KnownServer> servers() const noexcept { return servers_; }
  uint64_t left_out() const noexcept { return left_out_; }

 private:
  std::vector<KnownServer> servers_;
  uint64_t left_out_ = 0;
};

}  // namespace exwire::detect
