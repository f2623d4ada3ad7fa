// SPDX-License-Identifier: BSD-3-Clause
// Every type of threshold and every track, match by match: which of them speak is what Suricata's
// documentation says (rules/thresholding.rst, configuration/global-thresholds.rst).
#include <catch2/catch.hpp>

#include "rule_stage.hpp"

using namespace exwire;
using namespace exwire::detect;

namespace {

struct Step {
  int second;
  uint8_t client = 10;
};

struct Case {
  const char* rate;
  std::vector<Step> matches;
  const char* spoke;  ///< '!' for each match that is told, '.' for one that is not
};

std::vector<Step> every_second(int count) {
  std::vector<Step> steps;
  for (int at = 0; at < count; ++at) steps.push_back({at});
  return steps;
}

// The first match of a front is told once: connections differ, so that only the rate is asked.
std::string spoken(const Case& one, bool same_flow) {
  rules::RuleSet set =
      RuleStage::set_of("alert tcp any any -> any any (msg:\"m\"; sid:1; content:\"a\"; " +
                        std::string(one.rate) + ")\n");
  INFO(one.rate);
  CHECK(set.refusals() == std::vector<std::string>{});
  RuleStage stage(std::move(set));
  const int64_t begin = stage.now_s;
  std::string result;
  for (const Step& step : one.matches) {
    flow::Flow flow;
    RuleStage::meet(flow, 80, step.client);
    if (!same_flow) flow.start_ns = 1000 * static_cast<int64_t>(result.size() + 1);
    stage.now_s = begin + step.second;
    const int before = stage.told[1];
    stage.segment(flow, "a", "", Direction::to_server, 1 << 20);
    result += stage.told[1] > before ? '!' : '.';
  }
  return result;
}

}  // namespace

TEST_CASE("each type of rate speaks at the matches Suricata documents", "[rules]") {
  const Case one = GENERATE(
      // limit: at most so many in a time, counted from the first of them
      Case{"threshold:type limit, track by_src, count 1, seconds 60;", every_second(5), "!...."},
      Case{"threshold:type limit, track by_src, count 3, seconds 60;", every_second(5), "!!!.."},
      Case{"threshold:type limit, track by_src, count 1, seconds 60;",
           {{0}, {59}, {61}, {100}, {122}},
           "!.!.!"},
      Case{"threshold:type limit, track by_src, count 2, seconds 10;",
           {{0}, {1}, {2}, {11}, {12}, {13}},
           "!!.!!."},
      // threshold: at every so-many-th within the time
      Case{"threshold:type threshold, track by_src, count 1, seconds 60;", every_second(3), "!!!"},
      Case{"threshold:type threshold, track by_src, count 3, seconds 60;", every_second(7),
           "..!..!."},
      Case{"threshold:type threshold, track by_src, count 3, seconds 10;",
           {{0}, {5}, {11}, {12}, {13}},
           "....!"},
      // both: once in a time, at the so-many-th
      Case{"threshold:type both, track by_src, count 1, seconds 60;", every_second(4), "!..."},
      Case{"threshold:type both, track by_src, count 3, seconds 60;", every_second(7), "..!...."},
      Case{"threshold:type both, track by_src, count 2, seconds 10;",
           {{0}, {1}, {2}, {11}, {12}, {13}},
           ".!..!."},
      Case{"threshold:type both, track by_src, count 3, seconds 10;",
           {{0}, {9}, {18}, {27}},
           "...."},
      // detection_filter: each one after so many
      Case{"detection_filter:track by_src, count 1, seconds 60;", every_second(4), ".!!!"},
      Case{"detection_filter:track by_src, count 3, seconds 60;", every_second(6), "...!!!"},
      Case{"detection_filter:track by_src, count 2, seconds 10;",
           {{0}, {1}, {2}, {11}, {12}, {13}},
           "..!..!"},
      // backoff: at the first, then ever more seldom
      Case{"threshold:type backoff, track by_flow, count 1, multiplier 3;", every_second(10),
           "!.!.....!."},
      Case{"threshold:type backoff, track by_flow, count 2, multiplier 2;", every_second(9),
           ".!.!...!."});
  INFO(one.rate);
  CHECK(spoken(one, true) == one.spoke);
}

TEST_CASE("each track counts for itself", "[rules]") {
  const std::vector<Step> two_clients{{0, 10}, {1, 11}, {2, 10}, {3, 11}, {4, 10}};
  const auto by = [&](const char* track, bool same_flow = true) {
    const std::string rate =
        std::string("threshold:type threshold, count 2, seconds 60, track ") + track + ";";
    return spoken({rate.c_str(), two_clients, ""}, same_flow);
  };
  CHECK(by("by_src") == "..!!.");
  CHECK(by("by_dst") == ".!.!.");
  CHECK(by("by_both") == "..!!.");
  CHECK(by("by_rule") == ".!.!.");
  CHECK(by("by_flow") == "..!!.");
  CHECK(by("by_flow", false) == ".....");  // each match in a connection of its own
}
