// SPDX-License-Identifier: BSD-3-Clause
// The flow detectors of one worker, with lists of who wants which moment, so that a packet costs
// nothing for detectors that do not look at packets; and their slots in flow::Flow::facts.
#pragma once

#include <bit>
#include <span>

#include "sensor/detect/detector.hpp"

namespace exwire::detect {

class DetectorSet {
 public:
  /// Throws SetupError when the slots together exceed flow::Flow::facts.
  explicit DetectorSet(std::vector<std::unique_ptr<FlowDetector>> detectors);

  bool wanted(Interest interest) const noexcept { return !list(interest).empty(); }

  /// Calls `tell(detector, context)` for all who want `interest`.
  template <class Tell>
  void each(Interest interest, flow::Flow& flow, uint32_t handle, Timestamp now, uint64_t packet,
            Tell&& tell) {
    FlowContext context{flow, now, packet, handle};
    for (const Seat& seat : list(interest)) {
      context.facts = {flow.facts.data() + seat.facts_at, seat.fact_octets};
      tell(*seat.detector, context);
    }
  }
  /// The same for moments that belong to no flow.
  template <class Tell>
  void each(Interest interest, Tell&& tell) {
    for (const Seat& seat : list(interest)) tell(*seat.detector);
  }
  /// And for what all are asked.
  template <class Tell>
  void each(Tell&& tell) const {
    for (const auto& detector : detectors_) tell(*detector);
  }

 private:
  struct Seat {
    FlowDetector* detector;
    uint8_t facts_at, fact_octets;
  };
  const std::vector<Seat>& list(Interest interest) const noexcept {
    return lists_[static_cast<size_t>(std::countr_zero(static_cast<uint32_t>(interest)))];
  }

  std::vector<std::unique_ptr<FlowDetector>> detectors_;
  std::array<std::vector<Seat>, kInterests> lists_;
};

}  // namespace exwire::detect
