// SPDX-License-Identifier: BSD-3-Clause
// The small pieces of the HTTP/1 dissector, each by itself.
#include <catch2/catch.hpp>
#include <set>
#include <string>
#include <vector>

#include "dissectors/http1_challenge.hpp"
#include "dissectors/http1_credentials.hpp"
#include "dissectors/http1_framing.hpp"
#include "dissectors/http1_headers.hpp"
#include "dissectors/http1_lines.hpp"
#include "dissectors/http1_pairing.hpp"
#include "dissectors/http1_parked.hpp"
#include "dissectors/http1_probe.hpp"
#include "dissectors/http1_target.hpp"

using namespace exwire;
using namespace exwire::http1;

namespace {

std::string clean(std::string_view url) {
  std::vector<char> buffer(url.size() * 2 + 16);
  return std::string(without_secrets(url, buffer.data(), buffer.size()));
}

std::string schemes(std::initializer_list<std::string_view> headers) {
  Challenges challenges;
  for (const std::string_view header : headers) challenges.add(header);
  return std::string(challenges.text());
}

}  // namespace

TEST_CASE("lines come out whole however they came in", "[http1]") {
  const std::string text = "GET / HTTP/1.1\r\nA: 1\r\n 2\r\n\t3\r\nB: 4\r\n\r\nnext";
  for (size_t step = 1; step < text.size(); ++step) {
    LineFinder finder;
    std::vector<std::string> lines;
    size_t begin = 0, end = 0;
    while (end < text.size()) {
      end = std::min(text.size(), end + step);
      for (;;) {
        const Bytes in = as_bytes(std::string_view(text).substr(begin, end - begin));
        const Line line = lines.empty() ? finder.next(in) : finder.next_field(in);
        if (line.state != Line::State::whole) break;
        CHECK(line.folded == (lines.size() == 1));
        lines.emplace_back(line.octets.text());
        begin += line.octets.size;
      }
    }
    REQUIRE(lines == std::vector<std::string>{"GET / HTTP/1.1\r\n", "A: 1\r\n 2\r\n\t3\r\n",
                                              "B: 4\r\n", "\r\n"});
  }
}

TEST_CASE("a line is plain when nothing below space stands in it but its end", "[http1]") {
  for (const size_t size : std::vector<size_t>{0, 1, 14, 15, 16, 17, 31, 32, 70}) {
    for (unsigned octet = 0; octet < 256; ++octet) {
      for (size_t place = 0; place < size; ++place) {
        if (octet == '\n') continue;
        std::string field(size, 'x');
        field[place] = static_cast<char>(octet);
        const std::string text = field + "\r\nB: 2\r\n";
        const Line line = LineFinder{}.next_field(as_bytes(text));
        REQUIRE(line.octets.text() == field + "\r\n");
        REQUIRE(line.plain == (octet >= 0x20));
        REQUIRE_FALSE(line.bare());
        REQUIRE(LineFinder{}.next(as_bytes(text)).plain == line.plain);
      }
    }
  }
  CHECK_FALSE(LineFinder{}.next_field(as_bytes("A: 1\nB: 2\r\n")).plain);
  CHECK_FALSE(LineFinder{}.next_field(as_bytes("A: 1\r\n 2\r\n\r\n")).plain);
  CHECK(LineFinder{}.next_field(as_bytes("\r\n x")).blank());
  CHECK(LineFinder{}.next_field(as_bytes("\n x")).blank());
  CHECK_FALSE(LineFinder{}.next(as_bytes("x\n")).blank());
}

TEST_CASE("octets without a line end are looked at once", "[http1]") {
  // What was searched before is overwritten with line ends: looking again would find them.
  LineFinder finder;
  std::string octets;
  for (uint32_t size = 1; size < kLongestLine; ++size) {
    octets.assign(size - 1, '\n');
    octets += 'x';
    REQUIRE(finder.next(as_bytes(octets)).state == Line::State::partial);
  }
  octets.assign(kLongestLine - 1, 'x');
  octets += '\n';
  CHECK(finder.next(as_bytes(octets)).octets.size == kLongestLine);
}

