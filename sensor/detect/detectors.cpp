// SPDX-License-Identifier: BSD-3-Clause
// The list of detectors: one line each.
#include "sensor/detect/common_memory.hpp"
#include "sensor/detect/detector.hpp"
#include "sensor/detect/fleet_detector.hpp"

namespace exwire::detect {

std::unique_ptr<FlowDetector> make_activesync_admission(const Site& site);
std::unique_ptr<FlowDetector> make_activesync_heartbeat(std::shared_ptr<DeviceHeartbeats> devices);
std::unique_ptr<FlowDetector> make_front_end_requests(const Site& site);
std::unique_ptr<FlowDetector> make_gateway_bypass(const Site& site,
                                                  std::shared_ptr<ExchangeServers> servers);
std::unique_ptr<FlowDetector> make_idle_timeout(const Site& site, std::shared_ptr<PushShape> push);
std::unique_ptr<FlowDetector> make_plaintext_exchange(const Site& site);
std::unique_ptr<FleetDetector> make_exchange_tally();
std::unique_ptr<FleetDetector> make_front_end_hops(const Site& site);
std::unique_ptr<FlowDetector> make_rule_matcher(const rules::ActiveRules& rules,
                                                std::shared_ptr<rules::Memory> memory);
std::unique_ptr<FleetDetector> make_heartbeats(const Site& site);
std::unique_ptr<FleetDetector> make_idle_paths(const Site& site);
std::unique_ptr<FlowDetector> make_server_headers(std::shared_ptr<CommonMemory> common);
std::unique_ptr<FlowDetector> make_tls_posture(std::shared_ptr<ExchangeServers> servers);
std::unique_ptr<FlowDetector> make_tls_port_use(const Site& site,
                                                std::shared_ptr<ExchangeServers> servers);
std::unique_ptr<FlowDetector> make_stalled_connections(const Site& site);
std::unique_ptr<FleetDetector> make_stalled_servers(const Site& site, Budget& budget,
                                                    HashKey secret);

std::vector<std::unique_ptr<FlowDetector>> make_flow_detectors(
    const Site& site, std::shared_ptr<CommonMemory> common) {
  std::vector<std::unique_ptr<FlowDetector>> detectors;
  if (!common) common = std::make_shared<CommonMemory>(site);
  const auto servers = part_of(common, &CommonMemory::servers);
  detectors.push_back(make_activesync_heartbeat(part_of(common, &CommonMemory::heartbeats)));
  detectors.push_back(make_plaintext_exchange(site));
  detectors.push_back(make_idle_timeout(site, part_of(common, &CommonMemory::push)));
  detectors.push_back(make_activesync_admission(site));
  detectors.push_back(make_front_end_requests(site));
  detectors.push_back(make_stalled_connections(site));
  if (site.rules != nullptr) {
    detectors.push_back(make_rule_matcher(*site.rules, part_of(common, &CommonMemory::rules)));
  }
  detectors.push_back(make_server_headers(common));
  detectors.push_back(make_tls_posture(servers));
  detectors.push_back(make_gateway_bypass(site, servers));
  detectors.push_back(make_tls_port_use(site, servers));
  return detectors;
}

std::vector<std::unique_ptr<FleetDetector>> make_fleet_detectors(const Site& site, Budget& budget,
                                                                 HashKey secret) {
  std::vector<std::unique_ptr<FleetDetector>> detectors;
  detectors.push_back(make_idle_paths(site));
  detectors.push_back(make_heartbeats(site));
  detectors.push_back(make_exchange_tally());
  detectors.push_back(make_front_end_hops(site));
  detectors.push_back(make_stalled_servers(site, budget, secret));
  return detectors;
}

}  // namespace exwire::detect
