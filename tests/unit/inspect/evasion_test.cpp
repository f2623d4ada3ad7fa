// SPDX-License-Identifier: BSD-3-Clause
// What published evasion tools send before, between and behind the halves of a request, so that a
// sensor misses it: SymTCP and Themis (CCS 2021), the published strategies of Geneva, lib-erate
// (IMC 2017), Ptacek and Newsham (1998). Built from their descriptions; every case carries a
// phone's request that a real server accepts, and it must be told.
#include <catch2/catch.hpp>
#include <cstdio>
#include <vector>

#include "tests/support/attacked_server.hpp"

using namespace exwire;
using test::Odd;
using Server = test::AttackedServer;

namespace {

const std::string kGood = test::phone_request("GOOD"), kEvil = test::phone_request("EVIL");
const size_t kHalf = kGood.find("Cmd") + 5;  // within the word that must be told
const std::string kFront = kGood.substr(0, kHalf), kRest = kGood.substr(kHalf);
const std::string kJunk(kHalf, '#');
constexpr uint8_t kAck = wire::kAck, kPayload = wire::kAck | wire::kPsh;
constexpr uint8_t kFin = wire::kFin | wire::kAck, kRst = wire::kRst, kRstAck = wire::kRst | kAck;
constexpr uint8_t kLowTtl = 8;

/// The request in two segments, what has gone before in the first one's place or between them.
Server& front(Server& to) {
  return to.send(kFront).moved(kFront.size());
}
void rest(Server& to) {
  to.send(kRest).moved(kRest.size());
}
/// A segment of junk in place of the first half, then both halves.
void inserted(Server& to, uint8_t flags, const Odd& odd) {
  to.send(kJunk, 0, flags, odd);
  rest(front(to));
}
/// A segment without payload between the halves.
void between(Server& to, uint8_t flags, const Odd& odd = {}, int64_t ahead = 0) {
  front(to).send("", ahead, flags, odd);
  rest(to);
}

struct Case {
  const char* what;
  void (*attack)(Server&);
  bool evil_refused = false;  ///< EVIL is in content that no host accepts, and must not be told
};

const std::vector<Case> kThemis{
    {"BAD_ACKNUM_DATA", [](Server& to) { inserted(to, kPayload, {.ack = 5'000'000}); }},
    {"BAD_ACKNUM_RSTACK", [](Server& to) { between(to, kRstAck, {.ack = 5'000'000}); }},
    {"BAD_CHECKSUM_DATA", [](Server& to) { inserted(to, kPayload, {.bad_checksum = true}); }},
    {"BAD_CHECKSUM_DATA, a request",
     [](Server& to) { to.send(kEvil, 0, kPayload, {.bad_checksum = true}).good(); }, true},
    {"BAD_CHECKSUM_RST", [](Server& to) { between(to, kRst, {.bad_checksum = true}); }},
    {"BAD_FLAGS_DATA, none", [](Server& to) { inserted(to, 0, {}); }},
    {"BAD_FLAGS_DATA, SYN and FIN",
     [](Server& to) { inserted(to, wire::kSyn | wire::kFin | kAck, {}); }},
    {"BAD_SEQNUM_DATA",
     [](Server& to) {
       to.send(kJunk, -100000).send(kJunk, 1 << 28);
       rest(front(to));
     }},
    {"BAD_SEQNUM_FIN", [](Server& to) { between(to, kFin, {}, 1 << 28); }},
    {"BAD_SEQNUM_RST", [](Server& to) { between(to, kRst, {}, 1 << 30); }},
    {"BAD_TIMESTAMP_DATA", [](Server& to) { inserted(to, kPayload, {.stamp = 1}); }},
    {"BAD_TIMESTAMP_DATA, a request",
     [](Server& to) { to.send(kEvil, 0, kPayload, {.stamp = 1}).good(); }, true},
    {"BAD_TIMESTAMP_RST", [](Server& to) { between(to, kRstAck, {.stamp = 1}); }},
    {"BIG_GAP", [](Server& to) { between(to, kPayload, {}, 60000); }},
    {"DATAOFS_LARGE",
     [](Server& to) {
       to.send("####", 0, kPayload, {.offset = 0xf0});
       rest(front(to));
     }},
    {"DATAOFS_SMALL", [](Server& to) { inserted(to, kPayload, {.offset = 0x10}); }},
    {"DATA_IN_CLOSING",
     [](Server& to) { to.good().send("", 0, kFin).moved(1).acknowledged().send(kEvil); }, true},
    {"DATA_OVERLAPPING",
     [](Server& to) {
       front(to).send(kFront.substr(10) + kRest, 10 - static_cast<int64_t>(kHalf));
       to.moved(kRest.size());
     }},
    {"DATA_OVERLAPPING, ahead of its turn",
     [](Server& to) {
       to.send(kRest, static_cast<int64_t>(kHalf)).send(kFront + std::string(kRest.size(), '#'));
       to.moved(kGood.size());
     }},
    {"IN_WINDOW_FIN", [](Server& to) { between(to, kFin, {}, 3); }},
    {"IN_WINDOW_RST", [](Server& to) { between(to, kRst, {}, 500); }},
    {"IN_WINDOW_SYN", [](Server& to) { between(to, wire::kSyn, {}, 500); }},
    {"MD5_DATA", [](Server& to) { inserted(to, kPayload, {.options = test::kMd5Option}); }},
    {"MD5_RST", [](Server& to) { between(to, kRst, {.options = test::kMd5Option}); }},
    {"MULTI_SEGMENTATION",
     [](Server& to) {
       for (const char& octet : kGood) to.send({&octet, 1}).moved(1);
     }},
    {"MULTIPLE_SYN",
     [](Server& to) {
       to.send("", -1, wire::kSyn).send("", 70000, wire::kSyn).send("", -90000, wire::kSyn).good();
     }},
    {"NO_ACK_FLAG_DATA", [](Server& to) { inserted(to, wire::kPsh, {}); }},
    {"NO_ACK_FLAG_DATA, a request", [](Server& to) { to.send(kEvil, 0, wire::kPsh).good(); }, true},
    {"NO_ACK_FLAG_FIN", [](Server& to) { between(to, wire::kFin); }},
    {"PARTIAL_IN_WINDOW_RST",
     [](Server& to) {
       front(to).send(kJunk, -5, kRst);
       rest(to);
     }},
    {"RST_AFTER_FIN",
     [](Server& to) {
       front(to).send("", 0, kFin, {.ttl = kLowTtl}).send("", 1, kRst, {.ttl = kLowTtl});
       rest(to);
     }},
    {"RST_RIGHTMOST_SACK",
     [](Server& to) {
       front(to).send("tail", 1000).send("", 1004, kRst);
       rest(to);
     }},
    {"SEQ_BEFORE_ISN", [](Server& to) { to.send("####" + kGood, -4).moved(kGood.size()); }},
    {"SMALL_SEGMENTS",
     [](Server& to) {
       for (size_t at = 0; at < kGood.size(); at += 4) to.send(kGood.substr(at, 4)).moved(4);
     }},
    {"URGENT_DATA",
     [](Server& to) {
       to.send(kFront + "x", 0, kPayload | wire::kUrg,
               {.urgent = static_cast<uint16_t>(kHalf + 1)});
       to.moved(kHalf + 1);
       rest(to);
     }},
    {"TIME_GAP",
     [](Server& to) {
       front(to).now.ns += 300 * kNanosPerSecond;
       rest(to);
     }},
};

constexpr uint8_t kFrapuen =
    wire::kFin | wire::kRst | wire::kAck | wire::kPsh | wire::kUrg | wire::kEce;
constexpr uint8_t kFreacn = wire::kFin | wire::kRst | wire::kEce | wire::kAck | wire::kCwr;
constexpr uint8_t kFrapun = wire::kFin | wire::kRst | wire::kAck | wire::kPsh | wire::kUrg;

const std::vector<Case> kGeneva{
    {"data offset 10, wrong checksum",
     [](Server& to) { inserted(to, kPayload, {.offset = 0xa0, .bad_checksum = true}); }},
    {"data offset 10, TTL 10",
     [](Server& to) { inserted(to, kPayload, {.ttl = 10, .offset = 0xa0}); }},
    {"data offset 10, wrong acknowledgement",
     [](Server& to) { inserted(to, kPayload, {.ack = 77'000'000, .offset = 0xa0}); }},
    {"other payload, wrong checksum",
     [](Server& to) { inserted(to, kPayload, {.bad_checksum = true}); }},
    {"other payload, TTL 10", [](Server& to) { inserted(to, kPayload, {.ttl = 10}); }},
    {"other payload, wrong acknowledgement",
     [](Server& to) { inserted(to, kPayload, {.ack = -77'000'000}); }},
    {"RST, wrong checksum", [](Server& to) { between(to, kRst, {.bad_checksum = true}); }},
    {"RST, TTL 10", [](Server& to) { between(to, kRst, {.ttl = 10}); }},
    {"RST, MD5", [](Server& to) { between(to, kRst, {.options = test::kMd5Option}); }},
    {"RST-ACK, wrong checksum", [](Server& to) { between(to, kRstAck, {.bad_checksum = true}); }},
    {"RST-ACK, TTL 10", [](Server& to) { between(to, kRstAck, {.ttl = 10}); }},
    {"RST-ACK, MD5", [](Server& to) { between(to, kRstAck, {.options = test::kMd5Option}); }},
    {"RST before anything, TTL 10", [](Server& to) { to.send("", 0, kRst, {.ttl = 10}).good(); }},
    {"flags FRAPUEN, wrong checksum",
     [](Server& to) { inserted(to, kFrapuen, {.bad_checksum = true}); }},
    {"flags FRAPUEN, TTL 10", [](Server& to) { inserted(to, kFrapuen, {.ttl = 10}); }},
    {"flags FREACN, TTL 10", [](Server& to) { inserted(to, kFreacn, {.ttl = 10}); }},
    {"flags FRAPUN, MD5", [](Server& to) { inserted(to, kFrapun, {.options = test::kMd5Option}); }},
    {"IP length 64", [](Server& to) { inserted(to, kPayload, {.ip_length = -10}); }},
    {"IP length 78", [](Server& to) { inserted(to, kPayload, {.ip_length = 14}); }},
    {"segments at 8 octets",
     [](Server& to) {
       to.send(kGood.substr(0, 8)).moved(8).send(kGood.substr(8)).moved(kGood.size() - 8);
     }},
    {"segments at 4 octets, the second half first",
     [](Server& to) { to.send(kGood.substr(4), 4).send(kGood.substr(0, 4)).moved(kGood.size()); }},
    {"segments before the last octet",
     [](Server& to) {
       const size_t last = kGood.size() - 1;
       to.send(kGood.substr(0, last)).moved(last).send(kGood.substr(last)).moved(1);
     }},
    {"an empty ACK with another number", [](Server& to) { between(to, kAck, {}, -123456); }},
    {"user timeout option",
     [](Server& to) {
       to.send(kFront, 0, kPayload, {.options = {28, 4, 0x80, 1}}).moved(kHalf);
       rest(to);
     }},
};

const std::vector<Case> kInert{
    {"IP version 5", [](Server& to) { inserted(to, kPayload, {.ip_first = 0x55}); }},
    {"IP header length 4", [](Server& to) { inserted(to, kPayload, {.ip_first = 0x44}); }},
    {"IP header longer than the packet",
     [](Server& to) { inserted(to, kPayload, {.ip_first = 0x4f}); }},
    {"IP length too long", [](Server& to) { inserted(to, kPayload, {.ip_length = 400}); }},
    {"IP length too short", [](Server& to) { inserted(to, kPayload, {.ip_length = -30}); }},
    {"another protocol", [](Server& to) { inserted(to, kPayload, {.protocol = 200}); }},
    {"wrong IP checksum",
     [](Server& to) { inserted(to, kPayload, {.bad_header_checksum = true}); }},
    {"wrong IP checksum, a request",
     [](Server& to) { to.send(kEvil, 0, kPayload, {.bad_header_checksum = true}).good(); }, true},
    {"all flags", [](Server& to) { inserted(to, 0xff, {}); }},
    {"TTL too small for the server", [](Server& to) { inserted(to, kPayload, {.ttl = 1}); }},
    {"RST that dies on its way, then silence",
     [](Server& to) {
       front(to).send("", 0, kRst, {.ttl = 3}).now.ns += 40 * kNanosPerSecond;
       rest(to);
     }},
    {"FIN that dies on its way", [](Server& to) { between(to, kFin, {.ttl = 3}); }},
    {"FIN that dies on its way, then silence",
     [](Server& to) {
       front(to).send("", 0, kFin, {.ttl = 3}).now.ns += 300 * kNanosPerSecond;
       rest(to);
     }},
    {"silence before the request",
     [](Server& to) {
       to.now.ns += 900 * kNanosPerSecond;
       rest(front(to));
     }},
    {"five segments, the last first",
     [](Server& to) {
       const size_t step = kGood.size() / 5 + 1;
       for (size_t at = 5 * step; at > 0; at -= step) {
         to.send(kGood.substr(at - step, step), static_cast<int64_t>(at - step));
       }
       to.moved(kGood.size());
     }},
    {"every segment twice",
     [](Server& to) {
       to.send(kFront).send(kFront).moved(kHalf).send(kRest);
       rest(to);
     }},
    {"each segment repeats half of the last",
     [](Server& to) {
       for (size_t at = 0; at + 8 <= kGood.size() + 7; at += 8) {
         const size_t from = at < 4 ? 0 : at - 4;
         to.send(kGood.substr(from, 12), static_cast<int64_t>(from));
       }
       to.moved(kGood.size());
     }},
    {"keep-alives between",
     [](Server& to) {
       front(to).send("#", -1, kAck).send("", -1, kAck);
       rest(to);
     }},
    {"payload on a SYN that the server does not take",
     [](Server& to) {
       to.send("", 0, kRst);
       Server& again = to.syn_with(kJunk, 0, 900000);
       rest(front(again.send("", 0, kAck)));
     }},
    {"the connection is reset and opened anew with other numbers",
     [](Server& to) {
       front(to).send("", 0, kRst);
       to.server_next = 777000;
       rest(front(to.handshake(4'000'000'000)));
     }},
    {"a second handshake that nobody answers",
     [](Server& to) {
       front(to).send("", 55555, wire::kSyn).send(kJunk, 55556);
       rest(to);
     }},
    {"a SYN-ACK of the client's", [](Server& to) { between(to, wire::kSyn | kAck, {}, 500); }},
    {"payload behind the window, then in it",
     [](Server& to) {
       to.send(kJunk, 1 << 27);
       rest(front(to));
     }},
    {"time stamps in the future",
     [](Server& to) { inserted(to, kPayload, {.stamp = 90000 + (1U << 30)}); }},
    {"no time stamps where they are agreed",
     [](Server& to) {
       to.send(kFront, 0, kPayload, {.unstamped = true}).moved(kHalf);
       rest(to);
     }},
    {"an unknown option",
     [](Server& to) {
       to.send(kFront, 0, kPayload, {.options = {200, 6, 1, 2, 3, 4, 1, 1}}).moved(kHalf);
       rest(to);
     }},
    {"an option of length zero",
     [](Server& to) {
       to.send(kFront, 0, kPayload, {.unstamped = true, .options = {5, 0, 1, 1}}).moved(kHalf);
       rest(to);
     }},
    {"padding behind the packet",
     [](Server& to) {
       to.send(kFront, 0, kPayload, {.padding = "######"}).moved(kHalf);
       rest(to);
     }},
    {"reserved bits",
     [](Server& to) {
       to.send(kFront, 0, kPayload, {.offset = 0x5e, .unstamped = true}).moved(kHalf);
       rest(to);
     }},
    {"many doubtful segments, more than are held",
     [](Server& to) {
       for (int turn = 0; turn < 20; ++turn) to.send("#", 4000 + turn, kPayload, {.ttl = 2});
       rest(front(to));
     }},
};

size_t play(const char* source, const std::vector<Case>& cases) {
  size_t right = 0;
  for (const Case& one : cases) {
    Server server;
    server.stamped(90000).handshake();
    one.attack(server);
    server.acknowledged().over();
    INFO(source << ": " << one.what);
    INFO("requests: " << server.recorder.log << "events: " << server.recorder.events);
    const bool good = server.told("GOOD"), evil = one.evil_refused && server.told("EVIL");
    CHECK(good);
    CHECK_FALSE(evil);
    right += good && !evil;
  }
  std::printf("figure: evasions of %s: %zu of %zu\n", source, right, cases.size());
  return right;
}

}  // namespace

TEST_CASE("a request is told whatever evasion tools send around it", "[evasion]") {
  CHECK(play("SymTCP and Themis", kThemis) == kThemis.size());
  CHECK(play("Geneva", kGeneva) == kGeneva.size());
  CHECK(play("lib-erate, Ptacek and Newsham", kInert) == kInert.size());
}

TEST_CASE("roles turned around before the handshake", "[evasion]") {
  Server server;  // TCB_TURNAROUND: the client's SYN-ACK comes first
  server.next = 1000;
  server.send("", 0, wire::kSyn | wire::kAck).handshake().good().acknowledged().over();
  CHECK(server.told("GOOD"));
}

TEST_CASE("payload on the SYN, and twice", "[evasion]") {
  Server server;  // SYN_DATA
  server.syn_with(kJunk, 0);
  server.next = 1000;
  server.send(kEvil, 0, wire::kSyn).moved(1).send("", 0, wire::kAck).good();
  server.acknowledged().over();
  CHECK(server.recorder.log == "GOOD ");
}
