// SPDX-License-Identifier: BSD-3-Clause
// What a server makes of odd segments (measured on Linux, known of Windows), each row with a
// request of a phone in it: whatever comes before it, the request GOOD is told; what no host
// accepts is not.
#include <catch2/catch.hpp>
#include <string>

#include "tests/support/attacked_server.hpp"

using namespace exwire;
using test::Odd;
using Server = test::AttackedServer;

namespace {

const std::string kGood = test::phone_request("GOOD"), kEvil = test::phone_request("EVIL");
const std::string kJunk(kGood.size(), '#');
constexpr auto kConflict = "stream.reassembly_overlap_different_data";

}  // namespace

TEST_CASE("an honest request is told once, without any anomaly", "[endpoint]") {
  for (const uint32_t isn : {0U, 1U, 0xffffffffU, 0xfffffff5U}) {
    Server server;
    server.handshake(isn).good().acknowledged();
    CHECK(server.recorder.log == "GOOD ");
    CHECK(server.recorder.events.empty());
  }
}

TEST_CASE("payload without ACK, or with no flag at all, is nobody's", "[endpoint]") {
  Server server;
  server.handshake().send(kEvil, 0, wire::kPsh).send(kEvil, 0, 0).good();
  CHECK(server.recorder.log == "GOOD ");
}

TEST_CASE("payload of a SYN within the connection is nobody's", "[endpoint]") {
  Server server;
  server.handshake().send(kEvil, -1, wire::kSyn).send(kEvil, -1, wire::kSyn | wire::kAck);
  server.send(kEvil, 10, wire::kSyn).good();
  CHECK(server.recorder.log == "GOOD ");
  CHECK(server.table->size() == 1);
}

TEST_CASE("FIN without ACK or beyond the window leaves the connection open", "[endpoint]") {
  Server server;
  server.handshake().send("", 0, wire::kFin);
  server.send("", 1 << 28, wire::kFin | wire::kAck).acknowledged().good();
  CHECK(server.recorder.log == "GOOD ");
  CHECK(server.inspector->awake() == 0);
}

TEST_CASE("a FIN behind a hole does not end the stream before it", "[endpoint]") {
  Server server;
  server.handshake().send("", static_cast<int64_t>(kGood.size()), wire::kFin | wire::kAck).good();
  CHECK(server.recorder.log == "GOOD ");
}

TEST_CASE("resets: out of place ignored, in place survived", "[endpoint]") {
  for (const int64_t at : {int64_t{0}, int64_t{1000}, int64_t{-50}, int64_t{1} << 28}) {
    Server server;
    server.handshake().acknowledged().send("", at, wire::kRst).good().acknowledged().good();
    CHECK(server.recorder.log == "GOOD GOOD ");
    CHECK(server.recorder.flows == 0);
  }
}

TEST_CASE("a request in the payload of a reset is told", "[endpoint]") {
  Server server;
  server.handshake().send(kEvil, 0, wire::kRst | wire::kAck).good();
  CHECK(server.told("GOOD"));
  CHECK(server.told("EVIL"));
}

TEST_CASE("two requests at one place: both are told, and the conflict", "[endpoint]") {
  Server server;
  server.handshake().send(kEvil).good();
  CHECK(server.told("EVIL"));
  CHECK(server.told("GOOD"));
  CHECK(server.event(kConflict));
  // Once more: one event per kind and flow.
  const std::string before = server.recorder.events;
  server.send(kEvil).good();
  CHECK(server.recorder.events.find(kConflict, before.size()) == std::string::npos);
}

TEST_CASE("junk before the request does not hide it", "[endpoint]") {
  Server server;
  server.handshake().send(kJunk).good();
  CHECK(server.told("GOOD"));
  CHECK(server.event(kConflict));
}

TEST_CASE("a conflict inside a head that is still incomplete", "[endpoint]") {
  Server server;
  const size_t cut = kGood.find("GOOD");
  server.handshake().send(kGood.substr(0, cut));
  server.send("EVIL", static_cast<int64_t>(cut));
  server.send(kGood.substr(cut), static_cast<int64_t>(cut)).moved(kGood.size());
  CHECK(server.told("GOOD"));
  CHECK(server.told("EVIL"));
  CHECK(server.event(kConflict));
}

TEST_CASE("a conflict among segments that arrived early", "[endpoint]") {
  Server server;
  const size_t cut = 1;
  server.handshake().send(kEvil.substr(cut), static_cast<int64_t>(cut)).good();
  CHECK(server.told("GOOD"));
  CHECK(server.told("EVIL"));
  CHECK(server.event(kConflict));
}

TEST_CASE("an equal copy is no conflict", "[endpoint]") {
  Server server;
  server.handshake().send(kGood).send(kGood.substr(0, 20)).send(kGood.substr(5), 5).good();
  CHECK(server.recorder.log == "GOOD ");
  CHECK(server.recorder.events.empty());
}