TEST_CASE("a line of 64 KiB is too long in one piece as in many", "[http1]") {
  const std::string longest = std::string(kLongestLine - 1, 'x') + "\n";
  const std::string longer = "x" + longest;
  CHECK(LineFinder{}.next(as_bytes(longest)).state == Line::State::whole);
  CHECK(LineFinder{}.next(as_bytes(longer)).state == Line::State::too_long);
  CHECK(LineFinder{}.next_field(as_bytes(longest + "y")).state == Line::State::too_long);
  CHECK(LineFinder{}.next_field(as_bytes(longest.substr(1) + "y")).state == Line::State::whole);
  LineFinder finder;
  CHECK(finder.next(as_bytes(longer.substr(0, 100))).state == Line::State::partial);
  CHECK(finder.next(as_bytes(longer)).state == Line::State::too_long);
}

TEST_CASE("lengths", "[http1]") {
  const auto length = [](std::string_view text) {
    bool odd = false;
    const auto value = parse_content_length(text, odd);
    return (value ? std::to_string(*value) : "none") + (odd ? " odd" : "");
  };
  CHECK(length("0") == "0");
  CHECK(length("1073741824") == "1073741824");
  CHECK(length("5,5") == "5 odd");
  CHECK(length("5, 6") == "none odd");
  CHECK(length("+5") == "none");
  CHECK(length("-1") == "none");
  CHECK(length("0x5") == "none");
  CHECK(length("5 5") == "none");
  CHECK(length("") == "none");
  CHECK(length("18446744073709551616") == "none");
  CHECK(length("000000000000000000000007") == "7");
  CHECK(length("5,") == "5 odd");
}

TEST_CASE("chunk sizes", "[http1]") {
  CHECK(parse_chunk_size("a\r\n") == 10U);
  CHECK(parse_chunk_size("00FF \r\n") == 255U);
  CHECK(parse_chunk_size("5;ext=\"1\"\r\n") == 5U);
  CHECK(parse_chunk_size(std::string(1000, '0') + "1\r\n") == 1U);
  CHECK(parse_chunk_size("ffffffffffffff\r\n") == 0xffffffffffffffU);
  for (const char* bad : {"fffffffffffffff\r\n", "-1\r\n", "+1\r\n", "0x1\r\n", "\r\n", ";a\r\n",
                          "1 2\r\n", "g\r\n"}) {
    INFO(bad);
    CHECK_FALSE(parse_chunk_size(bad));
  }
}

TEST_CASE("framing keeps the other reading", "[http1]") {
  Framing both;
  both.content_length("4");
  both.transfer_encoding("chunked");
  CHECK(both.chunked());
  CHECK(both.ambiguous());
  CHECK(both.other_end() == 4);
  Framing two;
  two.content_length("30");
  two.content_length("4");
  CHECK(two.length() == 30);
  CHECK(two.other_end() == 4);
  Framing plain;
  plain.transfer_encoding("gzip, Chunked");
  CHECK(plain.chunked());
  CHECK_FALSE(plain.ambiguous());
  CHECK(plain.other_end() == Framing::kNone);
  for (const char* odd : {"xchunked", "chunked, identity", "", "identity", "chunked;q=1"}) {
    Framing framing;
    framing.transfer_encoding(odd);
    CHECK(framing.ambiguous());
    CHECK_FALSE(framing.chunked());
  }
}

TEST_CASE("every header of the table is found, in any case", "[http1]") {
  std::set<uint32_t> published;
  for (const Header& header : kHeaders) {
    std::string name(header.name);
    name[0] = static_cast<char>(toupper(name[0]));
    REQUIRE(find_header(name) == &header);
    name += 'x';
    CHECK(find_header(name) == nullptr);
    for (const Field field : {header.request, header.response}) {
      if (field != kNone) CHECK(published.insert(field).second);
    }
  }
  CHECK(find_header("") == nullptr);
  CHECK(find_header("cookie") == nullptr);
  CHECK(find_header(std::string(100, 'a')) == nullptr);
}

