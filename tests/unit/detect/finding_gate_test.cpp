// SPDX-License-Identifier: BSD-3-Clause
#include "sensor/detect/finding_gate.hpp"

#include <algorithm>
#include <catch2/catch.hpp>
#include <string>
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

std::string text_of(const detect::Finding& finding, const std::string& name) {
  for (uint32_t index = 0; index < finding.facts.size(); ++index) {
    const auto fact = finding.facts[index];
    if (fact.name == name)
      return fact.is_number ? std::to_string(fact.number) : std::string(fact.text);
  }
  return {};
}

/// What a reader of the lines adds up: the last count of each story and of each crowd.
uint64_t counted(const Recorder& recorder) {
  std::vector<const detect::Finding*> last;
  for (const auto& one : recorder.passed_findings) {
    const auto same = [&](const detect::Finding* other) {
      return other->story == one.story && other->first_seen == one.first_seen;
    };
    const auto known = std::find_if(last.begin(), last.end(), same);
    if (known == last.end()) {
      last.push_back(&one);
    } else {
      *known = &one;
    }
  }
  uint64_t sum = 0;
  for (const auto* one : last) sum += one->occurrences;
  return sum;
}

size_t most_within_a_second(const Recorder& recorder) {
  std::vector<int64_t> times;
  for (const auto& one : recorder.passed_findings) times.push_back(one.when.ns);
  std::sort(times.begin(), times.end());
  size_t most = 0, first = 0;
  for (size_t index = 0; index < times.size(); ++index) {
    while (times[index] - times[first] >= kNanosPerSecond) ++first;
    most = std::max(most, index - first + 1);
  }
  return most;
}

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

TEST_CASE("the facts of a finding are made when it is told", "[gate]") {
  Gate it;
  int made = 0;
  const detect::FactsBy source([&](detect::Facts& facts) { facts.add("made", ++made); });
  for (int64_t second = 0; second < 100; ++second) {
    detect::Finding one = finding(1, second);
    one.source = &source;
    it.gate.offer(it.flow, one);
  }
  it.gate.drain();
  REQUIRE(it.recorder.passed_findings.size() == 2);
  CHECK(made == 1);
  for (const detect::Finding& told : it.recorder.passed_findings) {
    CHECK(text_of(told, "made") == "1");
    CHECK(told.source == nullptr);
  }
}

TEST_CASE("a repetition that is only counted counts as one that is offered", "[gate]") {
  Gate offered, repeated;
  for (const int64_t second : {0, 10, 5}) offered.gate.offer(offered.flow, finding(1, second));
  repeated.gate.offer(repeated.flow, finding(1, 0));
  REQUIRE(repeated.gate.counts(1));
  CHECK_FALSE(repeated.gate.counts(2));
  for (const int64_t second : {10, 5}) {
    repeated.gate.repeat(1, {second * kNanosPerSecond}, 1);
  }
  CHECK(repeated.gate.suppressed() == offered.gate.suppressed());
  for (Gate* one : {&offered, &repeated}) {
    one->gate.advance({4000 * kNanosPerSecond});
    CHECK(one->gate.closed() == 1);
    CHECK_FALSE(one->gate.counts(1));
    REQUIRE(one->recorder.passed_findings.size() == 2);
    CHECK(one->recorder.passed_findings[1].occurrences == 3);
    CHECK(one->recorder.passed_findings[1].last_seen.ns == 10 * kNanosPerSecond);
  }
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
  for (uint64_t story = 1; story <= kStories; ++story) {  // so slowly that all may be told
    it.gate.offer(it.flow, finding(story, static_cast<int64_t>(story)));
    it.gate.offer(it.flow, finding(story, static_cast<int64_t>(story)));
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

TEST_CASE("a flood of stories is held back, and counted exactly by signature", "[gate]") {
  Gate it;
  it.flow.key.ip_version = 4;
  it.flow.key.hi = {192, 0, 2, 20};
  it.flow.mark(flow::kClientIsLo);
  constexpr uint64_t kFindings = 200000, kClients = 20000;
  for (uint64_t number = 0; number < kFindings; ++number) {
    const uint64_t client = number % kClients;
    it.flow.key.lo = {10, 9, static_cast<uint8_t>(client >> 8), static_cast<uint8_t>(client)};
    detect::Finding one = finding(client + 1, 0);
    one.when.ns = static_cast<int64_t>(number) * kNanosPerSecond / 5000;
    one.first_seen = one.last_seen = one.when;
    it.gate.offer(it.flow, one);
    if (number % 64 == 0) it.gate.advance(one.when);
  }
  it.gate.drain();
  CHECK(counted(it.recorder) == kFindings);
  CHECK(most_within_a_second(it.recorder) <= 100);
  const detect::Finding& sum = it.recorder.passed_findings.back();
  CHECK(text_of(sum, "held_back") == std::to_string(sum.occurrences));
  CHECK(text_of(sum, "client_network") == "10.9.0.0/17");
  CHECK(text_of(sum, "server_network") == "192.0.2.20/32");
}

TEST_CASE("a crowd is told every ten seconds, and is over when it stops growing", "[gate]") {
  Gate it;
  uint64_t story = 0;
  const auto flood = [&](int64_t second) {
    for (int count = 0; count < 100; ++count) it.gate.offer(it.flow, finding(++story, second));
  };
  flood(0);
  const size_t told = it.recorder.passed_findings.size();
  it.gate.advance({9 * kNanosPerSecond});
  CHECK(it.recorder.passed_findings.size() == told);
  it.gate.advance({10 * kNanosPerSecond});
  REQUIRE(it.recorder.passed_findings.size() == told + 1);
  CHECK(it.recorder.passed_findings.back().occurrences == 100 - told);
  for (int64_t second = 20; second < 60; second += 10) it.gate.advance({second * kNanosPerSecond});
  CHECK(it.recorder.passed_findings.size() == told + 1);
  flood(100);
  it.gate.drain();
  CHECK(it.recorder.passed_findings.back().first_seen.ns == 100 * kNanosPerSecond);
  CHECK(counted(it.recorder) == 200);
}

TEST_CASE("a file that is older than the last one begins with all its lines", "[gate]") {
  Gate it;
  for (uint64_t story = 1; story <= 200; ++story) it.gate.offer(it.flow, finding(story, 100000));
  const size_t told = it.recorder.passed_findings.size();
  it.gate.advance({100000 * kNanosPerSecond});
  it.gate.offer(it.flow, finding(1000, 500));
  CHECK(it.recorder.passed_findings.size() == told + 1);
}
