// SPDX-License-Identifier: BSD-3-Clause
#include "sensor/detect/stall_story.hpp"

#include <algorithm>

namespace exwire::detect {
namespace {

// The usual number moves by a fixed step towards what is seen, so that a burst of any size moves it
// no more than a small one: in an hour by 72.
constexpr double kLearnedPerSecond = 0.02;
constexpr double kGrowth = 4;

}  // namespace

StallStory::Step StallStory::judge(uint32_t now_s, uint32_t stalled, uint32_t concentrated,
                                   uint32_t minimum) noexcept {
  if (open_) return judge_open(now_s, stalled, minimum);
  const bool many = stalled >= minimum && stalled >= kGrowth * usual_;
  const bool few_sources = uint64_t{concentrated} * 2 >= stalled;
  if (!many || !(few_sources || stalled >= uint64_t{minimum} * kSpread)) {
    usual_ += stalled > usual_ ? kLearnedPerSecond : -std::min(kLearnedPerSecond, usual_);
    return Step::none;
  }
  open_ = true;
  opened_s_ = told_s_ = above_s_ = now_s;
  told_stalled_ = peak_ = stalled;
  return Step::open;
}

StallStory::Step StallStory::judge_open(uint32_t now_s, uint32_t stalled,
                                        uint32_t minimum) noexcept {
  peak_ = std::max(peak_, stalled);
  if (stalled > 0 && stalled >= minimum / 2 && stalled >= 2 * usual_) above_s_ = now_s;
  if (now_s - above_s_ >= kQuiet_s) {
    open_ = false;
    return Step::close;
  }
  if (above_s_ != now_s || now_s - told_s_ < kUpdateEvery_s) return Step::none;
  const uint32_t change =
      stalled > told_stalled_ ? stalled - told_stalled_ : told_stalled_ - stalled;
  if (change * uint64_t{10} < told_stalled_ && now_s - told_s_ < kRepeatAfter_s) return Step::none;
  told_s_ = now_s;
  told_stalled_ = stalled;
  return Step::update;
}

bool StallStory::finish() noexcept {
  const bool was_open = open_;
  open_ = false;
  return was_open;
}

}  // namespace exwire::detect
