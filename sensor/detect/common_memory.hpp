// SPDX-License-Identifier: BSD-3-Clause
// What flow detectors remember beyond one connection. One for all workers: it is reached in the
// order of packets (FindingSink::take_turn), so that what is told does not depend on how many
// workers there are. Everything else a flow detector keeps belongs to a flow, which has one worker.
#pragma once

#include <array>
#include <boost/unordered/unordered_flat_map.hpp>
#include <cstdint>
#include <memory>

#include "sensor/detect/exchange_servers.hpp"
#include "sensor/detect/push_shape.hpp"
#include "sensor/detect/rules/memory.hpp"

namespace exwire::detect {

/// The heartbeat each device gave last, seconds by digest; in two generations.
struct DeviceHeartbeats {
  DeviceHeartbeats() {
    recent.reserve(kMost);
    older.reserve(kMost);
  }
  static constexpr size_t kMost = 8192;  ///< in each of the two
  boost::unordered_flat_map<uint64_t, uint32_t> recent, older;
};

/// What servers have told of their software: digests; one that gives way is told again.
using ToldSoftware = std::array<uint64_t, 1024>;

struct CommonMemory {
  explicit CommonMemory(const Site& site) : servers(site), push(site.push) {}

  ExchangeServers servers;
  PushShape push;
  DeviceHeartbeats heartbeats;
  ToldSoftware software{};
  rules::Memory rules;  ///< bits and rates of addresses; those of connections stay with a worker
};

/// A part that keeps the whole alive.
template <class Part>
std::shared_ptr<Part> part_of(const std::shared_ptr<CommonMemory>& common,
                              Part CommonMemory::*part) {
  return {common, &(common.get()->*part)};
}

}  // namespace exwire::detect
