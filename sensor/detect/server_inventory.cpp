// SPDX-License-Identifier: BSD-3-Clause
// Apart from the look at the topic, which all observations pass: few tell software.
#include "sensor/detect/server_inventory.hpp"

#include <algorithm>

namespace exwire::detect {

void ServerInventory::add(const Observation& one) noexcept {
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

}  // namespace exwire::detect
