// SPDX-License-Identifier: BSD-3-Clause
// Handshakes on their way: how long, whose, and what becomes of them.
#include <catch2/catch.hpp>
#include <deque>
#include <string>

#include "tests/unit/flow/flow_bench.hpp"

using namespace exwire;
using namespace exwire::flow_bench;

TEST_CASE("the stages of a waiting handshake are told", "[flow]") {
  using flow::HalfOpenStage;
  test::Talk talk;
  talk.syn().synack().ack();
  const auto packets = test::decode_all(talk.frames);
  Bench bench;
  bench.feed(packets[0]);
  CHECK(bench.recorder.stage == HalfOpenStage::unanswered);
  bench.feed(packets[0]);
  CHECK(bench.recorder.stage == HalfOpenStage::repeated);
  bench.feed(packets[1]);
  CHECK(bench.recorder.stage == HalfOpenStage::answered);
  bench.feed(packets[1]);
  CHECK(bench.recorder.stage == HalfOpenStage::waiting);
  bench.feed(packets[2]);
  CHECK(bench.recorder.stage == HalfOpenStage::none);

  Bench refused;
  refused.feed(packets[0]);
  refused.feed(packets[1]);
  wire::Packet reset = packets[2];
  reset.tcp_flags = wire::kRst;
  refused.feed(reset);
  CHECK(refused.recorder.stage == HalfOpenStage::aborted);
}

TEST_CASE("answers to SYNs that were never seen are backscatter when nobody takes them", "[flow]") {
  using flow::HalfOpenStage;
  test::Talk talk;
  talk.syn().synack().ack();
  const auto packets = test::decode_all(talk.frames);
  const auto after = [](wire::Packet packet, int64_t ms) {
    packet.time.ns += ms * kNanosPerMilli;
    return packet;
  };
  wire::Packet reset = packets[2];
  reset.tcp_flags = wire::kRst;
  wire::Packet refusal = packets[1];
  refusal.tcp_flags = wire::kRst | wire::kAck;
  refusal.seq = 0;

  Bench repeated, copied, refused, taken, closed, asked, late;
  repeated.feed(packets[1]);
  CHECK(repeated.recorder.stage == HalfOpenStage::unasked);
  for (const int64_t ms : {1000, 3000, 7000}) repeated.feed(after(packets[1], ms));
  CHECK(repeated.recorder.stage == HalfOpenStage::backscatter);
  CHECK(repeated.table->counters().backscatter == 1);
  copied.feed(packets[1]);
  copied.feed(after(packets[1], 1));
  CHECK(copied.table->counters().backscatter == 0);
  copied.table->expire({packets[1].time.ns + 3600 * kNanosPerSecond});
  copied.table->drain({packets[1].time.ns + 3600 * kNanosPerSecond});
  CHECK(copied.table->counters().backscatter == 1);
  refused.feed(packets[1]);
  refused.feed(reset);
  CHECK(refused.table->counters().backscatter == 1);
  taken.feed(packets[1]);
  taken.feed(packets[2]);
  CHECK(taken.recorder.stage == HalfOpenStage::none);
  taken.feed(after(packets[1], 1000));
  CHECK(taken.table->counters().backscatter == 0);
  closed.feed(refusal);
  CHECK(closed.recorder.stage == HalfOpenStage::backscatter);
  CHECK(closed.table->counters().backscatter == 1);
  asked.feed(packets[0]);
  asked.feed(refusal);
  CHECK(asked.table->counters().backscatter == 0);
  Bench overtaken;
  overtaken.feed(refusal);
  overtaken.feed(packets[0]);
  CHECK(overtaken.recorder.stage == HalfOpenStage::none);
  overtaken.table->drain(packets[1].time);
  REQUIRE(overtaken.recorder.ended.size() == 1);
  CHECK(overtaken.recorder.ended[0].flow.has(flow::kResetByServer));
  refusal.seq = 77;  // of a connection that began before the capture
  late.feed(refusal);
  CHECK(late.table->counters().backscatter == 0);
}

TEST_CASE("SYNs hammering the same ports are told one by one", "[flow]") {
  test::Talk talk;
  talk.syn();
  wire::Packet packet = test::decode_all(talk.frames)[0];
  Bench same, other;
  for (int count = 0; count < 100; ++count) {
    packet.time.ns += kNanosPerMilli;
    same.feed(packet);
  }
  CHECK(same.recorder.hammered == 85);  // from the sixteenth on
  for (int count = 0; count < 100; ++count) {
    packet.time.ns += kNanosPerMilli;
    packet.seq += 77777;
    other.feed(packet);
  }
  CHECK(other.recorder.hammered == 99);
  packet.time.ns += 20 * kNanosPerSecond;
  packet.seq += 77777;
  other.feed(packet);
  CHECK(other.recorder.hammered == 99);
}

