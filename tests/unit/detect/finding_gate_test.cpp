// SPDX-License-Identifier: BSD-3-Clause
#include "sensor/detect/finding_gate.hpp"

#include <catch2/catch.hpp>
#include <vector>

using namespace exwire;

namespace {

constexpr detect::Signature kSample{1443999, 1, 3, "sample", "sample", "none"};

class Recorder final : public detect::GateListener {
 public:
  void passed(const flow::Flow&, const detect::Finding& finding) override {
    passed_findings.push_back(finding);
  }
  std::vector<detect::Finding> passed_findings;
};

detect::Finding finding(uint64_t story, int64_t second) {
  detect::Finding result;
  result.signature = &kSample;
  result.story = story;
  result.when = result.first_seen = result.last_seen = {second * kNanosPerSecond};
  return result;
}

struct Gate {
  Budget budget{size_t{64} << 20};
  Recorder recorder;
  detect::FindingGate gate{budget, recorder};
  flow::Flow flow;
};

}  // namespace

TEST_CASE("a story is told once, its repetitions are counted exactly", "[gate]") {
  Gate it;
  for (int64_t second = 0; second < 100; ++second) it.gate.offer(it.flow, finding(1, second));
  it.gate.offer(it.flow, finding(2, 5));
  REQUIRE(it.recorder.passed_findings.size() == 2);
  it.gate.drain();
  REQUIRE(it.recorder.passed_findings.size() == 3);
  const detect::Finding& sum = it.recorder.passed_findings[2];
  CHECK(sum.story == 1);
  CHECK(sum.occurrences == 100);
  CHECK(sum.first_seen.ns == 0);
  CHECK(sum.last_seen.ns == 99 * kNanosPerSecond);
  CHECK(it.gate.suppressed() == 99);
}

TEST_CASE("after an hour the story is summed up and may begin again", "[gate]") {
  Gate it;
  it.gate.offer(it.flow, finding(1, 0));
  it.gate.offer(it.flow, finding(1, 10));
  it.gate.advance({3601 * kNanosPerSecond});
  REQUIRE(it.recorder.passed_findings.size() == 2);
  CHECK(it.recorder.passed_findings[1].occurrences == 2);
  it.gate.offer(it.flow, finding(1, 3700));
  REQUIRE(it.recorder.passed_findings.size() == 3);
  CHECK(it.recorder.passed_findings[2].occurrences == 1);
}

TEST_CASE("more stories than fit: the oldest makes room, nothing is lost", "[gate]") {
  Gate it;
  constexpr uint64_t kStories = detect::FindingGate::kMostStories + 500;
  for (uint64_t story = 1; story <= kStories; ++story) {
    it.gate.offer(it.flow, finding(story, 0));
    it.gate.offer(it.flow, finding(story, 1));
  }
  it.gate.drain();
  uint64_t occurrences = 0;
  for (const auto& one : it.recorder.passed_findings) occurrences += one.occurrences == 2 ? 2 : 0;
  CHECK(occurrences == 2 * kStories);
}

TEST_CASE("a finding that opens, updates and closes passes at every step", "[gate]") {
  Gate it;
  for (const auto phase : {detect::Phase::opened, detect::Phase::updated, detect::Phase::closed}) {
    detect::Finding one = finding(1, 0);
    one.phase = phase;
    it.gate.offer(it.flow, one);
  }
  REQUIRE(it.recorder.passed_findings.size() == 3);
  CHECK(it.recorder.passed_findings[2].phase == detect::Phase::closed);
  it.gate.drain();
  CHECK(it.recorder.passed_findings.size() == 3);
}
