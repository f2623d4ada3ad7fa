// SPDX-License-Identifier: BSD-3-Clause
// One connection at a time: at which stage it stands, and that honest ones stand at none.
#include <catch2/catch.hpp>
#include <memory>
#include <string>

#include "sensor/detect/detector.hpp"
#include "sensor/detect/stage.hpp"

namespace exwire::detect {
std::unique_ptr<FlowDetector> make_stalled_connections(const Site& site);
}

using namespace exwire;
using detect::Stage;

namespace {

constexpr uint8_t kAck = wire::kAck;

struct Connection final : detect::FindingSink {
  detect::Site site;
  std::unique_ptr<detect::FlowDetector> detector = detect::make_stalled_connections(site);
  flow::Flow flow;
  std::array<uint8_t, 8> facts{};
  int64_t now_s = 1000;
  uint64_t packets = 0;
  Stage stage = Stage::none;
  int64_t since_s = 0;
  uint32_t renegotiations = 0;

  explicit Connection(bool watched = true, int more_marks = 0) {
    flow.mark(static_cast<uint16_t>(flow::kSawToServer | flow::kSawToClient | more_marks |
                                    (watched ? flow::kWatched : 0)));
    flow.work = flow::kWorkDissectToServer | flow::kWorkDissectToClient;
    packet(Direction::to_server, {}, 0, 0xffff);
  }
  void found(const detect::FlowContext&, const detect::Finding&) override {}
  void observe(const detect::Observation& step) override {
    const auto body = step.get<detect::StageStep>();
    if (body.entered == Stage::renegotiating) {
      CHECK(body.left == Stage::none);
      ++renegotiations;
      return;
    }
    CHECK(body.left == stage);
    if (body.left != Stage::none) CHECK(body.left_since_s == since_s);
    stage = body.entered;
    if (stage != Stage::none) since_s = body.entered_since_s;
  }
  detect::FlowContext context() { return {flow, {now_s * kNanosPerSecond}, packets, 1, facts}; }

  void packet(Direction direction, const std::string& payload, uint32_t octets, uint16_t window,
              int64_t offset = -1) {
    ++packets;
    wire::Packet packet;
    packet.time = {now_s * kNanosPerSecond};
    packet.tcp_flags = kAck;
    packet.window = window;
    packet.payload = {reinterpret_cast<const uint8_t*>(payload.data()),
                      static_cast<uint32_t>(payload.size())};
    packet.payload_octets = octets;
    flow::DirectionState& side = flow.of(direction);
    side.window = window;
    if (offset < 0) offset = static_cast<int64_t>(side.stream_octets);
    const flow::Tracked tracked{1, &flow, direction, offset, packet.time, false};
    detector->segment(context(), tracked, packet, *this);
    side.advance(octets);
  }
  void client(const std::string& payload) {
    packet(Direction::to_server, payload, static_cast<uint32_t>(payload.size()), 0xffff);
  }
  void client(uint32_t octets) { packet(Direction::to_server, "x", octets, 0xffff); }
  void server(uint32_t octets) { packet(Direction::to_client, "x", octets, 0xffff); }
  void repeat(uint32_t octets) {
    flow.of(Direction::to_server).step_back(octets);
    const uint64_t before = flow.of(Direction::to_server).stream_octets;
    flow.of(Direction::to_server).advance(octets);
    packet(Direction::to_server, "x", octets, 0xffff, static_cast<int64_t>(before));
    flow.of(Direction::to_server).step_back(octets);
  }
  void window(uint16_t octets, uint32_t taken) {
    flow.of(Direction::to_server).last_ack = taken;
    packet(Direction::to_server, {}, 0, octets);
  }

  inspect::HttpTransaction transaction;
  void request_head(const char* method = "POST") {
    transaction.set(inspect::HttpField::method, {reinterpret_cast<const uint8_t*>(method),
                                                 static_cast<uint32_t>(std::strlen(method))});
    detector->request_head(context(), transaction, *this);
  }
  void request_over() { detector->request_over(context(), transaction, *this); }
  void answered() {
    detector->response_head(context(), transaction, *this);
    detector->transaction_over(context(), transaction, *this);
  }

  void tls_ready() {
    client(std::string("\x16\x03\x01\x00\x05hello", 10));
    server(2000);
    client(100);
    inspect::TlsHandshake handshake;
    handshake.flags = kExwireTlsComplete;
    detector->tls_handshake(context(), handshake, *this);
  }
  void record(Direction direction, uint8_t type, uint32_t length) {
    packet(direction, "x", length + 5, 0xffff);
    detector->tls_record(context(), {direction, type, 0x0303, length}, *this);
  }
};

constexpr uint8_t kData = 23, kHandshake = 22;

}  // namespace

