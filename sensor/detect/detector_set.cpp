// SPDX-License-Identifier: BSD-3-Clause
#include "sensor/detect/detector_set.hpp"

#include <string>

#include "sensor/base/result.hpp"

namespace exwire::detect {

DetectorSet::DetectorSet(std::vector<std::unique_ptr<FlowDetector>> detectors)
    : detectors_(std::move(detectors)) {
  constexpr size_t kRoom = sizeof(flow::Flow::facts);
  size_t used = 0;
  for (const auto& detector : detectors_) {
    const DetectorInfo info = detector->info();
    if (used + info.fact_octets > kRoom) {
      throw SetupError(std::string("detector ") + info.name + ": no room for its facts in a flow");
    }
    const Seat seat{detector.get(), static_cast<uint8_t>(used), info.fact_octets};
    used += info.fact_octets;
    for (size_t interest = 0; interest < kInterests; ++interest) {
      if (info.interests & (1U << interest)) lists_[interest].push_back(seat);
    }
  }
}

}  // namespace exwire::detect
