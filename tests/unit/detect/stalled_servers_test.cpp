// SPDX-License-Identifier: BSD-3-Clause
// Many connections of one server, told step by step: which of them make a finding, when, and whom
// it names.
#include <catch2/catch.hpp>
#include <map>
#include <string>
#include <vector>

#include "sensor/detect/fleet_detector.hpp"
#include "sensor/detect/stage.hpp"
#include "sensor/detect/stall_sources.hpp"

namespace exwire::detect {
std::unique_ptr<FleetDetector> make_stalled_servers(const Site& site, Budget& budget,
                                                    HashKey secret);
}

using namespace exwire;
using detect::Phase;
using detect::Stage;

namespace {

struct Told {
  uint32_t sid;
  Phase phase;
  int64_t second;
  std::map<std::string, std::string> facts;
  uint8_t severity;
};

struct Fleet final : detect::FleetSink {
  detect::Site site;
  Budget budget{size_t{64} << 20};
  std::unique_ptr<detect::FleetDetector> detector = detect::make_stalled_servers(site, budget, {});
  std::vector<Told> told;
  uint8_t sight = detect::kWholeSight;

  void found(const flow::Flow&, const detect::Finding& finding) override {
    Told one{finding.signature->sid,
             finding.phase,
             finding.when.ns / kNanosPerSecond,
             {},
             finding.severity};
    for (uint32_t index = 0; index < finding.facts.size(); ++index) {
      const auto fact = finding.facts[index];
      one.facts[fact.name] = fact.is_number ? std::to_string(fact.number) : std::string(fact.text);
    }
    told.push_back(one);
  }
  void step(detect::StageStep body, uint32_t client, int64_t now_s) {
    detect::Observation step;
    step.when = {now_s * kNanosPerSecond};
    step.client = {10, static_cast<uint8_t>(client >> 16), static_cast<uint8_t>(client >> 8),
                   static_cast<uint8_t>(client)};
    step.server = {192, 0, 2, 20};
    step.client_port = 40000;
    step.server_port = 443;
    step.topic = detect::Topic::stage;
    body.sight = sight;
    step.put(body);
    detector->observe(step, *this);
  }
  void enter(Stage stage, uint32_t client, int64_t now_s) {
    step({0, static_cast<uint32_t>(now_s), Stage::none, stage}, client, now_s);
  }
  void leave(Stage stage, uint32_t client, int64_t now_s, int64_t since_s) {
    step({static_cast<uint32_t>(since_s), 0, stage, Stage::none}, client, now_s);
  }
  void until(int64_t now_s) { detector->tick({now_s * kNanosPerSecond}, *this); }
  void drain(int64_t now_s) { detector->drain({now_s * kNanosPerSecond}, *this); }
};

}  // namespace

TEST_CASE("silence is told in its second, however time is cut into batches", "[stalled]") {
  for (const bool ticks : {true, false}) {
    Fleet fleet;
    for (uint32_t index = 0; index < 60; ++index) fleet.enter(Stage::silent, 1, 1000);
    for (int64_t now = 1001; ticks && now < 1060; ++now) fleet.until(now);
    for (uint32_t index = 0; index < 60; ++index) fleet.leave(Stage::silent, 1, 1060, 1000);
    fleet.until(1100);
    REQUIRE(fleet.told.size() == 2);
    CHECK(fleet.told[0].sid == 1443102);
    CHECK(fleet.told[0].phase == Phase::opened);
    CHECK(fleet.told[0].second == 1030);
    CHECK(fleet.told[0].facts["connections"] == "60");
    CHECK(fleet.told[0].facts["sources"] == "10.0.0.1 (60)");
    CHECK(fleet.told[1].phase == Phase::closed);
    CHECK(fleet.told[1].facts["total"] == "60");
    CHECK(fleet.told[1].facts["sources"] == "10.0.0.1 (60)");
  }
}

TEST_CASE("an honest client in trouble is not named beside the attacker", "[stalled]") {
  Fleet fleet;
  for (uint32_t index = 0; index < 200; ++index) fleet.enter(Stage::no_request, 7, 1000);
  for (uint32_t client = 100; client < 104; ++client) fleet.enter(Stage::no_request, client, 1000);
  for (uint32_t index = 0; index < 5; ++index) fleet.enter(Stage::no_request, 200, 1000);
  fleet.until(1031);
  REQUIRE(fleet.told.size() == 1);
  CHECK(fleet.told[0].facts["connections"] == "209");
  CHECK(fleet.told[0].facts["sources"] == "10.0.0.7 (200)");
}

