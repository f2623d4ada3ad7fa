// SPDX-License-Identifier: BSD-3-Clause
// People and devices hidden wherever they stand: in URLs of every form, in findings, in fields.
#include <catch2/catch.hpp>

#include "sensor/report/privacy.hpp"

using namespace exwire;
using inspect::HttpField;
using report::Privacy;
using report::Shown;

namespace {

const Privacy kOff({Shown::off, Shown::off, ""});
const Privacy kKeyed({Shown::hmac, Shown::hmac, "a key"});

}  // namespace

TEST_CASE("what is clear stays as it is", "[privacy]") {
  const Privacy clear({});
  CHECK(clear.all_clear());
  const std::string_view url = "/Microsoft-Server-ActiveSync?User=a%40b&DeviceId=c&Cmd=Ping";
  CHECK(clear.url(url) == url);
  CHECK(clear.user("alice") == "alice");
}

TEST_CASE("users and devices leave URLs", "[privacy]") {
  CHECK(kOff.url("/Microsoft-Server-ActiveSync?User=a%40b&DeviceId=c&DeviceType=iPhone&Cmd=Ping") ==
        "/Microsoft-Server-ActiveSync?User=***&DeviceId=***&DeviceType=iPhone&Cmd=Ping");
  CHECK(kOff.url("/microsoft-server-activesync/default.eas?jAAJBAp2MTQwRGV2aWNlAApTbWFydA==") ==
        "/microsoft-server-activesync/default.eas?***");
  CHECK(kOff.url("/mapi/emsmdb/?MailboxId=4c0b@exwire.example") == "/mapi/emsmdb/?MailboxId=***");
  CHECK(kOff.url("/owa/alice@exwire.example/?x=1") == "/owa/***/?x=1");
  CHECK(kOff.url("/owa/alice%40exwire.example/") == "/owa/***/");
  CHECK(kOff.url("/Exchange/alice/Inbox/") == "/Exchange/***/Inbox/");
  for (const char* same :
       {"", "/", "/owa/", "/exchange/", "?", "/a?", "/a?b&c=d&", "https://h/x"}) {
    CHECK(kOff.url(same) == same);
  }
}

TEST_CASE("a digest is the same for the same person, however written", "[privacy]") {
  const std::string alice = kKeyed.user("alice@exwire.example");
  CHECK(alice.size() == std::string_view("hmac-").size() + 16);
  CHECK(kKeyed.user("Alice@Exwire.example") == alice);
  CHECK(kKeyed.url("/owa/ALICE%40exwire.example/") == "/owa/" + alice + "/");
  CHECK(kKeyed.user("bob@exwire.example") != alice);
  CHECK(Privacy({Shown::hmac, Shown::hmac, "another"}).user("alice@exwire.example") != alice);
}

TEST_CASE("only what is asked for is hidden", "[privacy]") {
  const Privacy devices({Shown::clear, Shown::off, ""});
  CHECK(devices.url("/Microsoft-Server-ActiveSync?User=a%40b&DeviceId=c&Cmd=Ping") ==
        "/Microsoft-Server-ActiveSync?User=a%40b&DeviceId=***&Cmd=Ping");
  CHECK(devices.url("/owa/alice@exwire.example/") == "/owa/alice@exwire.example/");
}

TEST_CASE("findings and transactions hold no name any more", "[privacy]") {
  detect::Facts facts;
  facts.add("user", "alice");
  facts.add("device_id", "DEVICE1");
  facts.add("url_path", "/exchange/alice/");
  facts.add("failures", 7);
  const detect::Facts clean = kOff.facts(facts);
  REQUIRE(clean.size() == 4);
  CHECK(clean[0].text == "***");
  CHECK(clean[1].text == "***");
  CHECK(clean[2].text == "/exchange/***/");
  CHECK(clean[3].number == 7);
  inspect::HttpTransaction transaction;
  transaction.set(HttpField::uri_raw, as_bytes(std::string_view("/owa/?user=alice")));
  transaction.set(HttpField::as_user, as_bytes(std::string_view("alice")));
  transaction.set(HttpField::as_device_id, as_bytes(std::string_view("DEVICE1")));
  transaction.set(HttpField::method, as_bytes(std::string_view("GET")));
  transaction.number = 3;
  const inspect::HttpTransaction hidden = kOff.transaction(transaction);
  CHECK(hidden.text(HttpField::uri_raw) == "/owa/?user=***");
  CHECK(hidden.text(HttpField::as_user) == "***");
  CHECK(hidden.text(HttpField::as_device_id) == "***");
  CHECK(hidden.text(HttpField::method) == "GET");
  CHECK(hidden.number == 3);
}
