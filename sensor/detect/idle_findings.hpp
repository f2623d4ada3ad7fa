// SPDX-License-Identifier: BSD-3-Clause
// The findings of the idle timeout in the numbers of an administrator: which path, how long, how
// sure, how many devices, how late their mail, and what to set.
#pragma once

#include "sensor/detect/fleet_detector.hpp"
#include "sensor/detect/idle_gap.hpp"
#include "sensor/detect/idle_path.hpp"

namespace exwire::detect {

extern const Signature kIdleTimeoutTooShort, kDroppedWhileIdle;

struct Telling {
  Phase phase;
  Timestamp now;
  double required_s;  ///< the timeout a path should have
};

/// 1443201: the timeout of a path.
void tell(const PathKey& key, const Path& path, const IdleEstimate& estimate,
          const Telling& telling, FleetSink& sink);
/// 1443203: one drop.
void tell_drop(const Observation& seen, const IdleGap& gap, FleetSink& sink);

}  // namespace exwire::detect