TEST_CASE("URLs lose their secrets", "[http1]") {
  const std::vector<std::pair<std::string, std::string>> cases{
      {"/a?b=c", "/a?b=c"},
      {"/a?password=x", "/a?password=***"},
      {"/a?PWD=x&b=1", "/a?PWD=***&b=1"},
      {"/a?x=1&access_token=abc&token=d#e", "/a?x=1&access_token=***&token=***#e"},
      {"/cb#id_token=x", "/cb#id_token=***"},
      {"/a;token=x/b", "/a;token=***"},
      {"/a?password=", "/a?password="},
      {"/password=x", "/password=x"},
      {"/a?xpassword=y", "/a?xpassword=y"},
      {"/a?password", "/a?password"},
      {"/a?token=a b", "/a?token=*** b"},
      {"http://u:p@h/", "http://u:***@h/"},
      {"http://u:p@h/?pwd=1", "http://u:***@h/?pwd=***"},
      {"http://u@h/", "http://u@h/"},
      {"http://u:a@b:c@h/x@y:z", "http://u:***@h/x@y:z"},
      {"//u:p@h/", "//u:***@h/"},
      {"/x//u:p@h/", "/x//u:p@h/"},
      {"/a?u=http://u:p@h/", "/a?u=http://u:p@h/"},
  };
  for (const auto& [url, expected] : cases) {
    INFO(url);
    CHECK(clean(url) == expected);
  }
  const std::string_view same = "/Microsoft-Server-ActiveSync?Cmd=Ping&User=u";
  char buffer[8];
  CHECK(without_secrets(same, buffer, sizeof buffer).data() == same.data());
  CHECK(without_secrets("/aaaaaaaaa?pwd=x", buffer, sizeof buffer) ==
        "/aaaaaaa");  // cut, no overrun
}

TEST_CASE("challenges are scheme words only", "[http1]") {
  CHECK(schemes({"Negotiate", "NTLM", "Basic realm=\"x\""}) == "Negotiate, NTLM, Basic");
  CHECK(schemes({"Basic realm=\"a, Fake b\", Bearer a=b, c = d"}) == "Basic, Bearer");
  CHECK(schemes({"NTLM TlRMTVNTUAACAAAA=="}) == "NTLM");
  CHECK(schemes({"", ",", "=", "a/b"}).empty());
  CHECK(schemes({"Basic realm=\"open"}) == "Basic");
  std::string many;
  for (int index = 0; index < 100; ++index) many += "Negotiate,";
  CHECK(schemes({many}).size() <= 63);
}

TEST_CASE("credentials tell scheme and user", "[http1]") {
  const auto told = [](std::string_view header) {
    const Credentials credentials(header);
    return std::string(credentials.scheme()) + "|" + std::string(credentials.user());
  };
  CHECK(told("Basic RE9NXHBob25lOnB3") == "Basic|DOM\\phone");
  CHECK(told("basic   RE9NXHBob25lOnB3") == "basic|DOM\\phone");
  CHECK(told("Basic c2VjcmV0") == "Basic|");
  CHECK(told("Basic !!!") == "Basic|");
  CHECK(told("Basic") == "Basic|");
  CHECK(told("Basic OnB3") == "Basic|");
  CHECK(told("Bearer abc.def") == "Bearer|");
  CHECK(told("RE9NXHBob25lOnB3") == "other|");
  CHECK(told("hunter2 hunter3") == "other|");
  CHECK(told("").substr(0, 1) == "|");
  CHECK(told("NTLM TlRMTVNTUAADAAAA") == "NTLM|");
  // Lengths that lie: 0xffff at 0xffffffff.
  CHECK(told("NTLM TlRMTVNTUAADAAAAAAAAAEAAAAAAAAAAQAAAAP//////////////////////////"
             "AAAAAEAAAAAAAAAAAAAAAAEAAAA=") == "NTLM|");
}

