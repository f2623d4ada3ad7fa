// SPDX-License-Identifier: BSD-3-Clause
// The door by which a worker's events, findings and observations leave, and all that leaves by it.
#pragma once

#include "sensor/app/capture_points.hpp"
#include "sensor/detect/detector.hpp"
#include "sensor/detect/finding.hpp"
#include "sensor/detect/observation.hpp"
#include "sensor/report/event.hpp"

namespace exwire::app {

class Outlet {
 public:
  static constexpr uint16_t kPointBeingRead = 0xffff;

  virtual ~Outlet() = default;
  virtual void event(const report::Event& event) = 0;
  /// `point`: the capture point that saw the flow, or kPointBeingRead.
  virtual void finding(const flow::Flow& flow, const detect::Finding& finding, uint16_t point) = 0;
  virtual void observation(const detect::Observation& observation) = 0;
  /// A packet of a flow, by this capture point.
  virtual void packet_seen(uint16_t /*point*/, uint32_t /*payload_octets*/) {}
  virtual void seen(const Sight&) {}
  virtual void deed(const detect::Deed& deed) { deed(); }
  /// What others have left before the packet being handled takes effect.
  virtual void take_turn() {}
};

}  // namespace exwire::app
