// SPDX-License-Identifier: BSD-3-Clause
#include "sensor/detect/stage_steps.hpp"

namespace exwire::detect {

void StageSteps::finish(const FlowContext& context, Standing& standing, FindingSink& sink) const {
  move(context, standing, Stage::none, sink);
  standing.set(Standing::kOver, true);
}

void StageSteps::move_on(const FlowContext& context, Standing& standing, uint8_t base,
                         FindingSink& sink) const {
  standing.base = base;
  if (standing.since_s == seconds_of(context.now)) return;
  const Stage stage = standing.stage;
  move(context, standing, Stage::none, sink);
  move(context, standing, stage, sink);
}

void StageSteps::move(const FlowContext& context, Standing& standing, Stage to,
                      FindingSink& sink) const {
  if (standing.stage == to) return;
  tell(context, standing.stage, false, standing.since_s, sink);
  enter(context, standing, to, seconds_of(context.now), sink);
}

void StageSteps::enter(const FlowContext& context, Standing& standing, Stage to, uint32_t since_s,
                       FindingSink& sink) const {
  standing.stage = to;
  if (to == Stage::none) return;
  standing.since_s = since_s;
  tell(context, to, true, since_s, sink);
}

void StageSteps::tell(const wire::FlowKey& key, bool client_is_lo, Stage stage, bool entered,
                      uint32_t since_s, Timestamp now, FindingSink& sink) const {
  if (stage == Stage::none) return;
  Observation step =
      Observation::of(key, client_is_lo, Topic::stage, static_cast<uint16_t>(stage), now);
  step.put(StageStep{since_s, static_cast<uint8_t>(entered), sight_});
  sink.observe(step);
}

}  // namespace exwire::detect
