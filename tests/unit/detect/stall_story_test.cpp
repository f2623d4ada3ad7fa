// SPDX-License-Identifier: BSD-3-Clause
#include "sensor/detect/stall_story.hpp"

#include <catch2/catch.hpp>

using exwire::detect::StallStory;
using Step = StallStory::Step;

TEST_CASE("a finding opens at the floor and only with few sources", "[stalled]") {
  StallStory story;
  CHECK(story.judge(1, 49, 49, 50) == Step::none);
  CHECK(story.judge(2, 60, 10, 50) == Step::none);  // sixty phones on a slow network
  CHECK(story.judge(3, 50, 50, 50) == Step::open);
  CHECK(story.opened_s() == 3);
}

TEST_CASE("many sources need ten times the floor", "[stalled]") {
  StallStory story;
  CHECK(story.judge(1, 499, 10, 50) == Step::none);
  CHECK(story.judge(2, 500, 10, 50) == Step::open);
}

TEST_CASE("updates come every 30 s at most, and only with news", "[stalled]") {
  StallStory story;
  REQUIRE(story.judge(100, 60, 60, 50) == Step::open);
  for (uint32_t second = 101; second < 130; ++second) {
    CHECK(story.judge(second, 60 + second, 60, 50) == Step::none);
  }
  CHECK(story.judge(130, 200, 60, 50) == Step::update);
  CHECK(story.judge(165, 201, 60, 50) == Step::none);
  CHECK(story.judge(430, 201, 60, 50) == Step::update);
  CHECK(story.peak() == 201);
}

TEST_CASE("a finding closes after ten quiet seconds, not at the first", "[stalled]") {
  StallStory story;
  REQUIRE(story.judge(100, 60, 60, 50) == Step::open);
  CHECK(story.judge(101, 3, 3, 50) == Step::none);
  CHECK(story.judge(105, 60, 60, 50) == Step::none);
  CHECK(story.judge(114, 0, 0, 50) == Step::none);
  CHECK(story.judge(115, 0, 0, 50) == Step::close);
  CHECK_FALSE(story.finish());
}

TEST_CASE("what a server always has is no finding", "[stalled]") {
  StallStory story;
  uint32_t now = 0;
  for (; now < 7200; ++now) REQUIRE(story.judge(now, 45, 45, 50) == Step::none);
  CHECK(story.usual() == 45);
  CHECK(story.judge(++now, 120, 120, 50) == Step::none);
  CHECK(story.judge(++now, 200, 200, 50) == Step::open);
}

TEST_CASE("the end of a capture closes what is open", "[stalled]") {
  StallStory story;
  CHECK_FALSE(story.finish());
  REQUIRE(story.judge(1, 60, 60, 50) == Step::open);
  CHECK(story.finish());
}