TEST_CASE("phones that come back after a restart are no attack", "[stalled]") {
  Fleet fleet;
  // 10,000 within a minute: SYN answered within the second, the handshake slow, then a request.
  for (uint32_t second = 0; second < 60; ++second) {
    for (uint32_t index = 0; index < 167; ++index) {
      const uint32_t client = second * 167 + index;
      fleet.enter(Stage::half_open, client, 1000 + second);
      fleet.leave(Stage::half_open, client, 1000 + second, 1000 + second);
      fleet.enter(Stage::handshake, client, 1000 + second);
    }
    for (uint32_t index = 0; second >= 8 && index < 167; ++index) {
      fleet.leave(Stage::handshake, (second - 8) * 167 + index, 1000 + second, 992 + second);
    }
  }
  fleet.until(1059);
  fleet.drain(1059);
  CHECK(fleet.told.empty());
}

TEST_CASE("SYNs that old Windows repeats after three seconds are no flood", "[stalled]") {
  Fleet fleet;
  for (uint32_t client = 0; client < 3000; ++client) {
    fleet.enter(Stage::unanswered, client, 1000);
  }
  for (uint32_t client = 0; client < 3000; ++client) {
    fleet.leave(Stage::unanswered, client, 1003, 1000);
  }
  fleet.drain(1020);
  CHECK(fleet.told.empty());
}

TEST_CASE("some phones behind a shared address always lose their network", "[stalled]") {
  Fleet honest, attacked;
  for (Fleet* fleet : {&honest, &attacked}) {
    for (uint32_t index = 0; index < 3000; ++index) {  // of fifty each, one stays
      const uint32_t second = 1000 + index / 60;
      fleet->enter(Stage::handshake, 1, second);
      if (index % 50 != 0) fleet->leave(Stage::handshake, 1, second, second);
    }
    if (fleet == &attacked) {
      for (uint32_t index = 0; index < 100; ++index) fleet->enter(Stage::handshake, 2, 1060);
    }
    fleet->drain(1100);
  }
  CHECK(honest.told.empty());
  REQUIRE_FALSE(attacked.told.empty());
  CHECK(attacked.told[0].facts["sources"] == "10.0.0.2 (100)");

  Fleet held;  // a server that ends held connections has not let them pass
  for (uint32_t index = 0; index < 3000; ++index) {
    const uint32_t second = 1000 + index / 60;
    held.enter(Stage::handshake, 1, second);
    if (second >= 1012) held.leave(Stage::handshake, 1, second, second - 12);
  }
  held.drain(1060);
  REQUIRE_FALSE(held.told.empty());
  CHECK(held.told[0].facts["origin"] == "one source");
}

TEST_CASE("from one stage straight to another is as out of one and into the other", "[stalled]") {
  Fleet straight, apart;
  for (uint32_t second = 1000; second < 1060; ++second) {
    for (Fleet* fleet : {&straight, &apart}) fleet->enter(Stage::silent, 1, second);
    if (second % 2 == 0) continue;  // 30 remain, too few
    straight.step({second, second, Stage::silent, Stage::head}, 1, second);
    apart.leave(Stage::silent, 1, second, second);
    apart.enter(Stage::head, 1, second);
  }
  for (Fleet* fleet : {&straight, &apart}) {
    for (uint32_t index = 0; index < 40; ++index) fleet->enter(Stage::head, 2, 1060);
    fleet->until(1100);
    REQUIRE(fleet->told.size() == 1);
    CHECK(fleet->told[0].sid == 1443105);
  }
  CHECK(straight.told[0].second == apart.told[0].second);
  CHECK(straight.told[0].facts == apart.told[0].facts);
}

