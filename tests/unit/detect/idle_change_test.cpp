// SPDX-License-Identifier: BSD-3-Clause
// When is a timeout believed to have become shorter, and when is it an outage, or bad luck?
#include "sensor/detect/idle_change.hpp"

#include <catch2/catch.hpp>
#include <random>

using namespace exwire;
using detect::IdleChange;

namespace {

Timestamp at_minute(int64_t minute) {
  return {minute * 60 * kNanosPerSecond};
}

}  // namespace

TEST_CASE("drops of what used to survive are believed after an hour", "[detect][idle]") {
  IdleChange change;
  double from = 0;
  int64_t minute = 0;
  while (from == 0 && minute < 600) {
    minute += 5;
    change.survived(280, 0.02);
    from = change.dropped(310 + static_cast<double>(minute), 0.02, at_minute(minute));
  }
  CHECK(minute >= 60);
  CHECK(minute <= 120);
  CHECK(from <= 310);
  CHECK(from >= 250);
}

TEST_CASE("an outage is no shorter timeout", "[detect][idle]") {
  IdleChange change;
  for (int64_t minute = 0; minute < 50; ++minute) {
    CHECK(change.dropped(400, 0.02, at_minute(minute)) == 0);
  }
  change.survived(410, 0.02);
  for (int64_t minute = 50; minute < 100; ++minute) {
    CHECK(change.dropped(400, 0.02, at_minute(minute)) == 0);
  }
}

TEST_CASE("what used to be dropped is no news", "[detect][idle]") {
  IdleChange change;
  for (int64_t minute = 0; minute < 1000; ++minute) {
    CHECK(change.dropped(400, 0.95, at_minute(minute)) == 0);
  }
  CHECK_FALSE(change.in_doubt());
}

TEST_CASE("lost phones are no shorter timeout", "[detect][idle]") {
  std::mt19937_64 random(3);
  std::uniform_real_distribution<double> even(0, 1);
  const double radio = GENERATE(0.01, 0.1, 0.3);
  IdleChange change;
  for (int64_t minute = 0; minute < 1'000'000; ++minute) {
    const double age = 60 + even(random) * 3000;
    if (even(random) < radio) {
      REQUIRE(change.dropped(age, radio, at_minute(minute)) == 0);
    } else {
      change.survived(age, radio);
    }
  }
}
