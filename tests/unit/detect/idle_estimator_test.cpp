// SPDX-License-Identifier: BSD-3-Clause
// The estimate against paths whose timeout is known, and against paths that have none.
#include "sensor/detect/idle_estimator.hpp"

#include <catch2/catch.hpp>
#include <random>
#include <string>

using namespace exwire;
using detect::DropMode;
using detect::IdleEstimate;
using detect::IdleSummary;
using detect::IdleVerdict;

namespace {

void survivals(IdleSummary& summary, std::initializer_list<double> ages, int times = 1) {
  for (int time = 0; time < times; ++time) {
    for (const double age : ages) summary.survived(age);
  }
}

// Phones with adaptive heartbeats on one path: up by 300 s after an answer, back after a drop.
// `timeout` 0: no box. Mail ends some waits early. `radio`: chance of a lost phone per wait.
IdleSummary simulate(std::mt19937_64& random, double timeout, double radio, int phones, int waits) {
  std::uniform_real_distribution<double> even(0, 1);
  IdleSummary summary;
  for (int phone = 0; phone < phones; ++phone) {
    double heartbeat = 60 + 60 * std::floor(even(random) * 14);
    for (int wait = 0; wait < waits; ++wait) {
      const bool mail = even(random) < 0.4;
      const double age = mail ? 30 + even(random) * (heartbeat - 30) : heartbeat;
      if (even(random) < radio) {
        summary.dropped(age, DropMode::silent);
      } else if (timeout > 0 && age >= timeout) {
        summary.dropped(age, DropMode::silent);
        heartbeat = std::max(60.0, heartbeat - 300);
      } else {
        summary.survived(age);
        heartbeat = std::min(3540.0, heartbeat + 120);
      }
    }
  }
  return summary;
}

}  // namespace

TEST_CASE("a clean silent timeout is bracketed by what was tried", "[detect][idle]") {
  IdleSummary summary;
  survivals(summary, {40, 90, 120, 200, 280, 295}, 4);
  for (int drop = 0; drop < 8; ++drop) summary.dropped(310 + drop * 40, DropMode::silent);
  const IdleEstimate estimate = detect::estimate_idle_timeout(summary);
  INFO(to_text(estimate.verdict));
  REQUIRE(estimate.sufficient());
  CHECK(estimate.mode == DropMode::silent);
  CHECK(estimate.bracket_low_s == Approx(295));
  CHECK(estimate.bracket_high_s == Approx(310));
  CHECK(estimate.estimate_s == Approx(302.5));
  CHECK(estimate.lower_s <= 295);
  CHECK(estimate.upper_s >= 310);
  CHECK(estimate.drops == 8);
  CHECK(estimate.gaps == 32);
  CHECK(estimate.confidence > 0.95);
}

TEST_CASE("resets at one age give that age", "[detect][idle]") {
  IdleSummary summary;
  survivals(summary, {40, 60, 100, 150, 180}, 5);
  for (int drop = 0; drop < 9; ++drop) summary.dropped(240 + drop * 0.1, DropMode::rst, true);
  const IdleEstimate estimate = detect::estimate_idle_timeout(summary);
  REQUIRE(estimate.sufficient());
  CHECK(estimate.mode == DropMode::rst);
  CHECK(estimate.estimate_s == Approx(240));
  CHECK(estimate.lower_s <= 240);
  CHECK(estimate.upper_s >= 240);
}

TEST_CASE("a heartbeat as long as the timer wins the race now and then", "[detect][idle]") {
  IdleSummary summary;
  survivals(summary, {100, 180, 240}, 4);
  for (int race = 0; race < 20; ++race) {
    summary.survived(299.99 + race * 0.001);
    summary.dropped(300 + race * 0.001, DropMode::fin, true);
  }
  const IdleEstimate estimate = detect::estimate_idle_timeout(summary);
  INFO(to_text(estimate.verdict));
  REQUIRE(estimate.sufficient());
  CHECK(estimate.lower_s <= 300);
  CHECK(estimate.upper_s >= 300);
  CHECK(estimate.estimate_s == Approx(300).epsilon(0.01));
}

