// SPDX-License-Identifier: BSD-3-Clause
#include "sensor/detect/idle_estimator.hpp"

#include <algorithm>
#include <cmath>
#include <vector>

namespace exwire::detect {
namespace {

// Below these nothing is claimed. Five drops alone would be easy to come by on a large path; the
// likelihood ratio against "lost phones" is what decides there.
constexpr uint32_t kFewestDrops = 5;
constexpr uint32_t kFewestSurvivals = 5;
// Twice the gain in log-likelihood over the best explanation without a box. A threshold that may
// fall anywhere among hundreds of ages finds a chance gain of 10 now and then.
constexpr double kLeastGain = 20;
constexpr double kPlaces = 200;
// Twice the loss in log-likelihood that the interval accepts: 99 % of chi-squared with one degree
// of freedom, because a step has no curvature; the simulation shows 95 % coverage.
constexpr double kIntervalLoss = 6.63;
// What a box does and what radio does, as far as the model lets them.
constexpr double kMostBaseRate = 0.1, kLeastBaseRate = 0.0005;
constexpr double kLeastDropRate = 0.9, kMostDropRate = 0.999;
// Phones that vanish for good and come back to the same address: at most once in 50 minutes.
constexpr double kMostHazard = 1.0 / 3000;
constexpr int kHazards = 45;  ///< tried, each 1.2 times the next: down to once in 100 days

// A capture that misses more than this may have missed what ended a gap.
constexpr double kMostCaptureLoss = 0.01;

struct Tally {
  double survived = 0, dropped = 0;
  void add(const IdleSummary::Bin& bin) noexcept {
    survived += bin.survived;
    dropped += bin.dropped;
  }
};

double likelihood(const Tally& tally, double rate) noexcept {
  double sum = 0;
  if (tally.dropped > 0) sum += tally.dropped * std::log(rate);
  if (tally.survived > 0) sum += tally.survived * std::log1p(-rate);
  return sum;
}

double best_likelihood(const Tally& tally, double least, double most) noexcept {
  const double total = tally.survived + tally.dropped;
  if (total == 0) return 0;
  return likelihood(tally, std::clamp(tally.dropped / total, least, most));
}

/// The timeout lies above `low` and not above `high`; likelihood is the same in between.
struct Step {
  double low, high;
  Tally below, above;
  double likelihood;
};

class Steps {
 public:
  explicit Steps(const IdleSummary& summary) {
    for (const IdleSummary::Bin& bin : summary.bins()) all_.add(bin);
    for (const IdleSummary::Bin& bin : summary.bins()) add(bin);
  }
  const std::vector<Step>& list() const noexcept { return list_; }
  const Tally& all() const noexcept { return all_; }

 private:
  // A step before each group of drops. Where survivals and drops of one bin are mixed, their order
  // is not known: the timeout may lie anywhere in that bin.
  void add(const IdleSummary::Bin& bin) {
    const auto survived_most = static_cast<double>(bin.survived_most);
    const auto dropped_least = static_cast<double>(bin.dropped_least);
    const auto dropped_most = static_cast<double>(bin.dropped_most);
    if (bin.dropped > 0 && bin.survived > 0 && survived_most >= dropped_least) {
      step(std::max(survived_most, dropped_most));
      take(bin.survived, bin.dropped);
      newest_ = std::min(static_cast<double>(bin.survived_least), dropped_least);
      return;
    }
    if (bin.survived > 0) {
      take(bin.survived, 0);
      newest_ = survived_most;
    }
    if (bin.dropped == 0) return;
    step(dropped_least);
    newest_ = dropped_least;
    take(0, 1);
    if (bin.dropped > 1) step(dropped_most);  // the first of them was a lost phone
    take(0, bin.dropped - 1);
    newest_ = dropped_most;
  }
  void take(uint32_t survived, uint32_t dropped) noexcept {
    below_.survived += survived;
    below_.dropped += dropped;
  }
  void step(double high) {
    const Tally above{all_.survived - below_.survived, all_.dropped - below_.dropped};
    const double sum = best_likelihood(below_, kLeastBaseRate, kMostBaseRate) +
                       best_likelihood(above, kLeastDropRate, kMostDropRate);
    list_.push_back({newest_, high, below_, above, sum});
  }

