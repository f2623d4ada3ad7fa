// SPDX-License-Identifier: BSD-3-Clause
// Tells each step of a connection from one stage to another to the fleet detector that counts, with
// what the capture has shown of anybody so far.
#pragma once

#include "sensor/detect/detector.hpp"
#include "sensor/detect/stage.hpp"
#include "sensor/detect/standing.hpp"

namespace exwire::detect {

class StageSteps {
 public:
  void add_sight(uint8_t more) noexcept { sight_ = static_cast<uint8_t>(sight_ | more); }
  uint8_t sight() const noexcept { return sight_; }

  void move(const FlowContext& context, Standing& standing, Stage to, FindingSink& sink) const {
    if (standing.stage != to) change(context, standing, to, seconds_of(context.now), sink);
  }
  /// To a stage that began at `since_s`.
  void change(const FlowContext& context, Standing& standing, Stage to, uint32_t since_s,
              FindingSink& sink) const;
  /// Progress: the stage begins anew.
  void move_on(const FlowContext& context, Standing& standing, uint8_t base,
               FindingSink& sink) const;
  void finish(const FlowContext& context, Standing& standing, FindingSink& sink) const;
  /// `step` without sight, which is added.
  void tell(const FlowContext& context, const StageStep& step, FindingSink& sink) const {
    const flow::Flow& flow = context.flow;
    tell(flow.key, flow.has(flow::kClientIsLo), step, context.now, sink);
  }
  void tell(const wire::FlowKey& key, bool client_is_lo, const StageStep& step, Timestamp now,
            FindingSink& sink) const;

 private:
  uint8_t sight_ = 0;
};

}  // namespace exwire::detect
