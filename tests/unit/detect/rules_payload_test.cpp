// SPDX-License-Identifier: BSD-3-Clause
// Rules on raw payload: numbers and base64 in it, the joined front of a stream, who is told how
// often, and which rules keep others quiet.
#include <catch2/catch.hpp>

#include "rule_stage.hpp"

using namespace exwire;
using namespace exwire::detect;

namespace {

std::string rule(const std::string& options, int sid = 1, const char* action = "alert tcp") {
  return std::string(action) + " any any -> any any (msg:\"m\"; sid:" + std::to_string(sid) + "; " +
         options + ")\n";
}

RuleStage stage_of(const std::string& text) {
  rules::RuleSet set = RuleStage::set_of(text);
  INFO(text);
  CHECK(set.refusals() == std::vector<std::string>{});
  return RuleStage(std::move(set));
}

bool in_payload(const std::string& options, std::string_view payload) {
  RuleStage stage = stage_of(rule(options));
  stage.segment(stage.web, payload, "");
  return stage.told.contains(1);
}

std::string refusal(const std::string& options) {
  const rules::RuleSet set = RuleStage::set_of(rule(options));
  return set.refusals().empty() ? "" : set.refusals()[0];
}

struct Case {
  const char* options;
  std::string hit, miss;
};

}  // namespace

TEST_CASE("numbers in the payload", "[rules]") {
  const Case one = GENERATE(
      Case{"byte_test:2,=,0x0102,0;", "\x01\x02", "\x01\x03"},
      Case{"byte_test:2,=,0x0102,0,little;", "\x02\x01", "\x01\x02"},
      Case{"byte_test:1,!=,65,0;", "B", "A"}, Case{"byte_test:1,>,65,1;", "AB", "BA"},
      Case{"byte_test:1,<=,65,0;", "A", "B"}, Case{"byte_test:1,&,0x40,0;", "A", "1"},
      Case{"byte_test:1,!&,0x40,0;", "1", "A"}, Case{"byte_test:1,^,65,0;", "B", "A"},
      Case{"byte_test:3,=,123,0,string,dec;", "123", "124"},
      Case{"byte_test:4,=,0xff,0,string,hex;", "0xff", "0xfe"},
      Case{"byte_test:3,=,83,0,string,oct;", "123", "124"},
      Case{"byte_test:1,=,4,0,bitmask 0xf0;", "A", "Q"},
      Case{R"(content:"a"; byte_test:1,=,66,1,relative;)", "axB", "aBx"},
      Case{R"(byte_jump:1,0; content:"x"; within:1;)", "\x02__x", "\x02_x_"},
      Case{R"(byte_jump:1,0,multiplier 2; content:"x"; within:1;)", "\x01__x", "\x01_x_"},
      Case{R"(byte_jump:1,0,align; content:"x"; within:1;)", "\x01____x", "\x01_x___"},
      Case{R"(byte_jump:1,0,from_beginning; content:"x"; within:1;)", "\x02_x_", "\x02__x"},
      Case{R"(byte_jump:1,0,from_end,post_offset -4; content:"x"; within:1;)", "\x01_x__",
           "\x01x___"},
      Case{R"(byte_jump:1,0,post_offset -1; content:"x"; within:1;)", "\x02_x_", "\x02__x"},
      Case{"byte_jump:1,0;", "\x01__", "\x05__"},
      Case{R"(byte_jump:1,1,post_offset -9; content:"x"; within:1;)", "x\x01_", "_\x01x"},
      Case{"byte_test:0,>=,12,1,string,dec;", "a12b", "a1b2"},
      Case{R"(byte_extract:1,0,n; content:"x"; offset:n;)", "\x02_x", "\x02x_"},
      Case{R"(byte_extract:1,0,n; content:"x"; depth:n;)", "\x02x_", "\x02_x"},
      Case{R"(byte_extract:1,0,n; content:"a"; content:"x"; distance:n;)", "\x01__a_x",
           "\x01__ax_"},
      Case{R"(byte_extract:1,0,n; content:"a"; content:"x"; within:n;)", "\x01__ax", "\x01__a_x"},
      Case{"byte_extract:1,0,n; byte_test:1,=,n,1;", "AA", "AB"},
      Case{"byte_extract:1,0,n; isdataat:n;", "\x02__", "\x02_"},
      Case{R"(content:"q="; base64_decode:relative; base64_data; content:"hello";)",
           "q=aGVsbG8=", "q=aGVsbGE="},
      Case{R"(base64_decode:bytes 4,offset 2; base64_data; content:"hel"; endswith;)",
           "q=aGVsbG8=", "q=aGVh"},
      Case{R"(base64_decode; base64_data; content:"h"; content:"o"; distance:3;)",
           "aGVsbG8=", "aGVsbw=="});
  INFO(one.options);
  CHECK(in_payload(one.options, one.hit));
  CHECK_FALSE(in_payload(one.options, one.miss));
}

