// SPDX-License-Identifier: BSD-3-Clause
#include "sensor/detect/idle_change.hpp"

#include <algorithm>
#include <cmath>

namespace exwire::detect {
namespace {

// A sum comes so far by chance once in e^30 gaps, 1e13: a thousand paths need a thousand years.
constexpr float kCertain = 30;
// And has to stay there longer than an outage, which looks the same while it lasts.
constexpr int64_t kHoldNs = 3600 * kNanosPerSecond;
constexpr double kDropRate = 0.9;  ///< of a box, at least

}  // namespace

bool IdleChange::Sum::certain() const noexcept {
  return ratio >= kCertain && dropped >= kDropRate * (dropped + survived);
}

// Of a box that drops from a later age on, a gap says nothing.
std::span<IdleChange::Sum> IdleChange::up_to(double seconds) noexcept {
  const double place = std::log2(std::max(seconds, kLeastAge) / kLeastAge) * kPerOctave;
  return std::span(sums_).first(std::min(static_cast<size_t>(place) + 1, sums_.size()));
}

const IdleChange::Sum* IdleChange::first_certain() const noexcept {
  const auto found =
      std::find_if(sums_.begin(), sums_.end(), [](const Sum& sum) { return sum.certain(); });
  return found == sums_.end() ? nullptr : &*found;
}

void IdleChange::survived(double seconds, double usual) noexcept {
  const auto loss = static_cast<float>(std::max(0.0, std::log((1 - usual) / (1 - kDropRate))));
  for (Sum& sum : up_to(seconds)) {
    sum.ratio -= loss;
    ++sum.survived;
    if (sum.ratio <= 0) sum = {};
  }
  in_doubt_ = std::any_of(sums_.begin(), sums_.end(), [](const Sum& sum) { return sum.ratio > 0; });
  certain_ = certain_ && first_certain() != nullptr;
}

double IdleChange::dropped(double seconds, double usual, Timestamp now) noexcept {
  const auto gain = static_cast<float>(std::log(kDropRate / usual));
  if (gain <= 0) return 0;
  in_doubt_ = true;
  for (Sum& sum : up_to(seconds)) {
    sum.ratio = std::min(sum.ratio + gain, kCertain);
    ++sum.dropped;
  }
  const Sum* first = first_certain();
  if (first == nullptr) return 0;
  if (!certain_) since_ = now;
  certain_ = true;
  if (now.ns - since_.ns < kHoldNs) return 0;
  // It may lie just below, among gaps that went on to survive.
  const auto place = static_cast<double>(first - sums_.data()) - 1;
  return kLeastAge * std::exp2(place / kPerOctave);
}

}  // namespace exwire::detect
