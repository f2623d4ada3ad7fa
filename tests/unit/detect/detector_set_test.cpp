// SPDX-License-Identifier: BSD-3-Clause
// Who is called at which moment, and that detectors do not share their octets in a flow.
#include <catch2/catch.hpp>

#include "sensor/base/result.hpp"
#include "sensor/detect/detector_set.hpp"

using namespace exwire;
using detect::FlowContext;
using detect::FlowDetector;

namespace {

class Marking final : public FlowDetector {
 public:
  Marking(uint32_t interests, uint8_t octets, uint8_t mark)
      : info_{"marking", interests, octets}, mark_(mark) {}
  detect::DetectorInfo info() const noexcept override { return info_; }
  std::vector<const detect::Signature*> signatures() const override { return {}; }
  void flow_timer(const FlowContext& context, detect::FindingSink&) override {
    for (uint8_t& octet : context.facts) octet = static_cast<uint8_t>(octet + mark_);
  }

 private:
  detect::DetectorInfo info_;
  uint8_t mark_;
};

class Deaf final : public detect::FindingSink {
 public:
  void found(const FlowContext&, const detect::Finding&) override {}
};

std::vector<std::unique_ptr<FlowDetector>> three(uint8_t last_octets) {
  std::vector<std::unique_ptr<FlowDetector>> all;
  all.push_back(std::make_unique<Marking>(detect::kWantsTimers, uint8_t{8}, uint8_t{1}));
  all.push_back(std::make_unique<Marking>(detect::kWantsTicks, uint8_t{4}, uint8_t{2}));
  all.push_back(std::make_unique<Marking>(detect::kWantsTimers, last_octets, uint8_t{3}));
  return all;
}

}  // namespace

TEST_CASE("a detector sees the moments it wants and its own octets", "[detect]") {
  detect::DetectorSet set(three(12));
  REQUIRE(set.wanted(detect::kWantsTimers));
  REQUIRE(set.wanted(detect::kWantsTicks));
  REQUIRE_FALSE(set.wanted(detect::kWantsSegments));
  flow::Flow flow;
  Deaf sink;
  set.each(detect::kWantsTimers, flow, 7, Timestamp{5}, 9,
           [&](FlowDetector& one, const FlowContext& context) {
             CHECK(context.handle == 7);
             CHECK(context.now.ns == 5);
             CHECK(context.packet == 9);
             one.flow_timer(context, sink);
           });
  for (size_t at = 0; at < flow.facts.size(); ++at) {
    INFO("octet " << at);
    CHECK(flow.facts[at] == (at < 8 ? 1 : at < 12 ? 0 : 3));
  }
}

TEST_CASE("slots that do not fit into a flow are refused at the start", "[detect]") {
  REQUIRE_THROWS_AS(detect::DetectorSet(three(13)), SetupError);
}
