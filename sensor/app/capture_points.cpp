// SPDX-License-Identifier: BSD-3-Clause
#include "sensor/app/capture_points.hpp"

#include <algorithm>

namespace exwire::app {

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
  figures.lost_octets += sight.lost_octets;
  figures.connections += sight.connection;
  figures.one_sided += sight.one_sided;
}

Sight FlowPoints::lost(uint32_t handle, uint64_t gap_octets) noexcept {
  const uint64_t before = lost_so_far_;
  lost_so_far_ = gap_octets;
  return {gap_octets - before, of(handle), false, false};
}

Sight FlowPoints::ended(uint32_t handle, const flow::Flow& flow) const noexcept {
  const bool judged = packets_of(flow) < kJudgedAt;
  return {0, of(handle), judged, judged && flow.one_sided()};
}

}  // namespace exwire::app