TEST_CASE("what reads numbers says what is wrong with it", "[rules]") {
  CHECK(refusal("byte_test:9,=,1,0;") ==
        "test.rules:1: rule skipped: byte_test: a binary number has 1 to 8 octets");
  CHECK(refusal("byte_test:1,~,1,0;") ==
        "test.rules:1: rule skipped: byte_test: '~' is no operator");
  CHECK(refusal("byte_jump:1,0,dce;") ==
        "test.rules:1: rule skipped: byte_jump: 'dce' is not supported");
  CHECK(refusal("base64_data; content:\"a\";") ==
        "test.rules:1: rule skipped: base64_data: no base64_decode stands before it");
  CHECK(refusal("flags:S;") ==
        "test.rules:1: rule skipped: flags: packets before a connection are not matched");
  CHECK(refusal("content:\"a\"; offset:m;") ==
        "test.rules:1: rule skipped: offset: 'm' is no whole number from 0 to 65535");
}

TEST_CASE("a content lies across segments, in whatever order they come", "[rules]") {
  RuleStage stage = stage_of(rule("content:\"abcdef\"; startswith;") +
                             rule("content:\"abcdef\";", 2, "alert tcp-pkt") +
                             rule("content:\"ef\";", 3, "alert tcp-stream"));
  stage.segment(stage.web, "ef", "", Direction::to_server, 4);
  CHECK(stage.told.empty());
  stage.segment(stage.web, "ab", "", Direction::to_server, 0);
  CHECK(stage.told.empty());
  stage.segment(stage.web, "cd", "", Direction::to_server, 2);
  CHECK(stage.told == std::map<uint32_t, int>{{1, 1}, {3, 1}});
  stage.segment(stage.web, "gh", "", Direction::to_server, 6);
  CHECK(stage.told == std::map<uint32_t, int>{{1, 1}, {3, 1}});  // of one front once
  stage.segment(stage.web, "abcdef", "", Direction::to_client, 0);
  CHECK(stage.told == std::map<uint32_t, int>{{1, 2}, {2, 1}, {3, 2}});
  stage.segment(stage.web, "ef", "", Direction::to_client, 1 << 20);  // behind the front: alone
  CHECK(stage.told == std::map<uint32_t, int>{{1, 2}, {2, 1}, {3, 2}});
}

TEST_CASE("octet by octet is searched seldom, and at the end of the connection", "[rules]") {
  RuleStage stage = stage_of(rule("content:\"needle\";"));
  const std::string text = std::string(300, 'x') + "needle";
  for (size_t at = 0; at < text.size(); ++at) {
    stage.segment(stage.web, std::string_view(text).substr(at, 1), "", Direction::to_server,
                  static_cast<int64_t>(at));
  }
  CHECK(stage.told.empty());
  stage.end();
  CHECK(stage.told[1] == 1);
}

TEST_CASE("another connection in the same place of the table starts anew", "[rules]") {
  RuleStage stage = stage_of(rule("content:\"abcd\";"));
  for (uint32_t round = 0; round < 2000; ++round) {
    stage.segment(stage.web, "ab", "", Direction::to_server, 0);
    stage.end();
  }
  stage.segment(stage.web, "cd", "", Direction::to_server, 2);
  CHECK(stage.told.empty());
  stage.segment(stage.web, "ab", "", Direction::to_server, 0);
  CHECK(stage.told[1] == 1);
}

TEST_CASE("a rule's direction and application are those of the segment", "[rules]") {
  RuleStage stage =
      stage_of(rule("flow:to_client; content:\"a\";") + rule("content:\"a\";", 2, "alert http") +
               rule("app-layer-protocol:!tls; content:\"a\";", 3));
  stage.segment(stage.web, "a", "tls");
  CHECK(stage.told.empty());
  stage.segment(stage.web, "a", "http", Direction::to_client);
  CHECK(stage.told == std::map<uint32_t, int>{{1, 1}, {2, 1}, {3, 1}});
  RuleStage ports = stage_of("alert tcp any 80 -> any any (msg:\"m\"; sid:1; content:\"a\";)\n");
  ports.segment(ports.web, "a", "");
  CHECK(ports.told.empty());
  ports.segment(ports.web, "a", "", Direction::to_client);
  CHECK(ports.told[1] == 1);
}

