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

void CapturePoints::add(const Sight& sight) noexcept {
  report::CaptureQuality& figures = points_[sight.point];
  figures.packets += sight.packet;
  figures.octets += sight.payload_octets;
  figures.lost_octets += sight.lost_octets;
  figures.connections += sight.connection;
  figures.one_sided += sight.one_sided;
}

Sight FlowPoints::packet(uint16_t point, uint32_t handle, const flow::Flow& flow,
                         uint32_t payload_octets) noexcept {
  point_of_[handle] = static_cast<uint8_t>(point);
  const bool judged = packets_of(flow) == kJudgedAt;
  return {0, payload_octets, point, true, judged, judged && flow.one_sided()};
}

Sight FlowPoints::lost(uint32_t handle, uint64_t gap_octets) noexcept {
  const uint64_t before = lost_so_far_;
  lost_so_far_ = gap_octets;
  return {gap_octets - before, 0, of(handle), false, false, false};
}

Sight FlowPoints::ended(uint32_t handle, const flow::Flow& flow) const noexcept {
  const bool judged = packets_of(flow) < kJudgedAt;
  return {0, 0, of(handle), false, judged, judged && flow.one_sided()};
}

}  // namespace exwire::app
