// SPDX-License-Identifier: BSD-3-Clause
// How flows live and end. How they come to be stands in half_open_test.cpp and midstream_test.cpp.
#include <catch2/catch.hpp>

#include "tests/unit/flow/flow_bench.hpp"

using namespace exwire;
using namespace exwire::flow_bench;
using flow::EndReason;

TEST_CASE("a flow exists from the third packet of the handshake", "[flow]") {
  Bench bench;
  test::Talk talk;
  talk.syn().synack();
  bench.feed(talk);
  CHECK(bench.table->size() == 0);
  CHECK(bench.table->half_open().in_use() == 1);
  talk.ack();
  const auto packets = test::decode_all(talk.frames);
  const flow::Tracked tracked = bench.feed(packets[2]);
  REQUIRE(tracked.flow != nullptr);
  CHECK(bench.table->half_open().in_use() == 0);
  CHECK(tracked.direction == Direction::to_server);
  CHECK(tracked.flow->server_port() == 80);
  CHECK(tracked.flow->has(flow::kWatched));
  CHECK_FALSE(tracked.flow->has(flow::kMidstream));
  CHECK(tracked.flow->of(Direction::to_server).packets == 2);
  CHECK(tracked.flow->of(Direction::to_client).packets == 1);
  CHECK(tracked.flow->start_ns == talk.frames[0].time.ns);
}

TEST_CASE("octets per direction are counted in the stream", "[flow]") {
  Bench bench;
  test::Talk talk;
  talk.handshake().client("GET / HTTP/1.1\r\n\r\n").server("HTTP/1.1 200 OK\r\n\r\n").client_fin();
  talk.server_fin().ack();
  bench.feed(talk);
  bench.table->expire({talk.now.ns + 11 * kNanosPerSecond});
  REQUIRE(bench.recorder.ended.size() == 1);
  const Ended& end = bench.recorder.ended[0];
  CHECK(end.why == EndReason::timeout);
  CHECK(end.flow.state == flow::TcpState::closed);
  CHECK(end.flow.of(Direction::to_server).stream_octets == 18);
  CHECK(end.flow.of(Direction::to_client).stream_octets == 19);
  CHECK(end.when.ns == end.flow.last_seen().ns + bench.settings.closed_linger_ns);
}

TEST_CASE("sequence numbers wrap inside the data", "[flow]") {
  Bench bench;
  test::Talk talk({}, 0xfffffff8U, 0xffffffffU);
  talk.handshake().client("0123456789abcdef").server("answer").client("more");
  bench.feed(talk);
  const auto packets = test::decode_all(talk.frames);
  const flow::Tracked tracked = bench.table->track(packets.back());
  CHECK(tracked.flow->of(Direction::to_server).stream_octets == 20);
  CHECK(tracked.flow->of(Direction::to_client).stream_octets == 6);
}

TEST_CASE("half an hour of silence is one flow", "[flow]") {
  Bench bench;
  test::Talk talk;
  talk.handshake().client("ping").wait(7700 * kNanosPerSecond).server("pong");
  bench.feed(talk);
  CHECK(bench.table->size() == 1);
  CHECK(bench.recorder.ended.empty());
  bench.table->drain(talk.now);
  REQUIRE(bench.recorder.ended.size() == 1);
  CHECK(bench.recorder.ended[0].why == EndReason::shutdown);
}

TEST_CASE("silence beyond the limit ends a flow at its own time", "[flow]") {
  Bench bench;
  test::Talk talk;
  talk.handshake().client("GET / HTTP/1.1\r\n\r\n");
  const Timestamp last = talk.frames.back().time;
  talk.wait(8000 * kNanosPerSecond).server("HTTP/1.1 200 OK\r\n\r\n");
  bench.feed(talk);
  REQUIRE(bench.recorder.ended.size() == 1);
  CHECK(bench.recorder.ended[0].why == EndReason::timeout);
  CHECK(bench.recorder.ended[0].when.ns == last.ns + bench.settings.watched_timeout_ns);
}

