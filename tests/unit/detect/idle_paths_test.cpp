// SPDX-License-Identifier: BSD-3-Clause
// What is concluded of a path from the fates of its idle gaps.
#include "tests/unit/detect/idle_phones.hpp"

using namespace exwire;
using namespace exwire::test::idle;

namespace {

// Twelve phones behind a box that forgets after 300 s (or a share of it); each comes back 5 s after
// its heartbeat.
void site_with_box(Bench& bench, bool comes_back, int64_t start = 0, int64_t divisor = 1,
                   std::optional<Direction> seen = {}, int64_t apart_s = 100, bool ipv6 = false) {
  const auto add = [&](const Talk& talk) { bench.add(seen ? only(talk, *seen) : talk); };
  for (int number = 10; number < 22; ++number) {
    const auto port = static_cast<uint16_t>(50000 + start / 1000);
    Talk talk = phone(number, start + number * apart_s, port, ipv6);
    for (const int64_t heartbeat : {60, 120, 180, 240, 270 + number}) {
      answered(ping(talk), heartbeat / divisor);
    }
    unanswered(ping(talk), (310 + number) / divisor);
    server_reset(talk);
    add(talk);
    if (!comes_back) continue;
    const int64_t at = (talk.now.ns - Talk().now.ns) / kSecond + 5;
    Talk again = phone(number, at, static_cast<uint16_t>(port + 1), ipv6);
    again.client_fin().server_fin().client("", wire::kAck);
    add(again);
  }
}

}  // namespace

TEST_CASE("a site behind a forgetful box is told once, with its bracket", "[detect][idle]") {
  Bench bench;
  site_with_box(bench, true);
  bench.run();
  REQUIRE(bench.told.size() >= 1);
  CHECK(bench.told.front().phase == Phase::opened);
  CHECK(std::count_if(bench.told.begin(), bench.told.end(),
                      [](const Told& one) { return one.phase == Phase::opened; }) == 1);
  const Told& last = bench.told.back();
  CHECK(last.number("lower_s") <= 300);
  CHECK(last.number("upper_s") >= 300);
  CHECK(last.facts.at("mode") == "silent");
  CHECK(last.facts.at("client_net") == "192.0.2.0/24");
  CHECK(last.facts.at("server") == "198.51.100.20");
  CHECK(last.number("port") == 443);
  CHECK(last.number("required_s") == 1800);
  CHECK(last.number("drops") >= 5);
  CHECK(last.number("devices") >= 5);
}

TEST_CASE("a site with IPv6 is one path, whatever networks its phones have", "[detect][idle]") {
  Bench bench;
  site_with_box(bench, true, 0, 1, {}, 100, true);
  bench.run();
  REQUIRE(bench.told.size() >= 1);
  const Told& last = bench.told.back();
  CHECK(last.facts.at("client_net") == "2001:0db8:0001:0000:0000:0000:0000:0000/48");
  CHECK(last.facts.at("server") == "2001:0db8:0002:0000:0000:0000:0000:0020");
  CHECK(last.number("lower_s") <= 300);
  CHECK(last.number("upper_s") >= 300);
}

TEST_CASE("what ends all connections at once is no timeout", "[detect][idle]") {
  Bench bench;
  site_with_box(bench, true, 0, 1, {}, 1);
  bench.run();
  CHECK(bench.count(IdleGapKind::dropped) == 12);
  CHECK(bench.told.empty());
  CHECK(bench.path().estimate.verdict == detect::IdleVerdict::at_once);
}

