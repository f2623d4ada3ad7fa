// SPDX-License-Identifier: BSD-3-Clause
// How a connection may begin before a capture's eyes: TCP Fast Open (RFC 7413), split handshakes
// and simultaneous opens (RFC 9293 3.5), one direction only, and in the middle. The request GOOD is
// told in each of them.
#include <catch2/catch.hpp>
#include <cstdio>
#include <vector>

#include "tests/support/attacked_server.hpp"

using namespace exwire;
using Server = test::AttackedServer;

namespace {

const std::string kGood = test::phone_request("GOOD"), kEvil = test::phone_request("EVIL");
const std::string kAnswer = "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n";
constexpr uint8_t kSynAck = wire::kSyn | wire::kAck;

struct Opening {
  const char* what;
  void (*play)(Server&);
};

void syn(Server& to, std::string_view payload, const test::Odd& odd = {}) {
  to.next = 1000;
  to.send(payload, 0, wire::kSyn, odd).moved(1);
}

const std::vector<Opening> kOpenings{
    {"Fast Open, request taken",
     [](Server& to) {
       to.syn_with(kGood, kGood.size()).send("", 0, wire::kAck).acknowledged(wire::kAck, kAnswer);
     }},
    {"Fast Open, the next request follows",
     [](Server& to) { to.syn_with(kEvil, kEvil.size()).send("", 0, wire::kAck).good(); }},
    {"Fast Open refused, request sent again",
     [](Server& to) { to.syn_with(kGood, 0).send("", 0, wire::kAck).good(); }},
    {"Fast Open refused, sent again in two segments",
     [](Server& to) {
       to.syn_with(kGood, 0).send(kGood.substr(0, 30)).moved(30);
       to.send(kGood.substr(30)).moved(kGood.size() - 30);
     }},
    {"Fast Open, part of the request taken",
     [](Server& to) { to.syn_with(kGood, 20).send(kGood.substr(20)).moved(kGood.size() - 20); }},
    {"Fast Open, the rest of the request before any answer",
     [](Server& to) {
       syn(to, kGood.substr(0, 30));
       to.moved(30).send(kGood.substr(30)).moved(kGood.size() - 30);
       to.acknowledged(kSynAck);
     }},
    {"Fast Open, the rest behind the answer",
     [](Server& to) {
       to.syn_with(kGood.substr(0, 30), 30).send(kGood.substr(30)).moved(kGood.size() - 30);
     }},
    {"Fast Open, SYN repeated without payload",
     [](Server& to) {
       syn(to, kGood);
       to.syn_with("", kGood.size()).send("", 0, wire::kAck);
     }},
    {"Fast Open, SYN repeated with payload",
     [](Server& to) {
       syn(to, kGood);
       to.syn_with(kGood, kGood.size()).send("", 0, wire::kAck);
     }},
    {"Fast Open, answered on the SYN-ACK",
     [](Server& to) {
       syn(to, kGood);
       to.moved(kGood.size()).acknowledged(kSynAck, kAnswer).send("", 0, wire::kAck);
     }},
    {"Fast Open, sequence numbers wrap in the payload",
     [](Server& to) { to.syn_with(kGood, kGood.size(), 0xfffffff0).send("", 0, wire::kAck); }},
    {"Fast Open, a cookie asked for, no payload",
     [](Server& to) {
       syn(to, "", {.options = {34, 2, 1, 1}});
       to.acknowledged(kSynAck).send("", 0, wire::kAck).good();
     }},
    {"Fast Open, answer not captured",
     [](Server& to) {
       syn(to, kGood);
       to.moved(kGood.size()).send("", 0, wire::kAck).acknowledged(wire::kAck, kAnswer);
     }},
    {"split handshake in four packets",
     [](Server& to) {
       syn(to, "");
       to.acknowledged(wire::kSyn).send("", -1, kSynAck).acknowledged().good();
     }},
    {"split handshake in five packets",
     [](Server& to) {
       syn(to, "");
       to.acknowledged().acknowledged(wire::kSyn).send("", -1, kSynAck).acknowledged().good();
     }},
    {"one direction only",
     [](Server& to) {
       to.deaf = true;
       to.handshake().good();
     }},
    {"one direction only, a segment missing before",
     [](Server& to) {
       to.deaf = true;
       to.handshake().send(kEvil.substr(0, 30)).moved(kEvil.size());
       to.good();
       to.now.ns += 6 * kNanosPerSecond;
       to.good();
     }},
    {"one direction only, from the middle",
     [](Server& to) {
       to.deaf = true;
       to.next = 77000;
       to.good();
     }},
    {"midstream: the request is the first packet",
     [](Server& to) {
       to.next = 77000;
       to.good().acknowledged();
     }},
    {"midstream: acknowledgements first",
     [](Server& to) {
       to.next = 77000;
       to.acknowledged().send("", 0, wire::kAck).good();
     }},
    {"midstream: a keep-alive first",
     [](Server& to) {
       to.next = 77000;
       to.send("\0", -1, wire::kAck).acknowledged().good();
     }},
    {"midstream: an answer first",
     [](Server& to) {
       to.next = 77000;
       to.acknowledged(wire::kAck, kAnswer).good();
     }},
    {"midstream: the end of a body first",
     [](Server& to) {
       to.next = 77000;
       to.send("the end of a body").moved(17).acknowledged(wire::kAck, kAnswer).good();
     }},
    {"midstream: the request in two segments",
     [](Server& to) {
       to.next = 77000;
       to.send(kGood.substr(0, 60)).moved(60).send(kGood.substr(60)).moved(kGood.size() - 60);
     }},
    {"midstream: sequence numbers wrap in the request",
     [](Server& to) {
       to.next = 0xfffffff0;
       to.good().acknowledged();
     }},
};

}  // namespace

TEST_CASE("however a connection begins, its request is told", "[opening]") {
  size_t told = 0;
  for (const Opening& opening : kOpenings) {
    Server server;
    opening.play(server);
    server.acknowledged().over();
    INFO(opening.what);
    INFO("requests: " << server.recorder.log << "events: " << server.recorder.events);
    CHECK(server.told("GOOD"));
    told += server.told("GOOD");
  }
  std::printf("figure: openings: %zu of %zu requests told\n", told, kOpenings.size());
  CHECK(kOpenings.size() == 25);
}

// The side that answered the SYN asks, the one that sent it answers.

TEST_CASE("a request of the side that answered the SYN", "[opening]") {
  SECTION("on its SYN-ACK") {
    Server server;
    syn(server, "");
    server.acknowledged(kSynAck, kGood).send(kAnswer).moved(kAnswer.size()).over();
    CHECK(server.recorder.log == "GOOD ");
    CHECK(server.recorder.last.server_port() == 50000);
  }
  SECTION("behind an ordinary handshake") {
    Server server;
    server.handshake().acknowledged(wire::kAck, kGood).send(kAnswer).moved(kAnswer.size()).over();
    CHECK(server.recorder.log == "GOOD ");
    CHECK(server.recorder.events.empty());
  }
  SECTION("behind a split handshake") {
    Server server;
    syn(server, "");
    server.acknowledged(wire::kSyn).send("", -1, kSynAck).acknowledged(wire::kAck, kGood).over();
    CHECK(server.recorder.log == "GOOD ");
  }
  SECTION("not where the other side has spoken before") {
    Server server;
    server.handshake().good().acknowledged(wire::kAck, kEvil).over();
    CHECK(server.told("GOOD"));
    CHECK(server.recorder.last.server_port() == 80);
  }
}