TEST_CASE("a SYN with another number never moves a live flow", "[flow]") {
  Bench bench;
  test::Talk talk;
  talk.handshake().client("first");
  bench.feed(talk);
  test::Talk forged({}, 999999);
  forged.now = talk.now;
  forged.syn();
  bench.feed(forged);
  CHECK(bench.recorder.ended.empty());
  talk.client("second");
  const auto packets = test::decode_all(talk.frames);
  const flow::Tracked tracked = bench.feed(packets.back());
  REQUIRE(tracked.flow != nullptr);
  CHECK(tracked.flow->of(Direction::to_server).stream_octets == 11);
}

TEST_CASE("an answered SYN replaces the old connection on the same ports", "[flow]") {
  Bench bench;
  test::Talk talk;
  talk.handshake().client("first");
  test::Talk again({}, 999999, 777777);
  again.now = talk.now;
  again.handshake().client("second one");
  bench.feed(talk);
  bench.feed(again);
  REQUIRE(bench.recorder.ended.size() == 1);
  CHECK(bench.recorder.ended[0].why == EndReason::tcp_reuse);
  CHECK(bench.recorder.ended[0].flow.of(Direction::to_server).stream_octets == 5);
  CHECK(bench.table->size() == 1);
}

TEST_CASE("a reset out of the window leaves the flow alone, an exact one resets", "[flow]") {
  Bench bench;
  test::Talk talk;
  talk.handshake().client("data").server_ack();
  const uint32_t honest = talk.client_seq;
  talk.client_seq = honest - 100000;
  talk.client_reset();
  bench.feed(talk);
  const auto packets = test::decode_all(talk.frames);
  CHECK(bench.table->counters().rst_ignored == 1);
  talk.client_seq = honest;
  talk.client_reset();
  const auto more = test::decode_all(talk.frames);
  const flow::Tracked tracked = bench.feed(more.back());
  REQUIRE(tracked.flow != nullptr);
  CHECK(tracked.flow->state == flow::TcpState::reset);
  CHECK(tracked.flow->has(flow::kResetByClient));
}

TEST_CASE("keep-alives are told from data", "[flow]") {
  Bench bench;
  test::Talk talk;
  talk.handshake().client("request").server_ack();
  talk.client_seq -= 1;
  talk.client("", wire::kAck);
  talk.client_seq += 1;
  bench.feed(talk);
  const auto packets = test::decode_all(talk.frames);
  bench.table->drain(talk.now);
  REQUIRE(bench.recorder.ended.size() == 1);
  CHECK(bench.recorder.ended[0].flow.keepalives[0] == 1);
  CHECK(bench.recorder.ended[0].flow.retransmissions[0] == 0);
}

TEST_CASE("a full table refuses new flows and counts them", "[flow]") {
  Bench bench(4);
  for (uint16_t port = 50000; port < 50010; ++port) {
    test::Segment segment;
    segment.source_port = port;
    test::Talk talk(segment);
    talk.handshake();
    bench.feed(talk);
  }
  CHECK(bench.table->size() == 4);
  CHECK(bench.table->counters().refused == 6);
}

TEST_CASE("at the end flows leave by age, whichever record they have got", "[flow]") {
  Bench bench;
  test::Talk talk;
  const auto open = [&](uint16_t port) {
    test::Segment client;
    client.source_port = port;
    test::Talk opened(client);
    opened.now = talk.now;
    opened.handshake();
    if (port == 50001) opened.client_fin().server_fin().ack();
    bench.feed(opened);
    talk.now = {opened.now.ns + kNanosPerSecond};
  };
  for (const uint16_t port : {uint16_t{50000}, uint16_t{50001}, uint16_t{50002}}) open(port);
  bench.table->expire({talk.now.ns + 20 * kNanosPerSecond});
  REQUIRE(bench.recorder.ended.size() == 1);
  CHECK(bench.recorder.ended[0].flow.client_port() == 50001);
  talk.now = {talk.now.ns + 30 * kNanosPerSecond};
  open(50003);  // in the record of 50001
  bench.table->drain(talk.now);
  REQUIRE(bench.recorder.ended.size() == 4);
  CHECK(bench.recorder.ended[1].flow.client_port() == 50000);
  CHECK(bench.recorder.ended[2].flow.client_port() == 50002);
  CHECK(bench.recorder.ended[3].flow.client_port() == 50003);
  CHECK(bench.table->size() == 0);

  bench.table->restart();  // nothing is found of what was there
  talk.now = {talk.now.ns + kNanosPerSecond};
  open(50000);
  CHECK(bench.table->size() == 1);
}
