// SPDX-License-Identifier: BSD-3-Clause
// Detectors of what only shows across connections: of a server, a path, a user. One object each
// behind all workers; it sees observations in packet-time order and never a packet. To add one: a
// file in this folder with a class and a make function, and a line in detectors.cpp.
#pragma once

#include <memory>
#include <vector>

#include "sensor/base/memory.hpp"
#include "sensor/base/siphash.hpp"
#include "sensor/detect/finding.hpp"
#include "sensor/detect/observation.hpp"
#include "sensor/detect/path_report.hpp"
#include "sensor/detect/site.hpp"

namespace exwire::detect {

class FleetSink {
 public:
  virtual ~FleetSink() = default;
  /// `representative`: whose addresses and ports the alert shows; need not be in any table.
  virtual void found(const flow::Flow& representative, const Finding& finding) = 0;
};

/// What was not kept for want of room.
struct FleetCounters {
  uint64_t stall_sources_shed = 0, stall_populations_refused = 0;
};

class FleetDetector {
 public:
  virtual ~FleetDetector() = default;
  virtual const char* name() const noexcept = 0;
  virtual std::vector<const Signature*> signatures() const = 0;
  /// Asked once: whether observations of this topic come to observe().
  virtual bool listens_to(Topic) const noexcept = 0;
  virtual void observe(const Observation&, FleetSink&) = 0;
  /// Packet time has come as far as `now`: at least every 100 ms on a live link.
  virtual void tick(Timestamp, FleetSink&) {}
  /// End of capture: conclude what is open.
  virtual void drain(Timestamp, FleetSink&) {}
  /// Adds this detector's counters.
  virtual void count(FleetCounters&) const noexcept {}
  /// Adds what it knows of each path, findings or not.
  virtual void report(std::vector<PathReport>&) const {}
};

/// All fleet detectors, in the order of the list in detectors.cpp. `site` and `budget` must outlive
/// them.
std::vector<std::unique_ptr<FleetDetector>> make_fleet_detectors(const Site& site, Budget& budget,
                                                                 HashKey secret);

}  // namespace exwire::detect
