// SPDX-License-Identifier: BSD-3-Clause
// The lines about idle timeouts at the end of a replay.
#include "sensor/app/path_table.hpp"

#include <catch2/catch.hpp>
#include <vector>

using namespace exwire;

TEST_CASE("each path is told with its timeout or with the reason why not", "[app]") {
  CHECK(app::path_table({}).empty());
  std::vector<detect::PathReport> paths(2);
  paths[0] = {"192.0.2.0/24", "198.51.100.20", 443, {}, 0, 0};
  paths[0].estimate.verdict = detect::IdleVerdict::estimated;
  paths[0].estimate.mode = detect::DropMode::rst;
  paths[0].estimate.estimate_s = 300;
  paths[0].estimate.lower_s = 298;
  paths[0].estimate.upper_s = 302;
  paths[1] = {"203.0.113.0/24", "198.51.100.20", 444, {}, 7, 0};
  paths[1].estimate.verdict = detect::IdleVerdict::capture_loss;
  const std::string text = app::path_table(paths);
  CHECK(text.find("192.0.2.0/24 -> 198.51.100.20:443  rst after 300 s (298 to 302 s)") !=
        std::string::npos);
  CHECK(text.find("insufficient: the capture has lost too much") != std::string::npos);
  CHECK(text.find("7 more spoiled by the capture") != std::string::npos);
}
