// SPDX-License-Identifier: BSD-3-Clause
// Work is linear in the octets, whatever they are: calls and lines of the log are counted, not
// time. That octets offered again are not looked at again is proven in http1_parts_test.cpp.
#include <catch2/catch.hpp>
#include <string>

#include "tests/support/linear_work.hpp"

using namespace exwire;
using namespace exwire::test;

extern "C" const ExwireDissectorApi dissector_http1;

namespace {

std::string repeated(size_t times, const std::string& text) {
  std::string result;
  result.reserve(times * text.size());
  for (size_t index = 0; index < times; ++index) result += text;
  return result;
}

// Four times the octets: at most five times the work (reliability facts, T22).
template <class Generator>
void check_linear(const char* name, size_t segment, Generator&& generate) {
  INFO(name << ", segments of " << segment);
  const std::string small = generate(1), large = generate(4);
  const Work one = work_of(dissector_http1, small, segment);
  const Work four = work_of(dissector_http1, large, segment);
  // Small streams fit into few segments; pending octets come in steps of 2 KiB.
  CHECK(four.calls <= 5 * one.calls + large.size() / 1024);
  CHECK(four.lines <= 5 * one.lines + 16);
  CHECK(four.calls <= 2 * large.size());
  // A segment is offered once, and again together with what follows only up to the longest line.
  if (segment >= 1460) CHECK(four.offered <= 50 * large.size());
}

}  // namespace

TEST_CASE("a header line of 64 KiB, octet by octet", "[http1][linear]") {
  const std::string head = "GET / HTTP/1.1\r\nX: ";
  const Work cost = work_of(dissector_http1, head + std::string(60000, 'a') + "\r\n\r\n", 1);
  CHECK(cost.calls <= 61000);
}

TEST_CASE("adversarial streams cost linear work", "[http1][linear]") {
  const std::string head = "POST / HTTP/1.1\r\n", chunked = "Transfer-Encoding: chunked\r\n\r\n";
  for (const size_t segment : {size_t{1460}, size_t{65536}, size_t{1} << 30}) {
    check_linear("many headers", segment,
                 [&](size_t n) { return head + repeated(25000 * n, "X: y\r\n") + "\r\n"; });
    check_linear("one header, folded for ever", segment, [&](size_t n) {
      return head + "X: y\r\n" + repeated(25000 * n, " z\r\n") + "\r\n";
    });
    check_linear("tiny chunks", segment, [&](size_t n) {
      return head + chunked + repeated(25000 * n, "1\r\nx\r\n") + "0\r\n\r\n";
    });
    check_linear("nested WBXML in tiny chunks", segment, [&](size_t n) {
      return head + "Content-Type: application/vnd.ms-sync\r\n" + chunked +
             repeated(25000 * n, "1\r\nE\r\n") + "0\r\n\r\n";
    });
    check_linear("WBXML that never ends", segment, [&](size_t n) {
      const std::string document = std::string("\x03\x01j\0E", 5) + repeated(100'000 * n, "Fz\1");
      return head + "Content-Type: application/vnd.ms-sync\r\nContent-Length: " +
             std::to_string(document.size()) + "\r\n\r\n" + document;
    });
    check_linear("trailers", segment, [&](size_t n) {
      return head + chunked + "0\r\n" + repeated(25000 * n, "X: y\r\n") + "\r\n";
    });
    check_linear("pipelined requests", segment,
                 [&](size_t n) { return repeated(2500 * n, "GET / HTTP/1.1\r\n\r\n"); });
    check_linear("a line without an end", segment,
                 [&](size_t n) { return head + "X: " + std::string(200000 * n, 'x'); });
    check_linear("garbage before every request", segment,
                 [&](size_t n) { return repeated(2500 * n, "{} GET /\r\n"); });
    check_linear("empty lines", segment, [&](size_t n) { return repeated(50000 * n, "\r\n"); });
    check_linear("chunk sizes that are none", segment,
                 [&](size_t n) { return repeated(1500 * n, head + chunked + "zz\r\n"); });
    check_linear("lines that end like requests", segment, [&](size_t n) {
      return "x\r\n" + repeated(n, repeated(20000, " /") + " HTTP/1.1\r\n");
    });
  }
}

TEST_CASE("ten thousand requests are answered in order", "[http1][linear]") {
  DissectorHarness harness(dissector_http1, {false, false, false});
  constexpr size_t kMany = 10000;
  harness.feed(Direction::to_server, as_bytes(repeated(kMany, "GET / HTTP/1.1\r\n\r\n")));
  harness.feed(Direction::to_client, as_bytes(repeated(kMany, "HTTP/1.1 204 No Content\r\n\r\n")));
  CHECK(harness.log().find("moment response_end 9999 body 0\n") != std::string::npos);
  CHECK(harness.log().find("response_end 10000") == std::string::npos);
  CHECK(harness.log().find("anomaly http_too_many_transactions") != std::string::npos);
  CHECK(harness.at_rest() == false);  // to_server answered while too many were open
  harness.feed(Direction::to_server, as_bytes("GET / HTTP/1.1\r\n\r\n"));
  CHECK(harness.at_rest());
}

TEST_CASE("a million flows asleep: every request outstanding fits sixteen octets", "[http1]") {
  DissectorHarness harness(dissector_http1, {false, true, false});
  for (int index = 0; index < 100; ++index) {
    harness.feed(Direction::to_server, as_bytes("HEAD /owa/ HTTP/1.1\r\n\r\n"));
    REQUIRE(harness.at_rest());
    harness.feed(Direction::to_client, as_bytes("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n"));
    REQUIRE(harness.at_rest());
  }
  CHECK(harness.sleeps >= 199);
  CHECK(harness.log().find("moment response_end 99 body 0\n") != std::string::npos);
}

TEST_CASE("secrets never leave the dissector", "[http1]") {
  // In every place where one may stand; the user is told, the secret is not.
  const std::string stream =
      "POST http://u:SECRET@h/?password=SECRET&token=SECRET#access_token=SECRET HTTP/1.1\r\n"
      "Authorization: Basic dXNlcjpTRUNSRVQ=\r\nProxy-Authorization: Basic dXNlcjpTRUNSRVQ=\r\n"
      "Cookie: a=SECRET\r\nX-Auth-Token: SECRET\r\nReferer: http://u:SECRET@h/?pwd=SECRET\r\n"
      "Content-Length: 15\r\n\r\npassword=SECRET"
      "GET / HTTP/1.1\r\nAuthorization: Bearer SECRET\r\n\r\n"
      "GET / HTTP/1.1\r\nAuthorization: SECRET\r\n\r\n"
      "GET / HTTP/1.1\r\nAuthorization:\r\n Basic\r\n SECRET\r\n\r\n";
  for (size_t segment = 1; segment < stream.size(); segment += 7) {
    DissectorHarness harness(dissector_http1, {false, true, false});
    for (size_t at = 0; at < stream.size(); at += segment) {
      harness.feed(Direction::to_server, as_bytes(std::string_view(stream).substr(at, segment)));
    }
    harness.feed(
        Direction::to_client,
        as_bytes("HTTP/1.1 401 x\r\nWWW-Authenticate: NTLM SECRET\r\nSet-Cookie: SECRET\r\n"
                 "Location: /?token=SECRET\r\n\r\n"));
    REQUIRE(harness.log().find("SECRET") == std::string::npos);
    REQUIRE(harness.log().find("http.auth_user=u\n") != std::string::npos);
    REQUIRE(harness.log().find("http.auth_user=user\n") != std::string::npos);
  }
}
