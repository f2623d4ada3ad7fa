// SPDX-License-Identifier: BSD-3-Clause
// What a server makes of odd segments, row by row: measured on Linux 6.18, known of Windows from
// its published models. GOOD is the request the server gets and must be told in every row; EVIL is
// told only where some host might take it.
#include <catch2/catch.hpp>
#include <cstdio>
#include <vector>

#include "tests/support/attacked_server.hpp"

using namespace exwire;
using test::Odd;
using Server = test::AttackedServer;

namespace {

const std::string kGood = test::phone_request("GOOD"), kEvil = test::phone_request("EVIL");
constexpr uint8_t kPayload = wire::kAck | wire::kPsh;

/// Whether EVIL is told: `both` where hosts differ or cannot be known.
enum class Evil { never, both };

struct Row {
  int number;
  const char* what;
  Evil evil;
  const char* event;  ///< one that is told, null: none at all
  void (*attack)(Server&);
};

const std::vector<Row> kRows{
    {1, "payload, wrong checksum", Evil::never, "bad_checksum",
     [](Server& to) { to.handshake().send(kEvil, 0, kPayload, {.bad_checksum = true}).good(); }},
    {2, "RST, wrong checksum", Evil::never, "bad_checksum",
     [](Server& to) { to.handshake().send("", 0, wire::kRst, {.bad_checksum = true}).good(); }},
    {3, "payload that acknowledges what was not sent", Evil::both, "stream.est_invalid_ack",
     [](Server& to) { to.handshake().send(kEvil, 0, kPayload, {.ack = 100000}).good(); }},
    {4, "payload with an acknowledgement far in the past", Evil::both, "stream.est_invalid_ack",
     [](Server& to) { to.handshake().send(kEvil, 0, kPayload, {.ack = -100000}).good(); }},
    {5, "payload without ACK, or without any flag", Evil::never, "stream.pkt_broken_ack",
     [](Server& to) { to.handshake().send(kEvil, 0, wire::kPsh).send(kEvil, 0, 0).good(); }},
    {6, "payload on SYN and SYN-ACK in the window", Evil::never, "stream.est_syn_resend",
     [](Server& to) {
       to.handshake().send(kEvil, 0, wire::kSyn).send(kEvil, 0, wire::kSyn | wire::kAck);
       to.send(kEvil, 10, wire::kSyn).good();
     }},
    {7, "FIN without ACK", Evil::never, "stream.pkt_broken_ack",
     [](Server& to) { to.handshake().send("", 0, wire::kFin).good(); }},
    {8, "FIN behind a hole", Evil::never, nullptr,
     [](Server& to) {
       to.handshake().send("", 10, wire::kFin | wire::kAck).good().acknowledged().good();
     }},
    {9, "FIN far out of the window", Evil::never, "stream.est_packet_out_of_window",
     [](Server& to) {
       to.handshake().acknowledged().send("", 1 << 28, wire::kFin | wire::kAck).good();
     }},
    {10, "RST at exactly the next number", Evil::never, "exwire.reset_ignored",
     [](Server& to) { to.handshake().acknowledged().send("", 0, wire::kRst).good(); }},
    {11, "RST in the window, not exact", Evil::never, "stream.suspected_rst_inject",
     [](Server& to) { to.handshake().acknowledged().send("", 1000, wire::kRst).good(); }},
    {12, "RST left of the window and far right of it", Evil::never, nullptr,
     [](Server& to) {
       to.handshake().acknowledged().send("", -5000, wire::kRst).send("", 1 << 28, wire::kRst);
       to.good();
     }},
    {13, "exact RST with payload", Evil::both, "exwire.reset_with_payload",
     [](Server& to) { to.handshake().acknowledged().send(kEvil, 0, wire::kRst).good(); }},
    {14, "exact RST with an absurd acknowledgement", Evil::never, "exwire.reset_ignored",
     [](Server& to) {
       to.handshake().send("", 0, wire::kRst | wire::kAck, {.ack = 1 << 30}).good();
     }},
    {15, "RST with an MD5 signature", Evil::never, "stream.suspected_rst_inject",
     [](Server& to) {
       to.handshake().acknowledged().send("", 0, wire::kRst, {.options = test::kMd5Option});
       to.good();
     }},
    {16, "payload with an MD5 signature", Evil::both, "exwire.signature_not_agreed",
     [](Server& to) {
       to.handshake().send(kEvil, 0, kPayload, {.options = test::kMd5Option}).good();
     }},
    {17, "payload with an old time stamp", Evil::never, "stream.pkt_invalid_timestamp",
     [](Server& to) {
       to.stamped(90000).handshake().send(kEvil, 0, kPayload, {.stamp = 80000}).good();
     }},
    {18, "time stamp older by one", Evil::both, "stream.pkt_invalid_timestamp",
     [](Server& to) {
       to.stamped(90000).handshake().send(kEvil, 0, kPayload, {.stamp = 89999}).good();
     }},
    {19, "time stamps agreed, segment without", Evil::never, nullptr,
     [](Server& to) {
       to.stamped(90000).handshake().send(kGood, 0, kPayload, {.unstamped = true});
       to.moved(kGood.size()).good();
     }},
    {20, "time stamp of zero", Evil::both, "stream.pkt_invalid_timestamp",
     [](Server& to) {
       to.stamped(90000).handshake().send(kEvil, 0, kPayload, {.stamp = 0}).good();
     }},
    {21, "an octet far in the future, then honest ones", Evil::never,
     "stream.pkt_invalid_timestamp",
     [](Server& to) {
       to.stamped(90000).handshake();
       to.send(kGood.substr(0, 1), 0, kPayload, {.stamp = 90000 + (1U << 30)}).moved(1);
       to.acknowledged().send(kGood.substr(1));  // which a Linux host ignores
     }},
    {22, "exact RST with an old time stamp", Evil::never, "exwire.reset_ignored",
     [](Server& to) {
       to.stamped(90000).handshake().send("", 0, wire::kRst | wire::kAck, {.stamp = 100}).good();
     }},
    {23, "urgent pointer 3", Evil::never, "stream.urgent_data",
     [](Server& to) {
       std::string sent = kGood;
       sent.insert(2, "x");
       to.handshake().send(sent, 0, kPayload | wire::kUrg, {.urgent = 3}).moved(sent.size());
     }},
    {24, "urgent pointer 0", Evil::never, "stream.urgent_data",
     [](Server& to) {
       to.handshake().send("x" + kGood, 0, kPayload | wire::kUrg).moved(kGood.size() + 1);
     }},
    {25, "urgent pointer to the last octet", Evil::never, "stream.urgent_data",
     [](Server& to) {
       const std::string cut = kGood.substr(0, 20) + "x";
       to.handshake().send(cut, 0, kPayload | wire::kUrg, {.urgent = 21}).moved(cut.size());
       to.send(kGood.substr(20)).moved(kGood.size() - 20);
     }},
    {26, "urgent pointer beyond the segment", Evil::never, "stream.urgent_data",
     [](Server& to) {
       to.handshake().send(kGood.substr(0, 20), 0, kPayload | wire::kUrg, {.urgent = 23}).moved(20);
       const std::string rest = kGood.substr(20, 2) + "x" + kGood.substr(22);
       to.send(rest).moved(rest.size());
     }},
    {27, "payload on a SYN without Fast Open", Evil::never, nullptr,
     [](Server& to) { to.syn_with(kEvil, 0).send("", 0, wire::kAck).good(); }},
    {28, "payload on the third packet", Evil::never, nullptr,
     [](Server& to) { to.syn_with("", 0).good(); }},
    {29, "SYN with FIN, SYN with RST", Evil::never, "impossible_flags",
     [](Server& to) {
       to.next = 1000;
       to.send("", 0, wire::kSyn | wire::kFin).send("", 0, wire::kSyn | wire::kRst);
       to.handshake().good();
     }},
    {30, "SYN with PSH and URG", Evil::never, nullptr,
     [](Server& to) {
       to.next = 1000;
       to.send("", 0, wire::kSyn | wire::kPsh | wire::kUrg).moved(1);
       to.acknowledged(wire::kSyn | wire::kAck).send("", 0, wire::kAck).good();
     }},
    {31, "payload that begins before the stream", Evil::never, nullptr,
     [](Server& to) { to.handshake().send("####" + kGood, -4).moved(kGood.size()); }},
    {32, "payload beyond the window", Evil::never, "stream.est_packet_out_of_window",
     [](Server& to) { to.handshake().acknowledged().send(kEvil, 1 << 28).good(); }},
    {33, "one octet per segment, in reverse", Evil::never, nullptr,
     [](Server& to) {
       to.handshake();
       for (size_t at = kGood.size(); at-- > 0;) {
         to.send(std::string_view(kGood).substr(at, 1), static_cast<int64_t>(at));
       }
       to.moved(kGood.size());
     }},
    {34, "payload after FIN", Evil::never, "exwire.payload_after_fin",
     [](Server& to) {
       to.handshake().good().send("", 0, wire::kFin | wire::kAck).moved(1).acknowledged();
       to.send(kEvil);
     }},
    {35, "SYN of the same and of another number", Evil::never, "stream.est_syn_resend",
     [](Server& to) {
       to.handshake().send("", -1, wire::kSyn).send("", 77777, wire::kSyn).good();
     }},
    {36, "data offset too small, or beyond the segment", Evil::never, "impossible_header",
     [](Server& to) {
       to.handshake().send(kEvil, 0, kPayload, {.offset = 0x40});
       to.send("EVIL", 0, kPayload, {.offset = 0xf0}).good();
     }},
    {37, "payload that counts as options", Evil::never, nullptr,
     [](Server& to) {
       to.handshake().send("####" + kGood, 0, kPayload, {.offset = 0x60}).moved(kGood.size());
     }},
    {38, "reserved bits", Evil::never, nullptr,
     [](Server& to) {
       to.handshake().send(kGood, 0, kPayload, {.offset = 0x5e}).moved(kGood.size());
     }},
    {39, "IP length beyond the frame", Evil::never, nullptr,
     [](Server& to) { to.handshake().send(kEvil, 0, kPayload, {.ip_length = 100}).good(); }},
    {40, "padding behind the IP length", Evil::never, nullptr,
     [](Server& to) {
       to.handshake().send(kGood, 0, kPayload, {.padding = kEvil}).moved(kGood.size()).good();
     }},
    {41, "wrong IP header checksum", Evil::never, "bad_header_checksum",
     [](Server& to) {
       to.handshake().send(kEvil, 0, kPayload, {.bad_header_checksum = true}).good();
     }},
};

}  // namespace

TEST_CASE("the endpoint truth table, row by row", "[endpoint]") {
  size_t right = 0;
  for (const Row& row : kRows) {
    Server server;
    row.attack(server);
    server.acknowledged().over();
    INFO("row " << row.number << ": " << row.what);
    INFO("requests: " << server.recorder.log << "events: " << server.recorder.events);
    const bool told = server.told("GOOD") && server.recorder.flows == 1;
    const bool evil = server.told("EVIL") == (row.evil == Evil::both);
    const bool event =
        row.event != nullptr ? server.event(row.event) : server.recorder.events.empty();
    CHECK(told);
    CHECK(evil);
    CHECK(event);
    right += told && evil && event;
  }
  std::printf("figure: endpoint truth table: %zu of %zu rows\n", right, kRows.size());
  CHECK(kRows.size() == 41);
}