TEST_CASE("a keep-alive of one octet is no conflict", "[endpoint]") {
  Server server;
  server.handshake().good().acknowledged().send("", -1, wire::kAck).send({"\0", 1}, -1, wire::kAck);
  CHECK(server.recorder.events.empty());
}

TEST_CASE("the urgent octet is taken out; the copy with it is read as well", "[endpoint]") {
  const size_t at = kGood.find("OD HTTP");
  std::string sent = kGood;
  sent.insert(at, "x");  // GOxOD
  Server server;
  server.handshake().send(sent, 0, wire::kAck | wire::kUrg,
                          {.urgent = static_cast<uint16_t>(at + 1)});
  CHECK(server.told("GOOD"));
  CHECK(server.told("GOxOD"));
  CHECK(server.event("stream.urgent_data"));
}

TEST_CASE("payload that begins before the stream is trimmed", "[endpoint]") {
  Server server;
  server.handshake().send("####" + kGood, -4);
  CHECK(server.told("GOOD"));
}

TEST_CASE("payload beyond any window is ignored", "[endpoint]") {
  Server server;
  server.handshake().acknowledged().send(kEvil, 1 << 28).good();
  CHECK(server.recorder.log == "GOOD ");
  CHECK(server.inspector->counters().out_of_window == 1);
}

TEST_CASE("one octet per segment in reverse order", "[endpoint]") {
  Server server;
  server.handshake();
  for (size_t at = kGood.size(); at-- > 0;) {
    server.send(std::string_view(kGood).substr(at, 1), static_cast<int64_t>(at));
  }
  CHECK(server.recorder.log == "GOOD ");
  CHECK(server.recorder.events.empty());
}

TEST_CASE("a SYN of any number does not move an established connection", "[endpoint]") {
  for (const int64_t at : {int64_t{-1}, int64_t{0}, int64_t{77777}}) {
    Server server;
    server.handshake().send("", at, wire::kSyn).good();
    CHECK(server.recorder.log == "GOOD ");
  }
}

TEST_CASE("SYN with FIN or RST opens nothing; with PSH and URG it does", "[endpoint]") {
  Server server;
  server.next = 1000;
  server.send("", 0, wire::kSyn | wire::kFin).send("", 0, wire::kSyn | wire::kRst);
  CHECK(server.table->half_open().in_use() == 0);
  server.send("", 0, wire::kSyn | wire::kPsh | wire::kUrg);
  CHECK(server.table->half_open().in_use() == 1);
}

// Payload on the SYN: TCP Fast Open (RFC 7413), and hosts that send it uninvited.

TEST_CASE("a request on the SYN is told where the server takes it", "[endpoint]") {
  for (const uint32_t isn : {1000U, 0xfffffffeU, 0xffffffffU}) {
    Server server;
    server.syn_with(kGood, kGood.size(), isn).send("", 0, wire::kAck).good();
    CHECK(server.recorder.log == "GOOD GOOD ");
    CHECK(server.recorder.events.empty());
  }
}

TEST_CASE("a request on the SYN that the server does not take is nobody's", "[endpoint]") {
  Server server;
  server.syn_with(kEvil, 0).send("", 0, wire::kAck).good();
  CHECK(server.recorder.log == "GOOD ");
  CHECK(server.recorder.events.empty());
}

TEST_CASE("a request on the SYN is repeated when the server takes part of it", "[endpoint]") {
  Server server;
  const size_t taken = 20;
  server.syn_with(kGood, taken).send("", 0, wire::kAck);
  server.send(kGood.substr(taken)).moved(kGood.size() - taken).good();
  CHECK(server.recorder.log == "GOOD GOOD ");
  CHECK(server.recorder.events.empty());
}

TEST_CASE("a request that goes on behind the SYN before any answer", "[endpoint]") {
  Server server;
  const std::string_view good = kGood;
  const size_t cut = 30;
  server.next = 1000;
  server.send(good.substr(0, cut), 0, wire::kSyn);
  server.next = 1001 + cut;
  server.send(good.substr(cut));
  CHECK(server.recorder.log == "GOOD ");
}

TEST_CASE("a repeated SYN without its payload changes nothing", "[endpoint]") {
  Server server;
  server.next = 1000;
  server.send(kGood, 0, wire::kSyn).send("", 0, wire::kSyn);
  server.syn_with("", kGood.size()).send("", 0, wire::kAck);
  CHECK(server.recorder.log == "GOOD ");
}

TEST_CASE("an answer of the server on its SYN-ACK, to a request on the SYN", "[endpoint]") {
  Server server;
  server.next = 1000;
  server.send(kGood, 0, wire::kSyn);
  server.next = 1001 + static_cast<uint32_t>(kGood.size());
  server.acknowledged(wire::kSyn | wire::kAck, "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
  CHECK(server.recorder.log == "GOOD ");
}