TEST_CASE("no number without evidence", "[detect][idle]") {
  IdleSummary summary;
  CHECK(detect::estimate_idle_timeout(summary).verdict == IdleVerdict::no_drops);
  survivals(summary, {60, 120, 480, 960}, 10);
  CHECK(detect::estimate_idle_timeout(summary).verdict == IdleVerdict::no_drops);
  CHECK(detect::estimate_idle_timeout(summary).survived_most_s == Approx(960));
  for (int drop = 0; drop < 4; ++drop) summary.dropped(1000, DropMode::silent);
  CHECK(detect::estimate_idle_timeout(summary).verdict == IdleVerdict::few_drops);

  IdleSummary dead;  // a server that is down: everything drops
  for (int drop = 0; drop < 50; ++drop) dead.dropped(30 + drop * 20, DropMode::silent);
  CHECK_FALSE(detect::estimate_idle_timeout(dead).sufficient());

  IdleSummary radio;  // drops at every age
  survivals(radio, {50, 100, 200, 400, 800, 1600}, 10);
  for (const double age : {45.0, 110.0, 230.0, 390.0, 700.0, 900.0, 1500.0, 1700.0}) {
    radio.dropped(age, DropMode::silent);
  }
  CHECK_FALSE(detect::estimate_idle_timeout(radio).sufficient());

  IdleSummary lossy;
  survivals(lossy, {40, 90, 120, 200, 280, 295}, 4);
  for (int drop = 0; drop < 8; ++drop) lossy.dropped(310 + drop * 40, DropMode::silent);
  for (int gap = 0; gap < 33; ++gap) lossy.unusable();
  CHECK(detect::estimate_idle_timeout(lossy).verdict == IdleVerdict::capture_loss);
}

TEST_CASE("more than one packet in a hundred missing is insufficient", "[detect][idle]") {
  IdleSummary summary;
  survivals(summary, {40, 90, 120, 200, 280, 295}, 4);
  for (int drop = 0; drop < 8; ++drop) summary.dropped(310 + drop * 40, DropMode::silent);
  summary.captured(20, 1);
  summary.captured(30, 1);  // two holes are no rate
  CHECK(detect::estimate_idle_timeout(summary).sufficient());
  summary.captured(450, 1);
  CHECK(detect::estimate_idle_timeout(summary).verdict == IdleVerdict::capture_loss);
  CHECK(detect::estimate_idle_timeout(summary).capture_loss == Approx(0.012));
  IdleSummary more;
  more.captured(1000, 0);
  summary.merge(more);
  CHECK(detect::estimate_idle_timeout(summary).sufficient());
}

TEST_CASE("one heartbeat that mostly works is no timeout", "[detect][idle]") {
  IdleSummary summary;  // all phones wait 480 s; some are lost
  for (int wait = 0; wait < 300; ++wait) summary.survived(480);
  for (int wait = 0; wait < 12; ++wait) summary.dropped(480, DropMode::silent);
  CHECK_FALSE(detect::estimate_idle_timeout(summary).sufficient());
}

TEST_CASE("summaries of parts add up to the summary of the whole", "[detect][idle]") {
  std::mt19937_64 random(7);
  const IdleSummary one = simulate(random, 300, 0.02, 20, 10);
  const IdleSummary two = simulate(random, 300, 0.02, 20, 10);
  IdleSummary forth = one, back = two;
  forth.merge(two);
  back.merge(one);
  const IdleEstimate a = detect::estimate_idle_timeout(forth);
  const IdleEstimate b = detect::estimate_idle_timeout(back);
  CHECK(forth.survivals() == one.survivals() + two.survivals());
  CHECK(forth.drops() == one.drops() + two.drops());
  REQUIRE(a.sufficient());
  CHECK(a.lower_s == b.lower_s);
  CHECK(a.upper_s == b.upper_s);
  CHECK(a.estimate_s == b.estimate_s);
}

TEST_CASE("simulated paths: intervals hold the timeout, and none is invented", "[detect][idle]") {
  std::mt19937_64 random(20061101);
  std::uniform_real_distribution<double> even(0, 1);
  int claimed = 0, held = 0, paths = 0;
  for (int path = 0; path < 400; ++path) {
    const double timeout = std::exp(std::log(60.0) + even(random) * std::log(30.0));
    const double radio = even(random) * 0.05;
    const IdleEstimate estimate =
        detect::estimate_idle_timeout(simulate(random, timeout, radio, 40, 12));
    ++paths;
    if (!estimate.sufficient()) continue;
    ++claimed;
    held += estimate.lower_s <= timeout && timeout <= estimate.upper_s;
  }
  INFO("claimed " << claimed << " of " << paths << ", held " << held);
  CHECK(claimed > paths * 8 / 10);
  CHECK(held >= claimed * 95 / 100);

  int invented = 0;
  for (int path = 0; path < 1000; ++path) {
    const double radio = even(random) * 0.05;
    invented += detect::estimate_idle_timeout(simulate(random, 0, radio, 40, 12)).sufficient();
  }
  CHECK(invented == 0);
}