TEST_CASE("probing", "[http1]") {
  const auto probe = [](std::string_view text) { return static_cast<int>(probe_octets(text)); };
  for (const std::string_view method : kMethods) {
    CHECK(probe(std::string(method) + " /") == kExwireProbeYes);
  }
  CHECK(probe("\r\n\r\nGET /") == kExwireProbeYes);
  CHECK(probe("HTTP/1.1 2") == kExwireProbeMore);
  CHECK(probe("HTTP/1.1 200") == kExwireProbeYes);
  CHECK(probe("HTTP/1.1 xyz") == kExwireProbeNo);
  CHECK(probe("FOO /bar HTTP/1.1\r\n") == kExwireProbeYes);
  CHECK(probe("FOO /bar HTT") == kExwireProbeMore);
  CHECK(probe("FOO /bar\r\n") == kExwireProbeNo);
  CHECK(probe("Content-Length: 3\r\n") == kExwireProbeMore);
  CHECK(probe("Content-Length: 3\r\n\x01") == kExwireProbeNo);
  CHECK(probe("Content-Length: 0\r\n\r\nHTTP/1.1 200 OK\r\n") == kExwireProbeYes);
  CHECK(probe("Content-Length: 3\r\n" + std::string(600, 'x')) == kExwireProbeNo);
  CHECK(probe("PROXY TCP4 192.0.2.1 192.0.2.2 5 6\r\nGET / HTTP/1.1\r") == kExwireProbeMore);
  CHECK(probe("PROXY TCP4 192.0.2.1 192.0.2.2 5 6\r\nGET / HTTP/1.1\r\n") == kExwireProbeYes);
  CHECK(probe("GET http://h/ HTTP/1.1") == kExwireProbeYes);
  CHECK(probe("CONNECT h:443 HTTP/1.1\r\n") == kExwireProbeYes);
  CHECK(probe("OPTIONS * HTTP/1.1") == kExwireProbeYes);
  CHECK(probe("OPTIONS * RTSP/1.0\r\n") == kExwireProbeNo);
  CHECK(probe("OPTIONS sip:a@b SIP/2.0\r\n") == kExwireProbeNo);
  CHECK(probe("PRI * HTTP/2.0\r\n\r\n") == kExwireProbeYes);
  CHECK(probe("G") == kExwireProbeMore);
  CHECK(probe("EHLO mail.example\r\n") == kExwireProbeNo);
  CHECK(probe("SSH-2.0-OpenSSH\r\n") == kExwireProbeNo);
  CHECK(probe("\x16\x03\x01\x02") == kExwireProbeNo);
  CHECK(probe("PROXY TCP4 192.0.2.1 192.0.2.2 1 80\r\nGET / HTTP/1.1\r\n") == kExwireProbeYes);
  CHECK(probe("tail of a body</html>\r\nHTTP/1.1 200 OK\r\n") == kExwireProbeNo);
  CHECK(probe("FOO /" + std::string(600, 'x')) == kExwireProbeNo);
}

TEST_CASE("pairing by order", "[http1]") {
  Pairing pairing;
  CHECK(pairing.begin_response() == 0);  // nobody asked
  CHECK(pairing.begin_request() == 1);
  CHECK(pairing.begin_request() == 2);
  CHECK(pairing.begin_response() == 1);
  pairing.lose();
  CHECK(pairing.begin_request() == 3);  // 2 stays unanswered
  CHECK(pairing.begin_response() == 3);
}

TEST_CASE("kinds are remembered as far as there is room, and never mixed up", "[http1]") {
  Pairing pairing;
  constexpr uint32_t kMany = 2 * Pairing::kMostRemembered + 100;
  for (uint32_t number = 0; number < kMany; ++number) {
    CHECK(pairing.begin_request() == number);
    if (number % 3 == 0) pairing.set_kind(number, Kind::head);
  }
  CHECK_FALSE(pairing.parkable());
  for (uint32_t number = 0; number < kMany; ++number) {
    CHECK(pairing.begin_response() == number);
    if (number % 3 != 0) CHECK(pairing.kind(number) == Kind::ordinary);
  }
  CHECK(pairing.parkable());
  const uint32_t next = pairing.begin_request();
  pairing.set_kind(next, Kind::connect);
  CHECK(pairing.kind(next) == Kind::connect);
}

TEST_CASE("parked bits come back", "[http1]") {
  uint8_t parked[16];
  ParkedWriter out;
  out.put(0xdeadbeef, 32);
  out.put(5, 3);
  out.put(1, 1);
  out.put(0xffff3fff, 14);  // what is wider than its place leaves its neighbours alone
  out.put(0x12345678, 32);  // over the border between two words
  out.put(0, 14);
  out.put(0x9abcdef0, 32);
  for (int index = 0; index < 10; ++index) out.put(0xffffffff, 32);  // nothing beyond sixteen
  out.write(parked);
  ParkedReader in(parked);
  CHECK(in.take(32) == 0xdeadbeef);
  CHECK(in.take(3) == 5);
  CHECK(in.take(1) == 1);
  CHECK(in.take(14) == 0x3fff);
  CHECK(in.take(32) == 0x12345678);
  CHECK(in.take(14) == 0);
  CHECK(in.take(32) == 0x9abcdef0);
  CHECK(in.take(32) == 0);
}
