// SPDX-License-Identifier: BSD-3-Clause
// How far each capture point can be trusted: what it lost, how many connections it sees from one
// side only, how many packets twice. Kept per interface of a source, from its beginning; findings
// carry the figures of the point that saw their connection.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <vector>

#include "sensor/base/memory.hpp"
#include "sensor/base/page_array.hpp"
#include "sensor/flow/flow.hpp"
#include "sensor/report/event.hpp"

namespace exwire::app {

class CapturePoints {
 public:
  static constexpr size_t kMostSources = 16, kMostInterfaces = 4;  ///< further ones share the last

  CapturePoints(Budget& budget, uint32_t most_flows);

  /// The frames that follow come from this source.
  void enter(const std::string& source);
  /// A second copy of a packet, left out.
  void duplicate(uint16_t interface) noexcept { ++points_[point(interface)].duplicates; }
  /// A packet of a flow, after it was tracked.
  void packet(uint16_t interface, uint32_t handle, const flow::Flow& flow,
              uint32_t payload_octets) noexcept;
  /// All octets that streams have missed so far; what is new among them was lost where this flow
  /// was seen.
  void lost(uint32_t handle, uint64_t gap_octets) noexcept;
  void ended(uint32_t handle, const flow::Flow& flow) noexcept;
  /// Of the point that has seen a flow; for handle 0, of the one that is being read.
  const report::CaptureQuality& of(uint32_t handle) const noexcept {
    return points_[handle != 0 ? point_of_[handle] : first_];
  }

 private:
  size_t point(uint16_t interface) const noexcept {
    return first_ + (interface < kMostInterfaces ? interface : kMostInterfaces - 1);
  }
  void judge(size_t point, const flow::Flow& flow) noexcept;

  std::vector<std::string> sources_;
  std::array<report::CaptureQuality, kMostSources * kMostInterfaces> points_{};
  PageArray<uint8_t> point_of_;  ///< by handle
  size_t first_ = 0;             ///< point of the source's interface 0
  uint64_t lost_so_far_ = 0;
};

}  // namespace exwire::app
