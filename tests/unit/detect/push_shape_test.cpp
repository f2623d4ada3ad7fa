// SPDX-License-Identifier: BSD-3-Clause
// What looks like Direct Push under TLS, and what only waits.
#include "sensor/detect/push_shape.hpp"
#include "tests/unit/detect/idle_phones.hpp"

using namespace exwire;
using namespace exwire::test::idle;
using detect::WaitKind;

namespace {

WaitKind kind_of(std::string_view method, std::string_view uri, std::string_view request_type = {},
                 std::string_view body = {}) {
  inspect::HttpTransaction transaction;
  const auto set = [&](inspect::HttpField field, std::string_view text) {
    transaction.set(
        field, {reinterpret_cast<const uint8_t*>(text.data()), static_cast<uint32_t>(text.size())});
  };
  set(inspect::HttpField::method, method);
  set(inspect::HttpField::uri, uri);
  if (!request_type.empty()) set(inspect::HttpField::request_type, request_type);
  transaction.body = body;
  const detect::PushShape shape{detect::PushSettings{}};
  detect::IdleMemory memory{};
  shape.begun(transaction, memory);
  shape.body(transaction, memory);
  return memory.wait_kind();
}

}  // namespace

TEST_CASE("what waits for news is named where it can be read", "[detect][idle]") {
  constexpr std::string_view kEws = "/EWS/Exchange.asmx", kMapi = "/mapi/emsmdb/?MailboxId=x";
  CHECK(kind_of("POST", kMapi, "NotificationWait") == WaitKind::notification_wait);
  CHECK(kind_of("POST", kMapi, "Execute") == WaitKind::ordinary);
  CHECK(kind_of("RPC_IN_DATA", "/rpc/rpcproxy.dll?mail:6001") == WaitKind::rpc_in);
  CHECK(kind_of("RPC_OUT_DATA", "/rpc/rpcproxy.dll?mail:6001") == WaitKind::rpc_out);
  CHECK(kind_of("POST", "/rpc/rpcproxy.dll?mail:6001") == WaitKind::ordinary);
  for (const char* asks : {"<soap:Body><m:GetStreamingEvents xmlns:m=\"m\">",
                           "<s:Body><GetStreamingEvents xmlns=\"m\">"}) {
    CHECK(kind_of("POST", kEws, {}, asks) == WaitKind::ews_streaming);
    CHECK(kind_of("POST", "/other/service.asmx", {}, asks) == WaitKind::ordinary);
  }
  for (const char* other :
       {"<m:GetItem><m:ItemShape/></m:GetItem>", "<t:Body>about GetStreamingEvents</t:Body>",
        "<t:Body>&lt;m:GetStreamingEvents&gt;</t:Body>", "GetStreamingEvents",
        "<m:NoGetStreamingEvents/>"}) {
    CHECK(kind_of("POST", kEws, {}, other) == WaitKind::ordinary);
  }
}

TEST_CASE("long waits for small answers are Direct Push", "[detect][idle]") {
  Bench bench;
  Talk push = phone(10, 0);
  for (const int64_t wait : {480, 300, 780}) answered(ping(push), wait);  // mail after 300 s
  bench.add(push);
  bench.run();
  REQUIRE(bench.numbers.size() == 1);
  CHECK(bench.numbers[0].direct_push);
  CHECK(bench.numbers[0].heartbeat_s == 780);
  CHECK(bench.numbers[0].idle_gap_max_s == 780);
}

TEST_CASE("one Ping per connection is Direct Push from the third on", "[detect][idle]") {
  Bench bench;
  uint16_t port = 50000;
  for (const int64_t start : {0, 500, 1300, 2400}) {
    Talk talk = phone(10, start, port++);
    answered(ping(talk), 300 + start / 10).server_fin().client_fin().server_ack();
    bench.add(talk);
  }
  bench.run();
  REQUIRE(bench.numbers.size() == 4);
  const auto push = [](const auto& one) { return one.direct_push; };
  CHECK(std::count_if(bench.numbers.begin(), bench.numbers.end(), push) == 2);
  CHECK(bench.numbers[3].heartbeat_s == 540);
  CHECK(bench.numbers[3].push_score == 80);
}

TEST_CASE("a server that speaks unasked is no Direct Push", "[detect][idle]") {
  Bench bench;
  Talk stream = phone(10, 0);  // EWS streaming: one request, a sign of life every 120 s
  ping(stream);
  for (int sign = 0; sign < 6; ++sign) answered(stream, 120);
  bench.add(stream);
  Talk fetch = phone(11, 0);  // long waits for large answers
  for (int round = 0; round < 4; ++round) {
    ping(fetch).wait(90 * kSecond).server(std::string(1400, 'x')).client("", wire::kAck);
  }
  bench.add(fetch);
  bench.run();
  REQUIRE(bench.numbers.size() == 2);
  for (const auto& one : bench.numbers) {
    CHECK_FALSE(one.direct_push);
    CHECK(one.heartbeat_s == 0);
  }
}
