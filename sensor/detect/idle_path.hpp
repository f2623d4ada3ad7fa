// SPDX-License-Identifier: BSD-3-Clause
// One path, (client network, server, port), and what the fates of its idle gaps have shown so far.
#pragma once

#include <algorithm>
#include <cmath>
#include <string>
#include <vector>

#include "sensor/detect/drop_runs.hpp"
#include "sensor/detect/idle_change.hpp"
#include "sensor/detect/idle_closes.hpp"
#include "sensor/detect/idle_estimator.hpp"
#include "sensor/detect/observation.hpp"

namespace exwire::detect {

// Phones of one site or carrier share a firewall: networks of 256 addresses, in IPv6 sites (/48).
inline wire::Address network_of(const wire::Address& client, uint8_t ip_version) noexcept {
  wire::Address network{};
  std::copy_n(client.begin(), ip_version == 4 ? 3 : 6, network.begin());
  return network;
}

struct PathKey {
  wire::Address network, server;
  uint16_t port;
  uint8_t ip_version;

  static PathKey of(const Observation& seen) noexcept {
    return {network_of(seen.client, seen.ip_version), seen.server, seen.server_port,
            seen.ip_version};
  }
  auto operator<=>(const PathKey&) const = default;
};

struct Path {
  IdleSummary summary;
  uint32_t epoch = 0;  ///< gaps that have survived in all
  DropRuns runs;
  IdleChange change;
  double dropped_from_s = HUGE_VAL;  ///< nothing is news about gaps longer than that
  IdleEstimate told;                 ///< what the last finding said
  bool open = false;                 ///< a finding has been told and not closed
  uint32_t weigh_at = 1;             ///< drops at which to estimate again
  uint32_t beyond = 0;  ///< gaps longer than the timeout that survived, since the last drop
  uint32_t lost_phones = 0;
  uint32_t towards_client = 0, foreign = 0;  ///< of the drops
  uint32_t returns = 0;                      ///< phones that came back after a drop
  int64_t away_ns = 0;                       ///< in all, until they did: mail was late
  IdleCloses closed_by_client, closed_by_server;
  Timestamp first;
  Observation last;  ///< of the newest drop
  std::vector<wire::Address> devices;
};

/// The estimate, if it is not from a single outage.
inline IdleEstimate estimate_of(const Path& path) {
  IdleEstimate estimate = estimate_idle_timeout(path.summary);
  if (estimate.sufficient() && !path.runs.enough()) estimate.verdict = IdleVerdict::at_once;
  return estimate;
}

inline std::string network_text(const PathKey& key) {
  return wire::to_text(key.network, key.ip_version) + (key.ip_version == 4 ? "/24" : "/48");
}

}  // namespace exwire::detect