  std::vector<Step> list_;
  Tally all_, below_;
  double newest_ = 0;
};

// The best that lost phones alone can explain: the same risk for every gap, or a risk that grows
// with its length.
double without_box(const IdleSummary& summary, const Tally& all) {
  double best = best_likelihood(all, kLeastBaseRate, kMostDropRate);
  double hazard = kMostHazard;
  for (int trial = 0; trial < kHazards; ++trial, hazard /= 1.2) {
    double sum = 0;
    for (const IdleSummary::Bin& bin : summary.bins()) {
      const double age = std::exp2((bin.index + 0.5) / IdleSummary::kPerOctave);
      const double rate = std::clamp(-std::expm1(-hazard * age), kLeastBaseRate, kMostDropRate);
      sum +=
          likelihood({static_cast<double>(bin.survived), static_cast<double>(bin.dropped)}, rate);
    }
    best = std::max(best, sum);
  }
  return best;
}

DropMode mode_of(const IdleSummary& summary) noexcept {
  DropMode mode = DropMode::silent;
  for (const DropMode other : {DropMode::rst, DropMode::fin}) {
    if (summary.drops(other) > summary.drops(mode)) mode = other;
  }
  return mode;
}

// Whether the drops from the timeout on fall at one age: a box that resets or closes does it when
// its timer fires, so the age is the timeout; of a silent one we know the gaps tried.
bool at_one_age(const IdleSummary& summary, double high) noexcept {
  double most = high;
  for (const IdleSummary::Bin& bin : summary.bins()) {
    if (bin.dropped > 0) most = std::max(most, static_cast<double>(bin.dropped_most));
  }
  return most <= high * 1.02;
}

bool lossy(const IdleSummary& summary) noexcept {
  // Half of all gaps spoiled: far more than 1 % of the packets are missing.
  return summary.capture_loss() > kMostCaptureLoss ||
         summary.lost_to_capture() > summary.survivals() + summary.drops();
}

IdleVerdict objection(const Step& best, double gain) noexcept {
  const double total = best.below.survived + best.below.dropped;
  if (best.above.dropped < kFewestDrops) return IdleVerdict::scattered;
  if (best.above.survived * 10 > best.above.dropped) return IdleVerdict::scattered;
  if (best.below.dropped > total * kMostBaseRate) return IdleVerdict::scattered;
  if (best.below.survived < kFewestSurvivals) return IdleVerdict::few_survivals;
  return gain < kLeastGain ? IdleVerdict::not_significant : IdleVerdict::estimated;
}

// A box that resets or closes does so at one age; a heartbeat as long as that sometimes wins the
// race. Nearly all drops within a few percent: survivals there say nothing.
IdleSummary without_races(const IdleSummary& all) {
  constexpr double kBand = 0.01;
  uint32_t below = 0;
  double age = 0;  // the median drop
  for (const IdleSummary::Bin& bin : all.bins()) {
    below += bin.dropped;
    if (bin.dropped > 0) age = static_cast<double>(bin.dropped_most);
    if (below * 2 >= all.drops()) break;
  }
  const double from = age * (1 - kBand), to = age * (1 + kBand);
  uint32_t within = 0;
  for (const IdleSummary::Bin& bin : all.bins()) {
    const bool near = static_cast<double>(bin.dropped_least) >= from &&
                      static_cast<double>(bin.dropped_most) <= to;
    if (near) within += bin.dropped;
  }
  IdleSummary cleared = all;
  if (within * 10 >= all.drops() * 9) cleared.forget_survivals(from, to);
  return cleared;
}

double longest_survival(const IdleSummary& summary, double below) noexcept {
  double most = 0;
  for (const IdleSummary::Bin& bin : summary.bins()) {
    if (bin.survived > 0 && static_cast<double>(bin.survived_most) < below) {
      most = static_cast<double>(bin.survived_most);
    }
  }
  return most;
}

}  // namespace

const char* to_text(DropMode mode) noexcept {
  switch (mode) {
    case DropMode::silent:
      return "silent";
    case DropMode::rst:
      return "rst";
    case DropMode::fin:
      return "fin";
  }
  return "silent";
}

const char* to_text(IdleVerdict verdict) noexcept {
  switch (verdict) {
    case IdleVerdict::estimated:
      return "estimated";
    case IdleVerdict::no_drops:
      return "insufficient: nothing was dropped";
    case IdleVerdict::few_drops:
      return "insufficient: too few drops";
    case IdleVerdict::few_survivals:
      return "insufficient: hardly any gap survived";
    case IdleVerdict::scattered:
      return "insufficient: drops and survivals are scattered over all ages";
    case IdleVerdict::at_once:
      return "insufficient: all drops came at once";
    case IdleVerdict::not_significant:
      return "insufficient: lost phones would explain it nearly as well";
    case IdleVerdict::capture_loss:
      return "insufficient: the capture has lost too much";
  }
  return "insufficient";
}

IdleSummary::Bin& IdleSummary::bin_at(uint32_t index) {
  const auto at =
      std::lower_bound(bins_.begin(), bins_.end(), index,
                       [](const Bin& bin, uint32_t wanted) { return bin.index < wanted; });
  if (at != bins_.end() && at->index == index) return *at;
  Bin made;
  made.index = index;
  return *bins_.insert(at, made);
}

IdleSummary::Bin& IdleSummary::bin_of(double seconds) {
  if (!(seconds > 1)) return bin_at(0);
  const double place = std::log2(seconds) * kPerOctave;
  return bin_at(static_cast<uint32_t>(std::min(place, static_cast<double>(kBins - 1))));
}

void IdleSummary::survived(double seconds) {
  Bin& bin = bin_of(seconds);
  const auto value = static_cast<float>(seconds);
  bin.survived_least = bin.survived == 0 ? value : std::min(bin.survived_least, value);
  bin.survived_most = std::max(bin.survived_most, value);
  ++bin.survived;
  ++survivals_;
}

void IdleSummary::dropped(double seconds, DropMode mode, bool timer) {
  Bin& bin = bin_of(seconds);
  const auto value = static_cast<float>(seconds);
  bin.dropped_least = bin.dropped == 0 ? value : std::min(bin.dropped_least, value);
  bin.dropped_most = std::max(bin.dropped_most, value);
  ++bin.dropped;
  ++modes_[static_cast<size_t>(mode)];
  timers_ += timer;
}

double IdleSummary::capture_loss() const noexcept {
  // One or two holes in a short capture are no rate. About every second packet carries octets; the
  // others go missing without a trace.
  constexpr uint64_t kFewestHoles = 3;
  if (holes_ < kFewestHoles) return 0;
  return std::min(1.0, 2 * static_cast<double>(holes_) / static_cast<double>(packets_));
}

double IdleSummary::usual_drops(double seconds, double limit) const noexcept {
  Tally all, longer;
  for (const Bin& bin : bins_) {
    const double age = std::exp2((bin.index + 0.5) / kPerOctave);
    if (age >= limit) break;
    all.add(bin);
    if (age >= seconds) longer.add(bin);
  }
  const auto rate = [](const Tally& tally) {
    return (tally.dropped + 1) / (tally.dropped + tally.survived + 2);
  };
  return std::max(rate(all), rate(longer));
}

void IdleSummary::merge(const IdleSummary& other) {
  for (const Bin& its : other.bins_) {
    Bin& mine = bin_at(its.index);
    if (its.survived > 0) {
      mine.survived_least = mine.survived == 0 ? its.survived_least
                                               : std::min(mine.survived_least, its.survived_least);
      mine.survived_most = std::max(mine.survived_most, its.survived_most);
      mine.survived += its.survived;
    }
    if (its.dropped > 0) {
      mine.dropped_least =
          mine.dropped == 0 ? its.dropped_least : std::min(mine.dropped_least, its.dropped_least);
      mine.dropped_most = std::max(mine.dropped_most, its.dropped_most);
      mine.dropped += its.dropped;
    }
  }
  for (size_t mode = 0; mode < modes_.size(); ++mode) modes_[mode] += other.modes_[mode];
  survivals_ += other.survivals_;
  timers_ += other.timers_;
  unusable_ += other.unusable_;
  packets_ += other.packets_;
  holes_ += other.holes_;
}

void IdleSummary::forget_survivals(double from, double to) noexcept {
  for (Bin& bin : bins_) {
    const bool within = static_cast<double>(bin.survived_least) >= from &&
                        static_cast<double>(bin.survived_most) <= to;
    if (!within || bin.survived == 0) continue;
    survivals_ -= bin.survived;
    bin.survived = 0;
    bin.survived_least = bin.survived_most = 0;
  }
}

IdleEstimate estimate_idle_timeout(const IdleSummary& all) {
  IdleEstimate result;
  result.gaps = all.survivals() + all.drops();
  result.survived_most_s = longest_survival(all, HUGE_VAL);
  result.mode = mode_of(all);
  result.capture_loss = all.capture_loss();
  result.drops = all.drops();
  if (all.drops() == 0) return result;
  result.verdict = IdleVerdict::capture_loss;
  if (lossy(all)) return result;
  result.verdict = IdleVerdict::few_drops;
  if (all.drops() < kFewestDrops) return result;
  const bool timers = all.timers() * 2 > all.drops();
  const IdleSummary summary = timers ? without_races(all) : all;
  const Steps steps(summary);
  const auto best =
      std::max_element(steps.list().begin(), steps.list().end(),
                       [](const Step& a, const Step& b) { return a.likelihood < b.likelihood; });
  const double gain = 2 * (best->likelihood - without_box(summary, steps.all()));
  result.drops = static_cast<uint32_t>(best->above.dropped);
  result.verdict = objection(*best, gain);
  if (!result.sufficient()) return result;

  // All places a threshold might have share the credit of the best one.
  result.confidence = 1 / (1 + kPlaces * std::exp(-gain / 2));
  result.bracket_low_s = longest_survival(summary, best->high);
  result.bracket_high_s = best->high;
  result.lower_s = best->low;
  result.upper_s = best->high;
  for (const Step& step : steps.list()) {
    if (2 * (best->likelihood - step.likelihood) > kIntervalLoss) continue;
    result.lower_s = std::min(result.lower_s, step.low);
    result.upper_s = std::max(result.upper_s, step.high);
  }
  const bool exact = timers && at_one_age(summary, best->high);
  result.estimate_s = exact ? best->high : (result.bracket_low_s + best->high) / 2;
  return result;
}

}  // namespace exwire::detect