TEST_CASE("a refused connection is told as closed and never becomes a flow", "[flow]") {
  Bench bench;
  test::Talk talk;
  talk.syn().server("", wire::kRst | wire::kAck);
  talk.client_seq = 1000;
  talk.wait(kNanosPerSecond).syn().server("", wire::kRst | wire::kAck);  // it tries again
  bench.feed(talk);
  bench.table->drain(talk.now);
  REQUIRE(bench.recorder.ended.size() == 1);
  CHECK(bench.recorder.ended[0].half_open);
  CHECK(bench.recorder.ended[0].flow.of(Direction::to_server).packets == 2);
  CHECK(bench.recorder.ended[0].flow.state == flow::TcpState::reset);
  CHECK(bench.recorder.ended[0].flow.has(flow::kResetByServer));
  CHECK(bench.table->size() == 0);
}

TEST_CASE("a SYN nobody answers is told when it is over", "[flow]") {
  Bench bench;
  test::Talk talk;
  talk.syn().wait(kNanosPerSecond);
  talk.client_seq = 1000;
  talk.syn();
  bench.feed(talk);
  // As often as the table is swept: wherever the entry stands, its turn comes each minute.
  for (int tick = 0; tick < 2000; ++tick) {
    bench.table->expire({talk.now.ns + tick * 100 * kNanosPerMilli});
  }
  REQUIRE(bench.recorder.ended.size() == 1);
  CHECK(bench.recorder.ended[0].flow.of(Direction::to_server).packets == 2);
  CHECK(bench.recorder.ended[0].flow.of(Direction::to_client).packets == 0);
}

TEST_CASE("a flood of SYNs stays in the half-open table", "[flow]") {
  Bench bench;
  test::Talk honest;
  honest.handshake().client("request");
  bench.feed(honest);
  for (uint32_t source = 0; source < 20000; ++source) {
    test::Segment segment;
    segment.source = "10." + std::to_string(source >> 16) + "." +
                     std::to_string(source >> 8 & 255) + "." + std::to_string(source & 255);
    segment.flags = wire::kSyn;
    const test::TestFrame frame = build(segment, honest.now);
    bench.feed(test::decode_all({frame})[0]);
  }
  CHECK(bench.table->size() == 1);
  CHECK(bench.table->half_open().in_use() <= 1024);
  CHECK(bench.table->half_open().shed() + bench.table->half_open().in_use() == 20000);
  CHECK(bench.table->counters().syn == 20001);
}

TEST_CASE("handshakes that come and go share entries, and are not mistaken", "[flow]") {
  Bench bench;
  const auto talk_of = [](uint32_t number) {
    test::Segment client;
    client.source = "10.0." + std::to_string(number >> 8) + "." + std::to_string(number & 255);
    return test::Talk(client, 1000 * number, 5000);
  };
  constexpr uint32_t kPhones = 3000, kAtOnce = 40;  // of 1024 entries
  std::deque<std::vector<wire::Packet>> waiting;
  std::deque<test::Talk> talks;
  for (uint32_t number = 0; number < kPhones; ++number) {
    talks.push_back(talk_of(number));
    talks.back().syn().synack().ack();
    waiting.push_back(test::decode_all(talks.back().frames));
    bench.feed(waiting.back()[0]);
    bench.feed(waiting.back()[1]);
    if (waiting.size() < kAtOnce) continue;
    // Neither the first come nor the last come goes first.
    const auto next = waiting.begin() + number % kAtOnce;
    const flow::Tracked tracked = bench.feed((*next)[2]);
    REQUIRE(tracked.flow != nullptr);
    CHECK(tracked.flow->key == (*next)[2].key);
    CHECK(tracked.flow->of(Direction::to_server).packets == 2);
    waiting.erase(next);
    talks.erase(talks.begin() + number % kAtOnce);
  }
  CHECK(bench.table->half_open().in_use() == kAtOnce - 1);
  CHECK(bench.table->half_open().shed() == 0);
  CHECK(bench.table->size() == kPhones - kAtOnce + 1);
}

TEST_CASE("captures merged from other decades keep their own times", "[flow]") {
  Bench bench;
  for (const int64_t year : {0, 20, 50, 3}) {
    test::Segment side;
    side.source_port = static_cast<uint16_t>(50000 + year);
    test::Talk talk(side);
    talk.now.ns += year * 31'536'000 * kNanosPerSecond;
    talk.syn();
    bench.feed(talk);
    const Timestamp begin = talk.frames[0].time;
    talk.frames.clear();
    talk.synack().ack().client("data");
    const auto packets = test::decode_all(talk.frames);
    bench.feed(packets[0]);
    const flow::Tracked tracked = bench.feed(packets[1]);
    REQUIRE(tracked.flow != nullptr);
    CHECK(tracked.flow->start_ns == begin.ns);
    CHECK(tracked.flow->last_seen().ns == packets[1].time.ns);
  }
}