TEST_CASE("a request in clear goes through its stages", "[stalled]") {
  Connection it;
  CHECK(it.stage == Stage::silent);
  it.now_s = 1005;
  it.client("POST / HTTP/1.1\r\n");
  CHECK(it.stage == Stage::head);
  CHECK(it.since_s == 1005);
  it.now_s = 1050;
  it.request_head();
  CHECK(it.stage == Stage::none);
  it.server(0);
  CHECK(it.stage == Stage::body);
  it.request_over();
  CHECK(it.stage == Stage::none);
  it.now_s = 2000;  // a long poll: the server's turn
  it.server(0);
  CHECK(it.stage == Stage::none);
  it.answered();
  it.client("GET ");
  CHECK(it.stage == Stage::head);
}

TEST_CASE("a body that arrives is no stall, one that trickles is", "[stalled]") {
  Connection it;
  it.client("POST / HTTP/1.1\r\n");
  it.request_head();
  it.client(1000);
  REQUIRE(it.stage == Stage::body);
  for (it.now_s = 1001; it.now_s < 1030; ++it.now_s) it.client(1000);
  CHECK(it.since_s == 1016);
  for (; it.now_s < 1090; it.now_s += 10) it.client(10);
  CHECK(it.stage == Stage::body);
  CHECK(it.since_s == 1016);
  it.flow.skip_left[0] = 700;  // asleep: the dissector tells the end with the next octets only
  it.client(700);
  CHECK(it.stage == Stage::none);
}

TEST_CASE("an answered request and RPC over HTTP need no end", "[stalled]") {
  Connection refused;
  refused.client("POST / HTTP/1.1\r\n");
  refused.request_head();
  refused.server(0);
  REQUIRE(refused.stage == Stage::body);
  refused.answered();
  CHECK(refused.stage == Stage::none);

  Connection outlook;
  outlook.client("RPC_IN_DATA /rpc/rpcproxy.dll HTTP/1.1\r\n");
  outlook.request_head("RPC_IN_DATA");
  for (; outlook.now_s < 2000; outlook.now_s += 10) outlook.client(20);
  CHECK(outlook.stage == Stage::none);
}

TEST_CASE("a shut window is a stall until octets are taken", "[stalled]") {
  Connection it;
  it.client("GET / HTTP/1.1\r\n");
  it.request_head("GET");
  it.request_over();
  it.server(1000);
  it.window(0, 1000);
  REQUIRE(it.stage == Stage::unread);
  it.now_s = 1020;
  it.window(100, 10000);
  CHECK(it.since_s == 1000);
  it.window(100, 20000);
  CHECK(it.since_s == 1020);
  it.window(4000, 20000);  // some room, soon full again
  CHECK(it.stage == Stage::unread);
  it.window(0xffff, 20000);
  CHECK(it.stage == Stage::none);
  it.window(0, 20000);
  CHECK(it.stage == Stage::unread);
  it.answered();
  CHECK(it.stage == Stage::none);
  it.window(0, 20000);  // nothing is due
  CHECK(it.stage == Stage::none);
}

TEST_CASE("who asks again in TLS has taken the answer", "[stalled]") {
  Connection it;
  it.tls_ready();
  it.record(Direction::to_server, kData, 300);
  it.record(Direction::to_client, kData, 9000);
  it.window(0, 9000);
  CHECK(it.stage == Stage::unread);
  it.window(8000, 9000);
  CHECK(it.stage == Stage::unread);
  it.record(Direction::to_server, kData, 300);
  CHECK(it.stage == Stage::none);
}

TEST_CASE("in a TLS handshake it is the client's turn or the server's", "[stalled]") {
  Connection it;
  it.client(std::string("\x16\x03\x01\x00\x50", 5));
  CHECK(it.stage == Stage::handshake);  // part of a ClientHello
  it.client(0x50);
  CHECK(it.stage == Stage::none);  // a slow server
  it.now_s = 1100;
  it.server(1500);
  CHECK(it.stage == Stage::handshake);
  CHECK(it.since_s == 1100);
  it.client(100);
  CHECK(it.stage == Stage::none);
}

TEST_CASE("requests in TLS that come at once are honest", "[stalled]") {
  Connection it;
  it.tls_ready();
  REQUIRE(it.stage == Stage::no_request);
  for (int poll = 0; poll < 5; ++poll) {
    it.record(Direction::to_server, kData, 400);
    it.record(Direction::to_server, kData, 100);
    CHECK(it.stage == Stage::none);
    it.now_s += 900;
    it.record(Direction::to_client, kData, 300);
    it.now_s += 60;
  }
  CHECK(it.stage == Stage::none);
}

