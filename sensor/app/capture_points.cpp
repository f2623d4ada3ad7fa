// SPDX-License-Identifier: BSD-3-Clause
#include "sensor/app/capture_points.hpp"

#include <algorithm>

namespace exwire::app {
namespace {

// By then both sides of an honest connection have been seen.
constexpr uint64_t kJudgedAt = 4;

uint64_t packets_of(const flow::Flow& flow) noexcept {
  return uint64_t{flow.direction[0].packets} + flow.direction[1].packets;
}

}  // namespace

CapturePoints::CapturePoints(Budget& budget, uint32_t most_flows)
    : point_of_(size_t{most_flows} + 1) {
  budget.take(point_of_.octets());
}

void CapturePoints::enter(const std::string& source) {
  auto known = std::find(sources_.begin(), sources_.end(), source);
  if (known == sources_.end() && sources_.size() < kMostSources) {
    known = sources_.insert(sources_.end(), source);
  } else if (known == sources_.end()) {
    known = sources_.end() - 1;  // a folder of many files: the last place counts anew
    *known = source;
    std::fill(points_.end() - kMostInterfaces, points_.end(), report::CaptureQuality{});
  }
  first_ = static_cast<size_t>(known - sources_.begin()) * kMostInterfaces;
}

void CapturePoints::packet(uint16_t interface, uint32_t handle, const flow::Flow& flow,
                           uint32_t payload_octets) noexcept {
  const size_t seen_at = point(interface);
  point_of_[handle] = static_cast<uint8_t>(seen_at);
  ++points_[seen_at].packets;
  points_[seen_at].octets += payload_octets;
  if (packets_of(flow) == kJudgedAt) judge(seen_at, flow);
}

void CapturePoints::lost(uint32_t handle, uint64_t gap_octets) noexcept {
  points_[point_of_[handle]].lost_octets += gap_octets - lost_so_far_;
  lost_so_far_ = gap_octets;
}

void CapturePoints::ended(uint32_t handle, const flow::Flow& flow) noexcept {
  if (packets_of(flow) < kJudgedAt) judge(point_of_[handle], flow);
}

void CapturePoints::judge(size_t point, const flow::Flow& flow) noexcept {
  ++points_[point].connections;
  points_[point].one_sided += flow.one_sided();
}

}  // namespace exwire::app
