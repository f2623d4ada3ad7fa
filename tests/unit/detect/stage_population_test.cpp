// SPDX-License-Identifier: BSD-3-Clause
#include "sensor/detect/stage_population.hpp"

#include <catch2/catch.hpp>
#include <memory>
#include <vector>

using exwire::detect::StagePopulation;
using exwire::detect::StallSource;
using exwire::wire::Address;

namespace {

Address client(uint32_t number) {
  Address address{};
  address[0] = 10;
  address[1] = static_cast<uint8_t>(number >> 16);
  address[2] = static_cast<uint8_t>(number >> 8);
  address[3] = static_cast<uint8_t>(number);
  return address;
}

struct Population : StagePopulation {
  Population(uint32_t threshold_s, uint32_t window_s, exwire::HashKey secret)
      : StagePopulation(threshold_s, window_s), clients(secret) {}
  void enter(const Address& address, uint8_t ip_version, uint16_t port, uint32_t since_s) {
    StagePopulation::enter(clients.of(address, ip_version), port, since_s);
  }
  void leave(const Address& address, uint8_t ip_version, uint32_t since_s) {
    StagePopulation::leave(clients.of(address, ip_version), since_s);
  }
  exwire::detect::StallClients clients;
};

std::unique_ptr<Population> population(uint32_t threshold_s = 30, uint32_t window_s = 900,
                                       exwire::HashKey secret = {}) {
  return std::make_unique<Population>(threshold_s, window_s, secret);
}

}  // namespace

TEST_CASE("a connection is stalled from its threshold on", "[stalled]") {
  auto it = population();
  it->enter(client(1), 4, 1000, 5000);
  it->advance(5029);
  CHECK(it->present() == 1);
  CHECK(it->stalled() == 0);
  it->advance(5030);
  CHECK(it->stalled() == 1);
  CHECK(it->oldest_s() == 30);
  it->leave(client(1), 4, 5000);
  CHECK(it->stalled() == 0);
  CHECK(it->present() == 0);
  CHECK(it->became_stalled() == 1);
}

TEST_CASE("leaving in time or out of order counts nothing twice", "[stalled]") {
  auto it = population();
  for (uint32_t second = 0; second < 20; ++second) it->enter(client(1), 4, 1, 5000 + second);
  it->enter(client(1), 4, 1, 5003);  // told late
  for (uint32_t second = 0; second < 20; ++second) it->leave(client(1), 4, 5000 + second);
  CHECK(it->present() == 1);
  it->leave(client(1), 4, 5003);
  it->leave(client(1), 4, 5003);  // never entered
  CHECK(it->present() == 0);
  it->advance(5100);
  CHECK(it->became_stalled() == 0);
}

TEST_CASE("who is older than the window is forgotten", "[stalled]") {
  auto it = population(6, 64);
  for (uint32_t number = 0; number < 100; ++number) it->enter(client(number), 4, 1, 1000);
  it->advance(1063);
  CHECK(it->stalled() == 100);
  it->advance(1064);
  CHECK(it->stalled() == 0);
  CHECK(it->present() == 0);
  CHECK(it->sources(false) == 0);
  it->leave(client(1), 4, 1000);
  CHECK(it->present() == 0);
  it->enter(client(1), 4, 1, 9000);  // after a long silence
  it->advance(9006);
  CHECK(it->stalled() == 1);
}

TEST_CASE("only stalled connections make a source", "[stalled]") {
  auto it = population();
  for (uint32_t index = 0; index < 60; ++index) it->enter(client(1), 4, 40000, 1000);
  for (uint32_t index = 0; index < 20; ++index) it->enter(client(2), 4, 50000, 1000);
  for (uint32_t second = 1000; second < 1060; ++second) {  // honest: comes and goes
    it->enter(client(3), 4, 60000, second);
    it->leave(client(3), 4, second);
    it->enter(client(4), 4, 60000, second);  // leaves after 10 s
    if (second >= 1010) it->leave(client(4), 4, second - 10);
  }
  it->advance(1060);
  std::vector<StallSource> top(10);
  REQUIRE(it->top(top, false) == 2);
  CHECK(it->sources(false) == 2);
  CHECK(top[0].address == client(1));
  CHECK(top[0].connections == 60);
  CHECK(top[0].port == 40000);
  CHECK(top[1].connections == 20);
  for (uint32_t index = 0; index < 60; ++index) it->leave(client(1), 4, 1000);
  CHECK(it->top(top, false) == 1);
  CHECK(top[0].address == client(2));
}

TEST_CASE("a heavy source is found among spoofed ones", "[stalled]") {
  auto it = population(6, 64);
  for (uint32_t index = 0; index < 100000; ++index) {
    it->enter(client(1000 + index), 4, 1, 1000 + index / 10000);
    if (index % 100 == 0) it->enter(client(1), 4, 1, 1000 + index / 10000);
  }
  it->advance(1030);
  CHECK(it->stalled() == 101000);
  CHECK(it->sources_displaced());
  std::vector<StallSource> top(10);
  REQUIRE(it->top(top, false) > 0);
  CHECK(top[0].address == client(1));
  CHECK(top[0].connections >= 900);
  CHECK(top[0].connections <= 1000);
}

TEST_CASE("who is named does not depend on the hash key", "[stalled]") {
  std::vector<StallSource> first(16), other(16);
  for (const uint64_t key : {uint64_t{1}, uint64_t{0x9e3779b97f4a7c15}}) {
    auto it = population(6, 64, {key, key * 3});
    for (uint32_t index = 0; index < 20000; ++index) {
      const uint32_t second = 1000 + index / 1000;
      it->enter(client(index * 7919 % 3000), 4, 1, second);
      if (index % 3 == 0) it->leave(client(index * 7919 % 3000), 4, second);
    }
    it->advance(1030);
    CHECK(it->sources_displaced());
    auto& list = key == 1 ? first : other;
    CHECK(it->top(list, false) == 16);
  }
  for (size_t at = 0; at < first.size(); ++at) {
    CHECK(first[at].address == other[at].address);
    CHECK(first[at].connections == other[at].connections);
  }
}

TEST_CASE("sources are exact as long as there is room for them", "[stalled]") {
  auto it = population(6, 64);
  for (uint32_t round = 0; round < 3; ++round) {
    for (uint32_t number = 0; number < 512; ++number) it->enter(client(number), 4, 1, 1000);
    CHECK_FALSE(it->sources_displaced());
  }
  CHECK(it->sources(false) == 512);
  it->enter(client(1000), 4, 1, 1000);  // all others hold more
  CHECK(it->sources_shed() == 1);
  for (uint32_t round = 0; round < 3; ++round) it->leave(client(7), 4, 1000);
  it->enter(client(1001), 4, 1, 1000);
  CHECK(it->sources(false) == 512);
  CHECK(it->sources_shed() == 1);
}
