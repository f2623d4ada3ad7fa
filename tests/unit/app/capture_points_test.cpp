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

// One worker and what stands behind it.
struct Bench {
  Budget budget{size_t{1} << 20};
  app::CapturePoints points;
  app::FlowPoints flows{budget, 64};

  void packet(uint16_t interface, uint32_t handle, const flow::Flow& flow, uint32_t octets) {
    points.packet(points.point(interface), octets);
    flows.place(handle, points.point(interface));
    if (app::FlowPoints::is_judged_now(flow)) points.add(flows.judged(handle, flow));
  }
  void lost(uint32_t handle, uint64_t octets) { points.add(flows.lost(handle, octets)); }
  void ended(uint32_t handle, const flow::Flow& flow) { points.add(flows.ended(handle, flow)); }
  const report::CaptureQuality& of(uint32_t handle) const { return points[flows.of(handle)]; }
};

}  // namespace

TEST_CASE("each interface of each source answers for itself", "[capture_points]") {
  Bench bench;
  bench.points.enter("tap0");
  bench.packet(0, 1, flow_of(2, 2), 900);
  bench.packet(1, 2, flow_of(4, 0), 50);
  bench.points.enter("tap1");
  bench.packet(0, 3, flow_of(3, 1), 10);
  bench.points.duplicate(0);
  bench.lost(1, 100);
  bench.lost(2, 250);
  CHECK(bench.of(1).octets == 900);
  CHECK(bench.of(1).lost_octets == 100);
  CHECK(bench.of(1).connections == 1);
  CHECK(bench.of(1).one_sided == 0);
  CHECK(bench.of(2).lost_octets == 150);
  CHECK(bench.of(2).one_sided == 1);
  CHECK(bench.of(2).duplicates == 0);
  CHECK(bench.of(3).duplicates == 1);
  CHECK(bench.of(3).lost_octets == 0);
  CHECK(&bench.points[bench.points.point(0)] == &bench.of(3));
}

TEST_CASE("a connection is judged once, at its fourth packet or its end", "[capture_points]") {
  Bench bench;
  bench.points.enter("file");
  for (uint32_t count = 1; count <= 6; ++count) bench.packet(0, 1, flow_of(count, 0), 0);
  bench.ended(1, flow_of(6, 0));
  bench.packet(0, 2, flow_of(2, 0), 0);
  bench.ended(2, flow_of(2, 0));
  CHECK(bench.of(1).connections == 2);
  CHECK(bench.of(1).one_sided == 2);
}

TEST_CASE("a folder of many files: the last place counts anew", "[capture_points]") {
  Bench bench;
  for (int file = 0; file < 100; ++file) {
    bench.points.enter("file " + std::to_string(file));
    bench.packet(0, 1, flow_of(1, 0), 7);
    CHECK(bench.points[bench.points.point(0)].octets == 7);
  }
}
