// SPDX-License-Identifier: BSD-3-Clause
// The average heartbeat of a server: told when it is too short, closed when it is not any more.
#include <catch2/catch.hpp>

#include "sensor/detect/fleet_detector.hpp"
#include "sensor/detect/heartbeat.hpp"
#include "sensor/detect/idle_gap.hpp"

namespace exwire::detect {
std::unique_ptr<FleetDetector> make_heartbeats(const Site& site);
}  // namespace exwire::detect

using namespace exwire;
using detect::Observation;
using detect::Phase;

namespace {

class Collector final : public detect::FleetSink {
 public:
  void found(const flow::Flow&, const detect::Finding& finding) override {
    CHECK(finding.signature->sid == 1443202);
    phases.push_back(finding.phase);
    for (uint32_t index = 0; index < finding.facts.size(); ++index) {
      if (std::string(finding.facts[index].name) == "average_s") {
        average = finding.facts[index].number;
      }
    }
  }
  std::vector<Phase> phases;
  int64_t average = 0;
};

Observation from(uint8_t phone) {
  Observation made;
  made.client[0] = 10;
  made.client[3] = phone;
  made.server[0] = 192;
  made.server_port = 443;
  return made;
}

Observation wait_of(uint8_t phone, uint32_t seconds) {
  Observation made = from(phone);
  made.topic = detect::Topic::idle_gap;
  made.kind = static_cast<uint16_t>(detect::IdleGapKind::survived);
  detect::IdleGap gap{seconds * 1000};
  gap.marks = detect::IdleGap::kWait;
  made.put(gap);
  return made;
}

Observation ping_of(uint8_t phone, uint32_t seconds) {
  Observation made = from(phone);
  made.topic = detect::Topic::direct_push;
  made.put(detect::Heartbeat{phone, seconds, 1});
  return made;
}

}  // namespace

TEST_CASE("repeated waits are heartbeats, waits ended by mail are not", "[detect][heartbeats]") {
  const detect::Site site;
  const auto heartbeats = detect::make_heartbeats(site);
  Collector sink;
  for (uint32_t round = 0; round < 20; ++round) {
    for (uint8_t phone = 0; phone < 10; ++phone) {
      heartbeats->observe(wait_of(phone, 480), sink);
      heartbeats->observe(wait_of(phone, 190 + (round * 67 + phone * 31) % 280), sink);
    }
  }
  CHECK(sink.phases.empty());  // two waits of each phone teach, eighteen count
  for (uint32_t round = 0; round < 2; ++round) {
    for (uint8_t phone = 0; phone < 10; ++phone) heartbeats->observe(wait_of(phone, 480), sink);
  }
  REQUIRE(sink.phases == std::vector<Phase>{Phase::opened});
  CHECK(sink.average > 470);
  for (uint32_t round = 0; round < 30; ++round) {
    for (uint8_t phone = 0; phone < 10; ++phone) heartbeats->observe(wait_of(phone, 1680), sink);
  }
  CHECK(sink.phases == std::vector<Phase>{Phase::opened, Phase::closed});
}

TEST_CASE("short polls under TLS are no heartbeats", "[detect][heartbeats]") {
  const detect::Site site;
  const auto heartbeats = detect::make_heartbeats(site);
  Collector sink;
  for (uint32_t round = 0; round < 100; ++round) {
    for (uint8_t phone = 0; phone < 10; ++phone) heartbeats->observe(wait_of(phone, 60), sink);
  }
  CHECK(sink.phases.empty());
}

TEST_CASE("what Pings ask for counts from the first", "[detect][heartbeats]") {
  const detect::Site site;
  const auto heartbeats = detect::make_heartbeats(site);
  Collector sink;
  for (uint32_t ping = 0; ping < 199; ++ping) heartbeats->observe(ping_of(1, 540), sink);
  CHECK(sink.phases.empty());
  heartbeats->observe(ping_of(1, 540), sink);
  REQUIRE(sink.phases == std::vector<Phase>{Phase::opened});
  CHECK(sink.average == 540);
}

TEST_CASE("a Ping without a body repeats the device's last heartbeat", "[detect][heartbeats]") {
  const detect::Site site;
  const auto heartbeats = detect::make_heartbeats(site);
  Collector sink;
  heartbeats->observe(ping_of(1, 300), sink);
  heartbeats->observe(ping_of(2, 1680), sink);
  for (uint32_t ping = 0; ping < 99; ++ping) {
    heartbeats->observe(ping_of(1, 0), sink);
    heartbeats->observe(ping_of(2, 0), sink);
    heartbeats->observe(ping_of(3, 0), sink);  // of this one nothing is known
  }
  CHECK(sink.phases.empty());  // (300 + 1680) / 2 is above the threshold
  for (uint32_t ping = 0; ping < 170; ++ping) heartbeats->observe(ping_of(1, 0), sink);
  CHECK(sink.phases == std::vector<Phase>{Phase::opened});
}
