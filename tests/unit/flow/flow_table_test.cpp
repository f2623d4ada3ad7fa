// SPDX-License-Identifier: BSD-3-Clause
// How flows come to be, live and end.
#include "sensor/flow/flow_table.hpp"

#include <catch2/catch.hpp>
#include <optional>
#include <vector>

#include "tests/support/packet_builder.hpp"

using namespace exwire;
using flow::EndReason;

namespace {

struct Ended {
  flow::Flow flow;
  EndReason why;
  Timestamp when;
  bool half_open;
};

class Recorder final : public flow::FlowListener {
 public:
  void flow_ended(uint32_t, flow::Flow& flow, EndReason why, Timestamp when) override {
    ended.push_back({flow, why, when, false});
  }
  void half_open_ended(const flow::Flow& flow, EndReason why, Timestamp when) override {
    ended.push_back({flow, why, when, true});
  }
  void half_open_changed(const flow::HalfOpen&, flow::HalfOpenStage, flow::HalfOpenStage after,
                         Timestamp) override {
    if (after == flow::HalfOpenStage::hammered) {
      ++hammered;
    } else {
      stage = after;
    }
  }
  void flow_timer(uint32_t, flow::Flow&, Timestamp) override { ++timers; }
  flow::HalfOpenStage stage = flow::HalfOpenStage::none;  // told last
  int hammered = 0;
  std::vector<Ended> ended;
  int timers = 0;
};

struct Bench {
  explicit Bench(uint32_t most = 4096) {
    watch.tls_ports.set(443);
    watch.plaintext_ports.set(80);
    settings.most_flows = most;
    settings.half_open_entries = 1024;
    table.emplace(settings, watch, budget, recorder);
  }
  flow::Tracked feed(const wire::Packet& packet) {
    const flow::Tracked tracked = table->track(packet);
    if (tracked.flow != nullptr && packet.payload_octets > 0) {  // as an uninspected flow would
      flow::DirectionState& side = tracked.flow->of(tracked.direction);
      const int64_t ahead =
          tracked.offset + packet.payload_octets - static_cast<int64_t>(side.stream_octets);
      if (ahead > 0) side.advance(static_cast<uint64_t>(ahead));
    }
    if (tracked.flow != nullptr && (packet.tcp_flags & wire::kFin)) {
      table->fin_reached(tracked.handle, tracked.direction);
    }
    table->expire(packet.time);
    return tracked;
  }
  void feed(const test::Talk& talk) {
    for (const auto& packet : test::decode_all(talk.frames)) feed(packet);
  }
  Budget budget{size_t{1} << 30};
  flow::Watch watch;
  flow::FlowSettings settings;
  Recorder recorder;
  std::optional<flow::FlowTable> table;
};

}  // namespace

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
  for (int second = 0; second < 200; ++second) {
    bench.table->expire({talk.now.ns + second * kNanosPerSecond});
  }
  REQUIRE(bench.recorder.ended.size() == 1);
  CHECK(bench.recorder.ended[0].flow.of(Direction::to_server).packets == 2);
  CHECK(bench.recorder.ended[0].flow.of(Direction::to_client).packets == 0);
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
