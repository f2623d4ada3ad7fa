// SPDX-License-Identifier: BSD-3-Clause
// How far each capture point can be trusted: what it lost, how many connections it sees from one
// side only, how many packets twice. Kept per interface of a source, from its beginning; findings
// carry the figures of the point that saw their connection. A worker knows which point sees which
// of its flows; the figures stand behind all workers.
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

/// What a gap, or a connection of which enough was seen, adds to the figures of a point.
struct Sight {
  uint64_t lost_octets = 0;
  uint16_t point = 0;
  bool connection = false, one_sided = false;
};

class CapturePoints {
 public:
  static constexpr size_t kMostSources = 16, kMostInterfaces = 4;  ///< further ones share the last

  /// The frames that follow come from this source.
  void enter(const std::string& source);
  /// A second copy of a packet, left out.
  void duplicate(uint16_t interface) noexcept { ++points_[point(interface)].duplicates; }
  void packet(uint16_t point, uint32_t payload_octets) noexcept {
    ++points_[point].packets;
    points_[point].octets += payload_octets;
  }
  void add(const Sight& sight) noexcept;
  /// Of the source being read.
  uint16_t point(uint16_t interface) const noexcept {
    const size_t counted = interface < kMostInterfaces ? interface : kMostInterfaces - 1;
    return static_cast<uint16_t>(first_ + counted);
  }
  const report::CaptureQuality& operator[](uint16_t point) const noexcept { return points_[point]; }

 private:
  std::vector<std::string> sources_;
  std::array<report::CaptureQuality, kMostSources * kMostInterfaces> points_{};
  size_t first_ = 0;  ///< point of the source's interface 0
};

/// One worker's part: where its flows are seen.
class FlowPoints {
 public:
  FlowPoints(Budget& budget, uint32_t most_flows) : point_of_(size_t{most_flows} + 1) {
    budget.take(point_of_.octets());
  }

  /// A packet of the flow was seen here.
  void place(uint32_t handle, uint16_t point) noexcept {
    point_of_[handle] = static_cast<uint8_t>(point);
  }
  /// Whether it is known with this packet if both sides of a flow are seen; to be asked when the
  /// packet was tracked, and told once.
  static bool is_judged_now(const flow::Flow& flow) noexcept {
    return packets_of(flow) == kJudgedAt;
  }
  Sight judged(uint32_t handle, const flow::Flow& flow) const noexcept {
    return {0, of(handle), true, flow.one_sided()};
  }
  /// Streams have missed octets since the last call; `gap_octets`: all so far.
  bool has_lost(uint64_t gap_octets) const noexcept { return gap_octets != lost_so_far_; }
  /// They were lost where this flow was seen.
  Sight lost(uint32_t handle, uint64_t gap_octets) noexcept;
  /// A flow that has left.
  Sight ended(uint32_t handle, const flow::Flow& flow) const noexcept;
  uint16_t of(uint32_t handle) const noexcept { return point_of_[handle]; }

 private:
  // By then both sides of an honest connection have been seen.
  static constexpr uint64_t kJudgedAt = 4;
  static uint64_t packets_of(const flow::Flow& flow) noexcept {
    return uint64_t{flow.direction[0].packets} + flow.direction[1].packets;
  }

  PageArray<uint8_t> point_of_;  ///< by handle
  uint64_t lost_so_far_ = 0;
};

}  // namespace exwire::app
