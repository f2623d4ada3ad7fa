// SPDX-License-Identifier: BSD-3-Clause
// What looks like Direct Push under TLS, and what only waits.
#include "tests/unit/detect/idle_phones.hpp"

using namespace exwire;
using namespace exwire::test::idle;

TEST_CASE("long waits for small answers are Direct Push", "[detect][idle]") {
  Bench bench;
  Talk push = phone(10, 0);
  for (const int64_t wait : {480, 300, 780}) answered(ping(push), wait);  // mail after 300 s
  bench.add(push);
  bench.run();
  REQUIRE(bench.numbers.size() == 1);
  CHECK(bench.numbers[0].direct_push);
  CHECK(bench.numbers[0].heartbeat_s == 780);
  CHECK(bench.numbers[0].idle_gap_max_s == 780);
}

TEST_CASE("one Ping per connection is Direct Push from the third on", "[detect][idle]") {
  Bench bench;
  uint16_t port = 50000;
  for (const int64_t start : {0, 500, 1300, 2400}) {
    Talk talk = phone(10, start, port++);
    answered(ping(talk), 300 + start / 10).server_fin().client_fin().server_ack();
    bench.add(talk);
  }
  bench.run();
  REQUIRE(bench.numbers.size() == 4);
  const auto push = [](const auto& one) { return one.direct_push; };
  CHECK(std::count_if(bench.numbers.begin(), bench.numbers.end(), push) == 2);
  CHECK(bench.numbers[3].heartbeat_s == 540);
  CHECK(bench.numbers[3].push_score == 80);
}

TEST_CASE("a server that speaks unasked is no Direct Push", "[detect][idle]") {
  Bench bench;
  Talk stream = phone(10, 0);  // EWS streaming: one request, a sign of life every 120 s
  ping(stream);
  for (int sign = 0; sign < 6; ++sign) answered(stream, 120);
  bench.add(stream);
  Talk fetch = phone(11, 0);  // long waits for large answers
  for (int round = 0; round < 4; ++round) {
    ping(fetch).wait(90 * kSecond).server(std::string(1400, 'x')).client("", wire::kAck);
  }
  bench.add(fetch);
  bench.run();
  REQUIRE(bench.numbers.size() == 2);
  for (const auto& one : bench.numbers) {
    CHECK_FALSE(one.direct_push);
    CHECK(one.heartbeat_s == 0);
  }
}
