// SPDX-License-Identifier: BSD-3-Clause
#include "sensor/detect/stage_population.hpp"

#include <algorithm>

namespace exwire::detect {
namespace {

void take_one(uint32_t& count) noexcept {
  if (count > 0) --count;
}

}  // namespace

StagePopulation::StagePopulation(uint32_t threshold_s, uint32_t window_s) noexcept
    : threshold_s_(std::clamp<uint32_t>(threshold_s, 1, kMostThreshold)),
      window_s_(std::clamp(window_s, threshold_s_ + 1, kSeconds - 1)),
      slot_s_((threshold_s_ + StallSources::kSlots - 3) / (StallSources::kSlots - 2)) {}

void StagePopulation::forget_all() noexcept {
  ring_.fill(0);
  entered_.fill(0);
  sources_.clear();
  present_ = stalled_ = 0;
  stale_ = false;
}

void StagePopulation::advance(uint32_t now_s) noexcept {
  if (now_s <= now_s_) return;
  if (now_s - now_s_ >= window_s_) {  // a long silence, or the first packet
    if (present_ > 0) forget_all();
    now_s_ = now_s;
  }
  while (now_s_ < now_s) {
    ++now_s_;
    entered_[now_s_ % kRecent] = 0;
    const uint32_t ripe = second(now_s_ - threshold_s_);
    stalled_ += ripe;
    became_stalled_ += ripe;
    uint32_t& gone = second(now_s_ - window_s_);
    stale_ |= gone > 0;
    stalled_ -= std::min(gone, stalled_);
    present_ -= std::min(gone, present_);
    gone = 0;
  }
  // Sources still hold what the ring has forgotten; they start anew with the next quiet moment.
  if (present_ == 0 && (stale_ || sources_.displaced() > 0)) forget_all();
  // What was entered in slots that lie a whole threshold back is stalled for certain.
  if (now_s_ >= threshold_s_) sources_.age_to((now_s_ - threshold_s_ + 1) / slot_s_);
}

void StagePopulation::enter(const StallClient& client, uint16_t port, uint32_t since_s) noexcept {
  advance(since_s);
  if (!remembered(since_s)) return;
  ++second(since_s);
  ++present_;
  if (now_s_ - since_s < kRecent) ++entered_[since_s % kRecent];
  if (is_stalled(since_s)) {
    ++stalled_;
    ++became_stalled_;
  }
  sources_.add(client, port, since_s / slot_s_);
}

void StagePopulation::leave(const StallClient& client, uint32_t since_s) noexcept {
  if (!remembered(since_s) || second(since_s) == 0) return;
  --second(since_s);
  take_one(present_);
  if (is_stalled(since_s)) take_one(stalled_);
  sources_.remove(client, since_s / slot_s_);
}

uint32_t StagePopulation::oldest_s() const noexcept {
  for (uint32_t age = std::min(window_s_, now_s_); age > 0; --age) {
    if (ring_[(now_s_ - age) % kSeconds] > 0) return age;
  }
  return 0;
}

uint32_t StagePopulation::older_than(uint32_t age_s) const noexcept {
  uint32_t young = 0;
  for (uint32_t age = 0; age < std::min(age_s, now_s_); ++age) {
    young += ring_[(now_s_ - age) % kSeconds];
  }
  return present_ - std::min(young, present_);
}

bool StagePopulation::most_remain() const noexcept {
  uint64_t entered = 0, remaining = 0;
  for (uint32_t age = 0; age < std::min(kRecent, now_s_); ++age) {
    entered += entered_[(now_s_ - age) % kRecent];
    remaining += ring_[(now_s_ - age) % kSeconds];
  }
  return remaining * 2 > entered;
}

bool StagePopulation::counts_all() const noexcept {
  if (stalled_ == 0) return true;
  if (stalled_ * uint64_t{5} < present_ * uint64_t{4}) return false;
  return sources_.old_connections() * 10 < stalled_ * uint64_t{9};
}

}  // namespace exwire::detect
