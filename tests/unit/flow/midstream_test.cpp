// SPDX-License-Identifier: BSD-3-Clause
// Connections whose start was not seen, or not in its order.
#include <catch2/catch.hpp>

#include "tests/unit/flow/flow_bench.hpp"

using namespace exwire;
using namespace exwire::flow_bench;
using flow::EndReason;

TEST_CASE("midstream: payload that looks like HTTP or TLS makes a flow, junk does not", "[flow]") {
  Bench bench;
  test::Talk http;
  http.client("POST /Microsoft-Server-ActiveSync HTTP/1.1\r\n\r\n");
  test::Segment other;
  other.source_port = 50001;
  test::Talk junk(other);
  junk.client("nobody knows what this is");
  other.source_port = 443;
  other.destination_port = 50002;
  test::Talk tls(other);  // seen from the server: a TLS record on port 443
  tls.client(std::string_view("\x17\x03\x03\x00\x05hello", 10));
  bench.feed(http);
  bench.feed(junk);
  bench.feed(tls);
  CHECK(bench.table->size() == 2);
  CHECK(bench.table->counters().midstream == 2);
  CHECK(bench.table->counters().without_flow == 1);
  bench.table->drain(tls.now);
  for (const Ended& end : bench.recorder.ended) {
    if (!end.half_open) CHECK((end.flow.server_port() == 80 || end.flow.server_port() == 443));
  }
}

TEST_CASE("midstream: both sides seen makes a flow of anything", "[flow]") {
  Bench bench;
  test::Talk talk;
  talk.client("opaque").server("opaque too").client("and more");
  bench.feed(talk);
  CHECK(bench.table->size() == 1);
}

TEST_CASE("a late answer of another host to the first SYN begins nothing", "[flow]") {
  Bench bench;
  test::Talk talk;
  talk.handshake().client("request").server("answer").client_fin().server_fin().client("",
                                                                                       wire::kAck);
  test::Segment other;
  other.source = "198.51.100.20";
  other.destination = "192.0.2.10";
  other.source_port = 80;
  other.destination_port = 50000;
  other.seq = 777'000;
  other.ack = 1001;
  other.flags = wire::kSyn | wire::kAck;
  talk.frames.push_back(test::build(other, {talk.now.ns + kNanosPerMilli}));
  bench.feed(talk);
  bench.table->drain(talk.now);
  REQUIRE(bench.recorder.ended.size() == 1);
  CHECK(bench.recorder.ended[0].why != flow::EndReason::tcp_reuse);
}

TEST_CASE("a SYN-ACK that has overtaken its SYN opens the same connection", "[flow]") {
  Bench bench;
  test::Talk talk;
  talk.handshake().client("request").server("answer");
  std::swap(talk.frames[0].octets, talk.frames[1].octets);
  bench.feed(talk);
  bench.table->drain(talk.now);
  REQUIRE(bench.recorder.ended.size() == 1);
  CHECK_FALSE(bench.recorder.ended[0].half_open);
  CHECK_FALSE(bench.recorder.ended[0].flow.has(flow::kMidstream));
}

TEST_CASE("midstream: a request that its answer has overtaken begins its side", "[flow]") {
  Bench bench;
  test::Talk talk;
  talk.client("GET / HTTP/1.1\r\n\r\n").server("HTTP/1.1 200 OK\r\n\r\n");
  std::swap(talk.frames[0].octets, talk.frames[1].octets);
  const auto packets = test::decode_all(talk.frames);
  bench.table->track(packets[0]);
  const flow::Tracked late = bench.table->track(packets[1]);
  REQUIRE(late.flow != nullptr);
  CHECK(late.direction == Direction::to_server);
  CHECK(late.offset == 0);
  CHECK(late.flow->retransmissions[0] == 0);
}

TEST_CASE("midstream: a side whose keep-alive came first begins behind it", "[flow]") {
  Bench bench;
  test::Talk talk;
  talk.client_seq -= 1;
  talk.client("", wire::kAck);
  talk.client_seq += 1;
  talk.server_ack().client("GET / HTTP/1.1\r\n\r\n");
  const auto packets = test::decode_all(talk.frames);
  bench.table->track(packets[0]);
  bench.table->track(packets[1]);
  const flow::Tracked request = bench.table->track(packets[2]);
  REQUIRE(request.flow != nullptr);
  CHECK(request.offset == 0);
}

TEST_CASE("a SYN-ACK without SYN tells where its side begins", "[flow]") {
  Bench bench;
  test::Talk talk;
  talk.handshake().server("a").server("bc");
  auto packets = test::decode_all(talk.frames);
  bench.table->track(packets[1]);
  bench.table->track(packets[2]);
  const flow::Tracked second = bench.table->track(packets[4]);
  REQUIRE(second.flow != nullptr);
  CHECK(second.offset == 1);
}

TEST_CASE("midstream: a FIN and its refusal have no octets", "[flow]") {
  Bench bench;
  test::Talk talk;
  talk.server_fin().client("", wire::kRst);
  bench.feed(talk);
  bench.table->drain(talk.now);
  REQUIRE(bench.recorder.ended.size() == 1);
  const flow::Flow& flow = bench.recorder.ended[0].flow;
  CHECK(flow.of(Direction::to_server).stream_octets == 0);
  CHECK(flow.of(Direction::to_client).stream_octets == 0);
}

TEST_CASE("single midstream packets push out the oldest of their kind, nothing else", "[flow]") {
  Bench bench(1U << 18);
  const auto picked_up = [&](uint32_t client) {
    test::Segment segment;
    segment.source = "10." + std::to_string(client >> 16) + "." +
                     std::to_string(client >> 8 & 255) + "." + std::to_string(client & 255);
    segment.seq = client;
    segment.payload = "GET / HTTP/1.1\r\n";
    const std::vector<test::TestFrame> frames{
        test::build(segment, {1'700'000'000 * kNanosPerSecond + client})};
    for (const auto& packet : test::decode_all(frames)) bench.feed(packet);
  };
  constexpr uint32_t kMost = flow::FlowTable::kMostSingles, kTwice = 100, kMore = 500;
  for (uint32_t client = 0; client < kTwice; ++client) {
    picked_up(client);
    picked_up(client);  // no longer alone
  }
  for (uint32_t client = 0; client < kMost + kMore; ++client) picked_up(kTwice + client);
  CHECK(bench.table->size() == kTwice + kMost);
  CHECK(bench.table->counters().midstream_shed == kMore);
  REQUIRE(bench.recorder.ended.size() == kMore);
  CHECK(bench.recorder.ended.front().why == EndReason::forced);
  CHECK(bench.recorder.ended.front().flow.direction[0].next_seq >= kTwice);
}