TEST_CASE("a flood is told before its threshold, and at the end of a short capture", "[stalled]") {
  Fleet flood;
  for (uint32_t client = 0; client < 3000; ++client) {
    flood.enter(Stage::unanswered, client, 1000 + client / 1000);
  }
  flood.until(1004);
  REQUIRE(flood.told.size() == 1);
  CHECK(flood.told[0].sid == 1443101);
  CHECK(flood.told[0].second == 1004);
  CHECK(flood.told[0].facts["sources"].empty());  // forged: nobody holds more than one
  flood.drain(1004);
  CHECK(flood.told.back().facts["total"] == "3000");

  Fleet alone;  // a hundred each second, and the capture holds nothing but them
  alone.sight = 0;
  for (uint32_t index = 0; index < 1000; ++index) {
    alone.enter(Stage::unanswered, 1, 1000 + index / 100);
  }
  alone.drain(1010);
  REQUIRE(alone.told.size() == 2);
  CHECK(alone.told[0].phase == Phase::opened);
  CHECK(alone.told[0].facts["origin"] == "one source");
  CHECK(alone.told[0].facts["sources"] == "10.0.0.1 (" + alone.told[0].facts["connections"] + ")");
  CHECK(alone.told[1].facts["origin"] == "one source");

  Fleet brief;
  for (uint32_t client = 0; client < 3000; ++client) brief.enter(Stage::unanswered, client, 1000);
  brief.drain(1000);
  REQUIRE(brief.told.size() == 2);
  CHECK(brief.told[0].phase == Phase::opened);
  CHECK(brief.told[1].phase == Phase::closed);
  CHECK(brief.told[1].facts["total"] == "3000");
  CHECK(brief.told[1].facts["origin"] == "many sources, probably forged");

  Fleet busy;  // as many, but nearly all become connections
  for (uint32_t client = 0; client < 3000; ++client) {
    busy.enter(Stage::half_open, client, 1000);
    if (client < 2700) busy.leave(Stage::half_open, client, 1000, 1000);
  }
  busy.drain(1000);
  CHECK(busy.told.empty());
}

TEST_CASE("a short capture of many held connections is told at its end", "[stalled]") {
  Fleet held;
  for (uint32_t index = 0; index < 120; ++index) held.enter(Stage::unread, 1, 1000);
  held.drain(1012);
  REQUIRE(held.told.size() == 2);
  CHECK(held.told[0].sid == 1443107);
  CHECK(held.told[1].facts["origin"] == "one source");

  Fleet honest;  // as many, of one client each
  for (uint32_t client = 0; client < 120; ++client) honest.enter(Stage::unread, client, 1000);
  honest.drain(1012);
  CHECK(honest.told.empty());
}

TEST_CASE("answers refused by their client count by rate", "[stalled]") {
  Fleet flood, browser;
  for (uint32_t index = 0; index < 400; ++index) flood.enter(Stage::aborted, 3, 1000 + index / 100);
  for (uint32_t index = 0; index < 400; ++index) browser.enter(Stage::aborted, 3, 1000 + index);
  flood.until(1030);
  browser.until(1500);
  REQUIRE(flood.told.size() == 2);
  CHECK(flood.told[0].sid == 1443101);
  CHECK(flood.told[1].facts["total"] == "400");
  Fleet cut;  // the capture ends in the middle
  for (uint32_t index = 0; index < 400; ++index) cut.enter(Stage::aborted, 3, 1000 + index / 100);
  cut.drain(1003);
  REQUIRE(cut.told.size() == 2);
  CHECK(cut.told[1].facts["total"] == "400");
  CHECK(browser.told.empty());
}

TEST_CASE("backscatter is named for what it is", "[stalled]") {
  Fleet forged, few;
  for (uint32_t index = 0; index < 600; ++index) {
    forged.enter(Stage::backscatter, index, 1000 + index / 100);
  }
  for (uint32_t index = 0; index < 40; ++index) few.enter(Stage::backscatter, index, 1000);
  forged.until(1030);
  few.until(1030);
  REQUIRE(forged.told.size() == 2);
  CHECK(forged.told[0].sid == 1443109);
  CHECK(forged.told[0].severity == 3);
  CHECK(forged.told[0].facts["origin"] == "many sources, probably forged");
  CHECK(forged.told[1].facts["total"] == "600");
  CHECK(few.told.empty());

  Fleet held, filtered;  // answers of SYN cookies come once
  filtered.sight = 0;
  for (uint32_t index = 0; index < 600; ++index) {
    held.enter(Stage::unasked, index, 1000 + index / 100);
    filtered.enter(Stage::unasked, index, 1000 + index / 100);
  }
  held.until(1100);
  filtered.until(1100);
  REQUIRE_FALSE(held.told.empty());
  CHECK(held.told.front().sid == 1443109);
  CHECK(held.told.front().phase == Phase::opened);
  CHECK(held.told.back().phase == Phase::closed);
  CHECK(held.told.back().facts["total"] == "600");
  CHECK(filtered.told.empty());
}

