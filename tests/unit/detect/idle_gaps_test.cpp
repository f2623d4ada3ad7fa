// SPDX-License-Identifier: BSD-3-Clause
// Conversations with long silences, packet by packet: which gaps survive, which are dropped, which
// say nothing.
#include "tests/unit/detect/idle_phones.hpp"

using namespace exwire;
using namespace exwire::test::idle;

TEST_CASE("an answer that is acknowledged after a silence has survived it", "[detect][idle]") {
  Bench bench;
  Talk talk = phone(10, 0);
  answered(ping(talk), 480);
  bench.add(talk);
  bench.run();
  CHECK(bench.count(IdleGapKind::opened) == 1);
  CHECK(bench.count(IdleGapKind::survived) == 1);
  CHECK(bench.gaps() == 1);
  CHECK(bench.gap(IdleGapKind::survived).length_ms == Approx(480'001).margin(2));
}

TEST_CASE("an answer never acknowledged is a silent drop, once", "[detect][idle]") {
  Bench bench;
  Talk talk = phone(10, 0);
  unanswered(ping(talk), 480);
  server_reset(talk);
  bench.add(talk);
  bench.run();
  CHECK(bench.count(IdleGapKind::suspected) == 1);
  CHECK(bench.count(IdleGapKind::dropped) == 1);
  CHECK(bench.gaps() == 2);
  CHECK(bench.gap(IdleGapKind::dropped).length_ms == Approx(480'001).margin(2));
  CHECK(bench.gap(IdleGapKind::dropped).mode == detect::DropMode::silent);
}

TEST_CASE("waits between retransmissions are no gaps of their own", "[detect][idle]") {
  Bench bench;
  Talk talk = phone(10, 0);
  unanswered(ping(talk), 480, 8);  // the last one 38 s after the one before
  bench.add(talk);
  bench.run();
  CHECK(bench.gaps() == 2);
}

TEST_CASE("a phone back from a tunnel acknowledges: the gap has survived", "[detect][idle]") {
  Bench bench;
  Talk talk = phone(10, 0);
  unanswered(ping(talk), 480);
  talk.client("", wire::kAck);
  bench.add(talk);
  bench.run();
  CHECK(bench.count(IdleGapKind::recovered) == 1);
  CHECK(bench.count(IdleGapKind::dropped) == 0);
}

TEST_CASE("an RST at once is a box, one after repeats a phone that came back", "[detect][idle]") {
  Bench at_once, late;
  Talk talk = phone(10, 0);
  ping(talk).wait(300 * kSecond).server(kAnswer).client_reset();
  at_once.add(talk);
  at_once.run();
  CHECK(at_once.count(IdleGapKind::dropped) == 1);
  CHECK(at_once.gap(IdleGapKind::dropped).mode == detect::DropMode::rst);

  Talk other = phone(10, 0);
  unanswered(ping(other), 300).client_reset();
  late.add(other);
  late.run();
  CHECK(late.count(IdleGapKind::dropped) == 0);
  CHECK(late.count(IdleGapKind::censored) == 1);
}

TEST_CASE("house-keeping is no drop", "[detect][idle]") {
  Bench bench;
  Talk fin = phone(10, 0);  // IIS closes an idle connection at 120 s
  fin.wait(120 * kSecond).server_fin().client_fin().server_ack();
  bench.add(fin);
  Talk rst = phone(11, 0);
  rst.wait(120 * kSecond);
  server_reset(rst);
  bench.add(rst);
  Talk goodbye = phone(12, 0);  // with close_notify, and a client that is gone already
  goodbye.wait(120 * kSecond).server(kGoodbye).server_fin().client_reset();
  bench.add(goodbye);
  Talk slow = phone(13, 0);  // a request that is never finished
  ping(slow).wait(120 * kSecond).server_fin().client_fin().server_ack();
  bench.add(slow);
  bench.run();
  CHECK(bench.count(IdleGapKind::dropped) == 0);
  CHECK(bench.told.empty());
}

TEST_CASE("a client that gives up while it waits is no drop", "[detect][idle]") {
  Bench bench;
  Talk fin = phone(10, 0);
  ping(fin).wait(100 * kSecond).client_fin().server_fin().client("", wire::kAck);
  bench.add(fin);
  Talk rst = phone(11, 0);
  ping(rst).wait(100 * kSecond).client_reset();
  bench.add(rst);
  bench.run();
  CHECK(bench.count(IdleGapKind::dropped) == 0);
}

TEST_CASE("a server side that closes while it owes an answer is a timer", "[detect][idle]") {
  Bench bench;
  Talk fin = phone(10, 0);
  answered(ping(fin), 40);
  answered(ping(fin), 50);
  ping(fin).wait(60 * kSecond).server_fin();
  bench.add(fin);
  Talk rst = phone(11, 0);
  answered(ping(rst), 40);
  answered(ping(rst), 50);
  ping(rst).wait(60 * kSecond);
  server_reset(rst);
  bench.add(rst);
  bench.run();
  CHECK(bench.count(IdleGapKind::survived) == 4);
  CHECK(bench.count(IdleGapKind::dropped) == 2);
}

TEST_CASE("a client that gives up and is not heard was dropped in silence", "[detect][idle]") {
  Bench bench;
  Talk talk = phone(10, 0);
  answered(ping(talk), 60);
  ping(talk).wait(485 * kSecond).client_fin();
  for (int repeat = 0; repeat < 5; ++repeat) {
    talk.wait((int64_t{1} << repeat) * 300 * kNanosPerMilli);
    talk.client_seq -= 1;
    talk.client_fin();
  }
  bench.add(talk);
  bench.run();
  CHECK(bench.count(IdleGapKind::dropped) == 1);
  CHECK(bench.gap(IdleGapKind::dropped).mode == detect::DropMode::silent);
  CHECK(bench.count(IdleGapKind::closed) == 0);
}

TEST_CASE("the unseen side is known by what is acknowledged to it", "[detect][idle]") {
  const Direction seen = GENERATE(Direction::to_server, Direction::to_client);
  INFO((seen == Direction::to_server ? "to the server" : "to the client"));
  Bench bench;
  Talk talk = phone(10, 0);
  for (const int64_t heartbeat : {480, 780, 1080}) answered(ping(talk), heartbeat);
  ping(talk);
  bench.add(only(talk, seen));
  bench.run();
  CHECK(bench.count(IdleGapKind::opened) == 1);
  CHECK(bench.count(IdleGapKind::survived) == 3);
  CHECK(bench.gaps() == 3);
  CHECK(bench.gap(IdleGapKind::survived).length_ms == Approx(480'000).margin(10));
  REQUIRE(bench.numbers.size() == 1);
  CHECK(bench.numbers[0].direct_push);
  CHECK(bench.numbers[0].heartbeat_s == 1080);
}

TEST_CASE("keep-alive probes end a gap", "[detect][idle]") {
  Bench bench;
  Talk talk = phone(10, 0);
  ping(talk);
  for (int probe = 0; probe < 4; ++probe) {
    talk.wait(100 * kSecond);
    talk.server_seq -= 1;
    talk.server(std::string(1, '\0'), wire::kAck).client("", wire::kAck);
  }
  answered(talk, 100);
  bench.add(talk);
  bench.run();
  CHECK(bench.count(IdleGapKind::survived) == 5);
  CHECK(bench.gaps() == 5);
  for (const auto& one : bench.seen) {
    CHECK(one.get<detect::IdleGap>().length_ms < 101'000);
  }
}

TEST_CASE("after a download it is silent when the last octet is acknowledged", "[detect][idle]") {
  for (const bool acknowledged : {false, true}) {
    Bench bench;
    Talk talk = phone(10, 0);
    ping(talk);
    for (int segment = 0; segment < 20; ++segment) talk.server(std::string(1400, 'x'));
    if (acknowledged) talk.client("", wire::kAck);
    talk.wait(500 * kSecond).server(std::string(1400, 'y')).client("", wire::kAck);
    bench.add(talk);
    bench.run();
    INFO("acknowledged " << acknowledged);
    CHECK(bench.gaps() == (acknowledged ? 1 : 0));
    CHECK(bench.count(IdleGapKind::survived) == (acknowledged ? 1 : 0));
    REQUIRE(bench.numbers.size() == 1);
    CHECK((bench.numbers[0].idle_gap_max_s >= 500) == acknowledged);
  }
}

TEST_CASE("octets the capture missed spoil a gap", "[detect][idle]") {
  Bench bench;
  Talk talk = phone(10, 0);
  ping(talk).wait(50 * kSecond).lose_client(300);
  talk.wait(250 * kSecond).server(kAnswer).client("", wire::kAck);
  bench.add(talk);
  bench.run();
  CHECK(bench.gaps() == 0);
}

TEST_CASE("other ports are nobody's business", "[detect][idle]") {
  Bench bench;
  test::Segment side;
  side.destination_port = 8080;
  Talk talk(side);
  talk.handshake().client(kRequest).server(kAnswer).client("", wire::kAck);
  answered(ping(talk), 480);
  bench.add(talk);
  bench.run();
  CHECK(bench.seen.empty());
}

TEST_CASE("connections that live and say nothing are shown now and then", "[detect][idle]") {
  Bench bench;
  Talk quiet = phone(10, 0);
  answered(ping(quiet), 3000);
  bench.add(quiet);
  Talk busy = phone(11, 0);  // moves time on
  for (int round = 0; round < 100; ++round)
    busy.wait(31 * kSecond).client(kRequest).server(kAnswer);
  bench.add(busy);
  bench.run();
  CHECK(bench.silent.size() == 3);  // at 900, 1800, 2700 s; the busy one never
}
