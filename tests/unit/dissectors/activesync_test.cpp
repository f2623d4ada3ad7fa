// SPDX-License-Identifier: BSD-3-Clause
// ActiveSync queries and WBXML bodies: documents as real encoders make them, and such as only an
// attacker would.
#include <catch2/catch.hpp>
#include <string>

#include "dissectors/activesync_body.hpp"
#include "dissectors/activesync_query.hpp"
#include "tests/support/hex_octets.hpp"

using namespace exwire;
using namespace exwire::activesync;
using test::octets;

namespace {

Body body_of(const std::string& text) {
  BodyReader reader;
  reader.feed(as_bytes(text));
  return reader.body();
}

const std::string kPing480 =
    octets("03016a00000d4548033438300001494a4b033500014c03456d61696c0001010101");

}  // namespace

TEST_CASE("a Ping says how long it waits, and for which folders", "[activesync]") {
  const Body body = body_of(kPing480);
  CHECK(body.whole);
  CHECK(body.heartbeat == 480u);
  CHECK(body.folders == 1);
  CHECK_FALSE(body.status);
  const Body expired = body_of(octets("03016a00000d45470331000101"));
  CHECK(expired.status == 1u);
  CHECK_FALSE(expired.heartbeat);
}

TEST_CASE("minutes of a hanging Sync are told as seconds", "[activesync]") {
  CHECK(body_of(octets("03016a00"
                       "45"
                       "640339000101"))
            .heartbeat == 540u);
  CHECK(body_of(octets("03016a00"
                       "45"
                       "69033630000101"))
            .heartbeat == 60u);
}

TEST_CASE("provisioning tells keys, statuses and a wipe", "[activesync]") {
  const Body body =
      body_of(octets("03016a00000e45"
                     "4b033100014647"
                     "4b033200014903373700010101"
                     "0c01"));
  CHECK(body.whole);
  CHECK(body.status == 1u);
  CHECK(body.policy_status == 2u);
  CHECK(body.policy_key == 77);
  CHECK(body.remote_wipe);
}

TEST_CASE("a document cut anywhere is incomplete and says nothing wrong", "[activesync]") {
  for (size_t size = 0; size < kPing480.size(); ++size) {
    const Body body = body_of(kPing480.substr(0, size));
    CHECK_FALSE(body.whole);
    CHECK(body.heartbeat.value_or(480) == 480);
  }
}

TEST_CASE("lengths that lie, depth and long numbers end the reading", "[activesync]") {
  using wbxml::Event;
  const auto last = [](const std::string& text) {
    wbxml::Reader reader;
    Bytes rest = as_bytes(text);
    Event event = reader.next(rest);
    while (event == Event::open || event == Event::close || event == Event::text) {
      event = reader.next(rest);
    }
    return event;
  };
  CHECK(last(octets("03016a00"
                    "45c38fffffff7f")) == Event::cut);  // opaque of 4 GiB
  CHECK(last(octets("03016a8fffffff7f"
                    "45")) == Event::cut);  // string table of 4 GiB
  CHECK(last(octets("03016a00"
                    "45c3808080808001")) == Event::broken);  // six octets
  CHECK(last(octets("03016a00"
                    "45c3ffffffff7f")) == Event::broken);  // beyond 32 bits
  CHECK(last(octets("03016a00"
                    "458300")) == Event::broken);  // no string table
  CHECK(last(octets("03016a00"
                    "c5")) == Event::broken);  // attributes
  CHECK(last(octets("03016a00"
                    "01")) == Event::broken);  // an end without a begin
  CHECK(last(octets("03016a00") + std::string(1'000'000, 'E')) == Event::broken);
  CHECK(last(octets("03016a00") + std::string(1'000'000, '\0')) == Event::cut);
}

TEST_CASE("both forms of the query name command, user and device", "[activesync]") {
  Query plain;
  CHECK(read_query(plain,
                   "/x/Microsoft-Server-activesync/default.eas?DeviceType=iPhone&"
                   "User=EXWIRE%5Cphone3&deviceid=ABC&Cmd=Sync"));
  CHECK(plain.command.view() == "Sync");
  CHECK(plain.user.view() == "EXWIRE\\phone3");
  CHECK(plain.device_id.view() == "ABC");
  CHECK(plain.device_type.view() == "iPhone");
  Query packed;
  CHECK(read_query(packed, "/Microsoft-Server-ActiveSync?jAAJBAp2MTQwRGV2aWNlAApTbWFydFBob25l"));
  CHECK(packed.command.view() == "Sync");
  CHECK(packed.version.view() == "14.0");
  CHECK(packed.device_id.view() == "v140Device");
  CHECK(packed.device_type.view() == "SmartPhone");
  CHECK(packed.policy_key.view().empty());
  Query other;
  CHECK_FALSE(read_query(other, "/owa/?Cmd=Sync"));
}

TEST_CASE("a base64 query that lies about lengths tells only what is there", "[activesync]") {
  Query query;
  CHECK(read_query(query, "/Microsoft-Server-ActiveSync?jAAJBP92MTQw"));
  CHECK(query.device_id.view().empty());
  Query garbage;
  CHECK(read_query(garbage, "/Microsoft-Server-ActiveSync?" + std::string(1 << 20, '/')));
  CHECK(garbage.command.view().empty());
}
