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
  const uint32_t now_s = seconds_of(context.now);
  if (standing.since_s != now_s) change(context, standing, standing.stage, now_s, sink);
}

void StageSteps::change(const FlowContext& context, Standing& standing, Stage to, uint32_t since_s,
                        FindingSink& sink) const {
  const StageStep step{standing.since_s, since_s, standing.stage, to};
  standing.stage = to;
  if (to != Stage::none) standing.since_s = since_s;
  tell(context, step, sink);
}

void StageSteps::tell(const wire::FlowKey& key, bool client_is_lo, const StageStep& step,
                      Timestamp now, FindingSink& sink) const {
  Observation seen = Observation::of(key, client_is_lo, Topic::stage, 0, now);
  seen.put(StageStep{step.left_since_s, step.entered_since_s, step.left, step.entered, sight_});
  sink.observe(seen);
}

}  // namespace exwire::detect