TEST_CASE("evidence that changes nothing is not told", "[detect][idle]") {
  Bench bench;
  site_with_box(bench, true);
  site_with_box(bench, true, 10'000);
  const size_t once = [] {
    Bench one;
    site_with_box(one, true);
    return one.run().told.size();
  }();
  bench.run();
  CHECK(bench.told.size() == once);
}

TEST_CASE("one direction is enough for a box that drops in silence", "[detect][idle]") {
  const Direction seen = GENERATE(Direction::to_server, Direction::to_client);
  INFO((seen == Direction::to_server ? "to the server" : "to the client"));
  Bench bench;
  for (const int64_t start : {0, 10'000}) site_with_box(bench, true, start, 1, seen);
  bench.run();
  CHECK(bench.count(IdleGapKind::survived) >= 100);
  if (seen == Direction::to_client) {
    REQUIRE(bench.told.size() >= 1);
    CHECK(bench.told.back().number("lower_s") <= 300);
    CHECK(bench.told.back().number("upper_s") >= 300);
  } else {
    CHECK(bench.told.empty());  // these phones do not even try to close
  }
}

TEST_CASE("phones that stay away are lost phones, no box", "[detect][idle]") {
  Bench bench;
  site_with_box(bench, false);
  bench.run();
  CHECK(bench.count(IdleGapKind::dropped) == 12);
  CHECK(bench.told.empty());
}

TEST_CASE("why there is no number is said", "[detect][idle]") {
  Bench few;
  for (int number = 10; number < 14; ++number) {
    Talk talk = phone(number, number);
    for (const int64_t heartbeat : {60, 120, 240}) answered(ping(talk), heartbeat);
    unanswered(ping(talk), 310);
    server_reset(talk);
    few.add(talk);
    few.add(phone(number, 800, 50001));
  }
  few.run();
  CHECK(few.told.empty());
  CHECK(few.path().estimate.verdict == detect::IdleVerdict::few_drops);
  CHECK(few.path().estimate.drops == 4);
  CHECK(few.path().client_net == "192.0.2.0/24");

  Bench lossy;
  site_with_box(lossy, true);
  for (int number = 30; number < 36; ++number) {
    Talk talk = phone(number, 2000 + number);
    talk.lose_client(300).client(kRequest).server(kAnswer).client("", wire::kAck);
    lossy.add(talk);
  }
  lossy.run();
  CHECK(lossy.told.empty());
  CHECK(lossy.path().estimate.verdict == detect::IdleVerdict::capture_loss);
}

TEST_CASE("a mended timeout closes the finding", "[detect][idle]") {
  Bench bench;
  site_with_box(bench, true);
  for (int number = 10; number < 22; ++number) {
    Talk talk = phone(number, 10'000, 51000);
    for (const int64_t heartbeat : {480, 780, 1080}) answered(ping(talk), heartbeat);
    bench.add(talk);
  }
  bench.run();
  REQUIRE(bench.told.size() >= 2);
  CHECK(bench.told.front().phase == Phase::opened);
  CHECK(bench.told.back().phase == Phase::closed);
}

namespace {

// What has survived for a while, and then three rounds of an hour behind a box of 300 s.
void shortened(Bench& bench, bool really) {
  for (int number = 10; number < 22; ++number) {
    Talk talk = phone(number, number);
    for (const int64_t heartbeat : {400, 500, 600, 700, 400, 500, 600, 700}) {
      answered(ping(talk), heartbeat);
    }
    bench.add(talk);
  }
  for (const int64_t start : {10'000, 14'000, 18'000}) {
    for (int number = 10; number < 22; ++number) {
      const auto port = static_cast<uint16_t>(50000 + start / 1000);
      Talk talk = phone(number, start + number * 100, port);
      for (const int64_t heartbeat : {100, 250}) answered(ping(talk), heartbeat);
      if (really || number < 16) {
        unanswered(ping(talk), 300 + number);
        server_reset(talk);
      } else {
        answered(ping(talk), 500);
      }
      bench.add(talk);
      bench.add(phone(number, (talk.now.ns - Talk().now.ns) / kSecond + 5,
                      static_cast<uint16_t>(port + 1)));
    }
  }
}

}  // namespace

TEST_CASE("a timeout made shorter is followed", "[detect][idle]") {
  Bench bench;
  shortened(bench, true);
  bench.run();
  REQUIRE(bench.told.size() >= 1);
  CHECK(bench.told.back().number("lower_s") <= 300);
  CHECK(bench.told.back().number("upper_s") >= 300);
  CHECK(bench.told.back().number("upper_s") <= 400);
  Bench luck;  // others go on to survive
  shortened(luck, false);
  CHECK(luck.run().told.empty());
}

TEST_CASE("a phone may be back before the server has noticed", "[detect][idle]") {
  Bench bench;
  for (int number = 10; number < 22; ++number) {
    Talk talk = phone(number, number * 100);
    for (const int64_t heartbeat : {60, 120, 180, 240, 270 + number}) {
      answered(ping(talk), heartbeat);
    }
    ping(talk);
    const int64_t back = (talk.now.ns - Talk().now.ns) / kSecond + 311 + number;
    unanswered(talk, 310 + number, 8);  // its repeats begin after the phone is back
    server_reset(talk);
    Talk again = phone(number, back, 50001);
    bench.add(talk);
    bench.add(again);
  }
  bench.run();
  REQUIRE(bench.told.size() >= 1);
  CHECK(bench.told.back().number("lower_s") <= 300);
  CHECK(bench.told.back().number("upper_s") >= 300);
  CHECK(bench.told.back().facts.at("box_is_towards") == "client");
}

namespace {

// Phones whose side closes after 100 s while the answer is due; each has waited well before.
void closed_by_their_side(Bench& bench, bool together) {
  for (int number = 10; number < 22; ++number) {
    Talk talk = phone(number, together ? 0 : number * 20);
    for (const int64_t heartbeat : {60, 80, 95}) answered(ping(talk), heartbeat);
    ping(talk).wait(100 * kSecond).client_fin().server_fin().client("", wire::kAck);
    bench.add(talk);
  }
}

}  // namespace

TEST_CASE("closes at one age, one after the other, are a proxy's timer", "[detect][idle]") {
  Bench bench;
  closed_by_their_side(bench, false);
  bench.run();
  CHECK(bench.count(IdleGapKind::closed) == 12);
  REQUIRE(bench.told.size() >= 1);
  CHECK(bench.told.back().facts.at("mode") == "fin");
  CHECK(bench.told.back().number("estimate_s") == 100);
  CHECK(bench.told.back().facts.at("box_is_towards") == "client");
}

namespace {

// Android: a connection for every Ping. Well answered, or closed by the server's side at `age`.
// A phone that asks before it has seen the server's session tickets gets them behind its request.
Talk one_ping(int number, int64_t at_s, uint16_t port, int64_t wait_s, bool closed,
              const std::string& behind = "") {
  Talk talk = secured(number, at_s, port);
  ping(talk);
  if (!behind.empty()) talk.server(behind).client("", wire::kAck);
  talk.wait(wait_s * kSecond);
  if (!closed) talk.server(kAnswer).client("", wire::kAck);
  talk.server_fin().client("", wire::kAck).client_fin().server_ack();
  return talk;
}

void one_ping_phones(Bench& bench, int64_t (*closed_after)(int), bool known_to_wait = true) {
  for (int number = 10; number < 22; ++number) {
    int64_t at = number * 20;
    uint16_t port = 50000;
    for (const int64_t heartbeat : {60, 80, 95}) {
      if (known_to_wait) bench.add(one_ping(number, at, port++, heartbeat, false));
      at += 100;
    }
    bench.add(one_ping(number, at, port, closed_after(number), true));
  }
}

}  // namespace

TEST_CASE("one Ping per connection: a box closes at one age", "[detect][idle]") {
  Bench bench;
  one_ping_phones(bench, [](int) { return int64_t{100}; });
  bench.run();
  CHECK(bench.count(IdleGapKind::survived) == 36);
  CHECK(bench.count(IdleGapKind::closed) == 12);
  CHECK(bench.count(IdleGapKind::dropped) == 0);
  REQUIRE(bench.told.size() >= 1);
  CHECK(bench.told.back().facts.at("mode") == "fin");
  CHECK(bench.told.back().number("estimate_s") == 100);
  CHECK(bench.told.back().facts.at("box_is_towards") == "server");
}

TEST_CASE("session tickets behind a request are no answer to it", "[detect][idle]") {
  const std::string tickets(510, 't');
  Bench bench;
  for (int number = 10; number < 22; ++number) {
    const auto length = static_cast<size_t>(508 + number % 4);  // of signatures
    bench.add(one_ping(number, number * 20, 50000, 60, false, std::string(length, 't')));
    bench.add(one_ping(number, number * 20 + 100, 50001, 100, true, tickets));
  }
  bench.run();
  CHECK(bench.count(IdleGapKind::closed) == 12);
  REQUIRE(bench.told.size() >= 1);
  CHECK(bench.told.back().number("estimate_s") == 100);
}

TEST_CASE("connections closed after their answer have not lost it", "[detect][idle]") {
  Bench bench;  // 75 s after a prompt answer the server ends the connection
  for (int number = 10; number < 22; ++number) {
    bench.add(one_ping(number, number * 20, 50000, 60, false, std::string(510, 't')));
    bench.add(one_ping(number, number * 20 + 100, 50001, 75, true, std::string(673, 'a')));
  }
  bench.run();
  CHECK(bench.count(IdleGapKind::closed) == 0);
  CHECK(bench.told.empty());
}

TEST_CASE("one Ping per connection: a server has its own reasons", "[detect][idle]") {
  Bench restarts;  // at any age
  one_ping_phones(restarts, [](int number) { return int64_t{40 + number * 7}; });
  restarts.run();
  CHECK(restarts.told.empty());
  Bench house;  // http.sys
  one_ping_phones(house, [](int) { return int64_t{120}; });
  house.run();
  CHECK(house.count(IdleGapKind::closed) == 0);
  CHECK(house.told.empty());
  Bench strangers;  // never seen to be answered
  one_ping_phones(
      strangers, [](int) { return int64_t{100}; }, false);
  strangers.run();
  CHECK(strangers.count(IdleGapKind::closed) == 0);
  CHECK(strangers.told.empty());
}

TEST_CASE("closes all at once are no timer", "[detect][idle]") {
  Bench bench;
  closed_by_their_side(bench, true);
  bench.run();
  CHECK(bench.count(IdleGapKind::closed) == 12);
  CHECK(bench.told.empty());
}

TEST_CASE("two boxes in a row: the impatient one is measured", "[detect][idle]") {
  Bench bench;
  for (int number = 10; number < 24; ++number) {  // 200 s resets; 300 s would forget
    Talk talk = phone(number, number * 60);
    for (const int64_t heartbeat : {60, 120, 170, 180 + number / 2})
      answered(ping(talk), heartbeat);
    ping(talk).wait((205 + number) * kSecond).server(kAnswer).client_reset();
    bench.add(talk);
  }
  bench.run();
  REQUIRE(bench.told.size() >= 1);
  CHECK(bench.told.back().facts.at("mode") == "rst");
  CHECK(bench.told.back().number("lower_s") <= 200);
  CHECK(bench.told.back().number("upper_s") >= 200);
}

TEST_CASE("keep-alives below the timeout leave nothing to find", "[detect][idle]") {
  Bench bench;  // the box forgets after 300 s, but every 200 s something is said
  for (int number = 10; number < 22; ++number) {
    Talk talk = phone(number, number);
    ping(talk);
    for (int probe = 0; probe < 6; ++probe) {
      talk.wait(200 * kSecond);
      talk.client_seq -= 1;
      talk.client(std::string(1, '\0'), wire::kAck).server_ack();
    }
    answered(talk, 100);
    bench.add(talk);
  }
  bench.run();
  CHECK(bench.count(IdleGapKind::survived) == 84);
  CHECK(bench.count(IdleGapKind::dropped) == 0);
  CHECK(bench.told.empty());
}