TEST_CASE("behind a TLS handshake no content is looked for", "[rules]") {
  RuleStage stage = stage_of(rule("content:\"secret\";") + rule("dsize:6;", 2));
  stage.segment(stage.secure, "secret", "tls");
  CHECK(stage.told == std::map<uint32_t, int>{{1, 1}, {2, 1}});
  stage.handshake(kExwireTlsComplete);
  stage.segment(stage.secure, "secret", "tls", Direction::to_server, 6);
  CHECK(stage.told == std::map<uint32_t, int>{{1, 1}, {2, 2}});
  stage.end();
  stage.handle = 1;  // of another flow by now
  stage.segment(stage.web, "secret", "");
  CHECK(stage.told == std::map<uint32_t, int>{{1, 2}, {2, 3}});
}

TEST_CASE("a rule of the kind pass keeps the others quiet, for this connection", "[rules]") {
  RuleStage stage = stage_of(rule("content:\"a\";") + rule("content:\"quiet\";", 2, "pass tcp"));
  stage.segment(stage.web, "a quiet one", "");
  CHECK(stage.told.empty());
  stage.segment(stage.web, "a", "", Direction::to_server, 11);
  CHECK(stage.told.empty());
  flow::Flow other;
  RuleStage::meet(other, 80, 11);
  ++stage.handle;
  stage.segment(other, "a", "");
  CHECK(stage.told == std::map<uint32_t, int>{{1, 1}});
}

TEST_CASE("contents without buffer see the message when others look into HTTP", "[rules]") {
  RuleStage stage = stage_of(rule("flow:to_server; http.method; content:\"POST\"; pkt_data; "
                                  "content:\"|0d 0a|Cookie: id\";") +
                             rule("flow:to_server; content:\"POST\"; http_method; "
                                  "content:\"x=aG\"; pcre:\"/x=a/P\";",
                                  2) +
                             rule("flow:to_server; http.method; content:\"POST\"; pkt_data; "
                                  "content:\"no such\";",
                                  3));
  stage.http();
  CHECK(stage.told == std::map<uint32_t, int>{{1, 1}, {2, 1}});
}

TEST_CASE("bits of a pair of addresses are the same in both directions", "[rules]") {
  RuleStage stage =
      stage_of(rule("flow:to_server; content:\"a\"; xbits:set,pair,track ip_pair; noalert;") +
               rule("flow:to_client; content:\"b\"; xbits:isset,pair,track ip_pair;", 2));
  stage.segment(stage.web, "b", "", Direction::to_client);
  CHECK(stage.told.empty());
  stage.segment(stage.web, "a", "");
  stage.segment(stage.web, "b", "", Direction::to_client, 1);
  CHECK(stage.told == std::map<uint32_t, int>{{2, 1}});
}

TEST_CASE("a rule may ask for one of several bits", "[rules]") {
  RuleStage stage = stage_of(rule("content:\"a\"; flowbits:set,one; noalert;") +
                             rule("content:\"a\"; flowbits:isset,none|one;", 2) +
                             rule("content:\"a\"; flowbits:isset,none|other;", 3) +
                             rule("content:\"a\"; flowbits:isnotset,one | other;", 4) +
                             rule("content:\"a\"; flowbits:isnotset,one;", 5));
  stage.segment(stage.web, "a", "");
  CHECK(stage.told == std::map<uint32_t, int>{{2, 1}, {4, 1}});
}

TEST_CASE("bits are set before they are asked for, in whatever order rules stand", "[rules]") {
  RuleStage stage = stage_of(rule("content:\"a\"; flowbits:isset,second;") +
                             rule("content:\"a\"; flowbits:isset,first; flowbits:set,second;", 2) +
                             rule("content:\"a\"; flowbits:set,first;", 3));
  stage.segment(stage.web, "a", "");
  CHECK(stage.told == std::map<uint32_t, int>{{1, 1}, {2, 1}, {3, 1}});
}

TEST_CASE("of too many alerts the most severe are told", "[rules]") {
  std::string text;
  for (int sid = 1; sid <= 40; ++sid) {
    text += rule(std::string("content:\"a\"; priority:") + (sid > 30 ? "1;" : "3;"), sid);
  }
  RuleStage stage = stage_of(text);
  stage.segment(stage.web, "a", "");
  CHECK(stage.told.size() == 15);
  for (uint32_t sid = 31; sid <= 40; ++sid) CHECK(stage.told.contains(sid));
}

TEST_CASE("a moment tells at most fifteen alerts and counts the others", "[rules]") {
  std::string text;
  for (int sid = 1; sid <= 40; ++sid) text += rule("content:\"a\";", sid);
  RuleStage stage = stage_of(text);
  stage.segment(stage.web, "a", "");
  CHECK(stage.told.size() == 15);
  CHECK(stage.matcher->overflow() == 25);
}