TEST_CASE("a request in TLS that comes in pieces is slow", "[stalled]") {
  Connection it;
  it.tls_ready();
  const int64_t began = it.now_s;
  it.record(Direction::to_server, kData, 300);
  for (int piece = 0; piece < 2; ++piece) {
    CHECK(it.stage == Stage::none);
    it.now_s += 10;
    it.record(Direction::to_server, kData, 40);
  }
  CHECK(it.stage == Stage::pieces);
  CHECK(it.since_s == began);
  it.record(Direction::to_client, kData, 300);
  CHECK(it.stage == Stage::none);

  Connection outlook;  // has sent much before it pings
  outlook.tls_ready();
  outlook.record(Direction::to_server, kData, 3000);
  for (int ping = 0; ping < 20; ++ping) {
    outlook.now_s += 60;
    outlook.record(Direction::to_server, kData, 40);
  }
  CHECK(outlook.stage == Stage::none);
}

TEST_CASE("renegotiating once is usual", "[stalled]") {
  Connection it;
  it.tls_ready();
  for (int record = 0; record < 12; ++record) it.record(Direction::to_server, kHandshake, 200);
  CHECK(it.renegotiations == 0);
  for (int record = 0; record < 100; ++record) it.record(Direction::to_server, kHandshake, 200);
  CHECK(it.renegotiations == 100);
}

TEST_CASE("on other ports only HTTP and TLS are followed", "[stalled]") {
  Connection silent(false);
  CHECK(silent.stage == Stage::none);
  silent.client("QUIT\r\n");
  CHECK(silent.stage == Stage::none);
  Connection http(false);
  http.client("GET / HT");
  CHECK(http.stage == Stage::head);
}

TEST_CASE("pieces with pauses are slow also when joined midway", "[stalled]") {
  Connection it(true, flow::kMidstream);
  CHECK(it.stage == Stage::none);
  const int64_t began = it.now_s;
  for (int piece = 0; piece < 3; ++piece, it.now_s += 10) {
    CHECK(it.stage == Stage::none);
    it.client(30);
    it.server(0);
  }
  CHECK(it.stage == Stage::pieces);
  CHECK(it.since_s == began);
  it.server(300);  // answered
  CHECK(it.stage == Stage::none);

  Connection one_sided(true, flow::kMidstream);
  one_sided.flow.marks = flow::kMidstream | flow::kWatched | flow::kSawToServer;
  for (int piece = 0; piece < 9; ++piece, one_sided.now_s += 10) one_sided.client(30);
  CHECK(one_sided.stage == Stage::none);
  Connection elsewhere(false, flow::kMidstream);
  for (int piece = 0; piece < 9; ++piece, elsewhere.now_s += 10) elsewhere.client(30);
  CHECK(elsewhere.stage == Stage::none);
}

TEST_CASE("honest connections joined midway stand at no stage", "[stalled]") {
  Connection push(true, flow::kMidstream);  // in the middle of a long poll
  for (int poll = 0; poll < 5; ++poll) {
    push.now_s += 900;
    push.server(300);
    push.now_s += 1;
    push.client(180);
    CHECK(push.stage == Stage::none);
  }
  Connection outlook(true, flow::kMidstream);
  for (int ping = 0; ping < 20; ++ping, outlook.now_s += 60) outlook.client(50);
  CHECK(outlook.stage == Stage::none);
  Connection slow_link(true, flow::kMidstream);  // the same octets again and again
  slow_link.client(50);
  for (int count = 0; count < 5; ++count) {
    slow_link.now_s += 5;
    slow_link.repeat(50);
  }
  CHECK(slow_link.stage == Stage::none);
  Connection request(true, flow::kMidstream);  // in clear a whole head tells where it stands
  request.request_head("GET");
  request.request_over();
  request.now_s += 900;
  request.answered();
  request.client("GET ");
  CHECK(request.stage == Stage::head);
}

TEST_CASE("a window shut midway is a stall, whatever its scale", "[stalled]") {
  Connection it(true, flow::kMidstream);
  it.window(501, 1000);  // 64 KiB, had its scale been seen
  CHECK(it.stage == Stage::none);
  it.window(0, 1000);
  CHECK(it.stage == Stage::unread);
  CHECK(it.since_s == 1000);
  it.now_s = 1020;
  it.window(20, 2000);
  CHECK(it.stage == Stage::unread);
  it.window(501, 2000);
  CHECK(it.stage == Stage::none);
}

TEST_CASE("renegotiations go on being counted midway", "[stalled]") {
  Connection it(true, flow::kMidstream);
  for (int record = 0; record < 20; ++record) it.record(Direction::to_server, kHandshake, 200);
  CHECK(it.renegotiations == 8);
  CHECK(it.stage == Stage::none);
}