TEST_CASE("halves of handshakes that a flood has parted are no attack", "[stalled]") {
  Fleet parted, answered;
  for (uint32_t client = 0; client < 1000; ++client) {
    parted.enter(Stage::unanswered, client, 1000);
    parted.enter(Stage::unasked, client, 1001);
    answered.enter(Stage::half_open, client, 1000);
  }
  for (uint32_t client = 0; client < 3000; ++client) {  // repeated to whom is not known any more
    answered.enter(Stage::unasked, client, 1003);
    answered.enter(Stage::backscatter, client, 1006);
  }
  parted.drain(1030);
  answered.drain(1030);
  CHECK(parted.told.empty());
  REQUIRE(answered.told.size() == 2);
  CHECK(answered.told[0].sid == 1443101);
  CHECK(answered.told[1].sid == 1443101);
}

TEST_CASE("a scan of many servers does not keep an attacked one out", "[stalled]") {
  Fleet fleet;
  for (uint32_t host = 0; host < 1000; ++host) {
    detect::Observation step;
    step.when = {1000 * kNanosPerSecond};
    step.client = {10, 0, 0, 9};
    step.server = {198, 51, static_cast<uint8_t>(host >> 8), static_cast<uint8_t>(host)};
    step.server_port = 443;
    step.topic = detect::Topic::stage;
    step.put(detect::StageStep{0, 1000, Stage::none, Stage::unanswered});
    fleet.detector->observe(step, fleet);
  }
  for (uint32_t index = 0; index < 60; ++index) fleet.enter(Stage::head, 1, 1001);
  fleet.until(1012);
  REQUIRE(fleet.told.size() == 1);
  CHECK(fleet.told[0].sid == 1443105);
}

TEST_CASE("what the capture cannot show is no attack of high severity", "[stalled]") {
  for (const Stage stage : {Stage::unanswered, Stage::half_open, Stage::hammered}) {
    Fleet filtered, proxy, whole, late;
    filtered.sight = proxy.sight = late.sight = detect::kSightOfAnswers;  // SYNs and SYN-ACKs
    for (uint32_t client = 0; client < 3000; ++client) {
      for (Fleet* fleet : {&filtered, &whole, &late}) fleet->enter(stage, client, 1000);
    }
    for (uint32_t index = 0; index < 300; ++index) proxy.enter(stage, 1, 1000);
    for (Fleet* fleet : {&filtered, &proxy, &whole, &late}) fleet->until(1007);
    REQUIRE(filtered.told.size() == 1);
    CHECK(filtered.told[0].severity == 3);
    CHECK(filtered.told[0].facts.count("capture") == 1);
    CHECK(filtered.told[0].facts["connections"] == "3000");
    CHECK(proxy.told.empty());
    REQUIRE(whole.told.size() == 1);
    CHECK(whole.told[0].severity == 2);
    CHECK(whole.told[0].facts.count("capture") == 0);
    late.sight = detect::kWholeSight;  // somebody is answered after all
    late.enter(Stage::silent, 9, 1008);
    late.drain(1009);
    REQUIRE(late.told.size() == 2);
    CHECK(late.told[1].severity == 2);
  }
}

TEST_CASE("populations are charged, and what finds no room is counted", "[stalled]") {
  Fleet fleet;
  CHECK(fleet.budget.used() == 0);
  for (uint32_t client = 0; client < 1000; ++client) fleet.enter(Stage::unanswered, client, 1000);
  const size_t one = fleet.budget.used();
  CHECK(one > 0);
  detect::FleetCounters counters;
  fleet.detector->count(counters);
  CHECK(counters.stall_sources_shed == 1000 - detect::StallSources::kMost);
  CHECK(counters.stall_populations_refused == 0);

  Fleet tight;
  tight.budget.take(tight.budget.limit() - one);
  for (const Stage stage : {Stage::head, Stage::body, Stage::unread}) tight.enter(stage, 1, 1000);
  CHECK(tight.budget.used() == tight.budget.limit());
  counters = {};
  tight.detector->count(counters);
  CHECK(counters.stall_populations_refused == 2);
}
