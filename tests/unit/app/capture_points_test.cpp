// SPDX-License-Identifier: BSD-3-Clause
// What is known of each capture point, and that none answers for another.
#include "sensor/app/capture_points.hpp"

#include <catch2/catch.hpp>

using namespace exwire;

namespace {

flow::Flow flow_of(uint32_t to_server, uint32_t to_client) {
  flow::Flow flow;
  flow.of(Direction::to_server).packets = to_server;
  flow.of(Direction::to_client).packets = to_client;
  if (to_server > 0) flow.mark(flow::kSawToServer);
  if (to_client > 0) flow.mark(flow::kSawToClient);
  return flow;
}

}  // namespace

TEST_CASE("each interface of each source answers for itself", "[capture_points]") {
  Budget budget(size_t{1} << 20);
  app::CapturePoints points(budget, 64);
  points.enter("tap0");
  points.packet(0, 1, flow_of(2, 2), 900);
  points.packet(1, 2, flow_of(4, 0), 50);
  points.enter("tap1");
  points.packet(0, 3, flow_of(3, 1), 10);
  points.duplicate(0);
  points.lost(1, 100);
  points.lost(2, 250);
  CHECK(points.of(1).octets == 900);
  CHECK(points.of(1).lost_octets == 100);
  CHECK(points.of(1).connections == 1);
  CHECK(points.of(1).one_sided == 0);
  CHECK(points.of(2).lost_octets == 150);
  CHECK(points.of(2).one_sided == 1);
  CHECK(points.of(2).duplicates == 0);
  CHECK(points.of(3).duplicates == 1);
  CHECK(points.of(3).lost_octets == 0);
  CHECK(&points.of(0) == &points.of(3));
}

TEST_CASE("a connection is judged once, at its fourth packet or its end", "[capture_points]") {
  Budget budget(size_t{1} << 20);
  app::CapturePoints points(budget, 64);
  points.enter("file");
  for (uint32_t count = 1; count <= 6; ++count) points.packet(0, 1, flow_of(count, 0), 0);
  points.ended(1, flow_of(6, 0));
  points.packet(0, 2, flow_of(2, 0), 0);
  points.ended(2, flow_of(2, 0));
  CHECK(points.of(1).connections == 2);
  CHECK(points.of(1).one_sided == 2);
}

TEST_CASE("a folder of many files: the last place counts anew", "[capture_points]") {
  Budget budget(size_t{1} << 20);
  app::CapturePoints points(budget, 64);
  for (int file = 0; file < 100; ++file) {
    points.enter("file " + std::to_string(file));
    points.packet(0, 1, flow_of(1, 0), 7);
    CHECK(points.of(0).octets == 7);
  }
}
