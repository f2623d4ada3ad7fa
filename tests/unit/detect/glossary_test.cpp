// SPDX-License-Identifier: BSD-3-Clause
// What a site says about its rules: variables, classes, references, suppression and rates.
#include <catch2/catch.hpp>

#include "rule_stage.hpp"
#include "sensor/base/result.hpp"
#include "sensor/detect/rules/rule_text.hpp"

using namespace exwire;
using namespace exwire::detect;
using namespace exwire::detect::rules;

namespace {

Glossary variables() {
  Glossary glossary;
  glossary.address_groups = {{"HOME_NET", "[10.0.0.0/8,192.0.2.0/24]"},
                             {"EXTERNAL_NET", "!$HOME_NET"},
                             {"HTTP_SERVERS", "$HOME_NET"},
                             {"PARTLY", "[10.0.0.0/8,!10.1.0.0/16]"},
                             {"CIRCLE", "$CIRCLE"},
                             {"ALL", "any"}};
  glossary.port_groups = {{"HTTP_PORTS", "[80,8000:8080,!8001]"}};
  return glossary;
}

bool covers(const std::string& text, wire::Address address) {
  return read_addresses(text, variables()).covers(address, 4);
}

std::string complaint(const std::string& text) {
  try {
    read_addresses(text, variables());
  } catch (const RuleError& error) {
    return error.what();
  }
  return {};
}

const wire::Address kInside{10, 0, 0, 1}, kHole{10, 1, 0, 1}, kDoor{192, 0, 2, 1},
    kOutside{198, 51, 100, 1};

std::string thresholds_refusal(const std::string& text) {
  Glossary glossary;
  try {
    glossary.read_thresholds(text, "t");
  } catch (const SetupError& error) {
    return error.what();
  }
  return {};
}

}  // namespace

TEST_CASE("variables stand for addresses and ports", "[rules]") {
  CHECK(covers("$HOME_NET", kInside));
  CHECK(covers("$HOME_NET", kDoor));
  CHECK_FALSE(covers("$HOME_NET", kOutside));
  CHECK(covers("!$HOME_NET", kOutside));
  CHECK_FALSE(covers("!$HOME_NET", kDoor));
  CHECK(covers("$EXTERNAL_NET", kOutside));
  CHECK_FALSE(covers("$EXTERNAL_NET", kInside));
  CHECK(covers("!$EXTERNAL_NET", kInside));
  CHECK_FALSE(covers("!$EXTERNAL_NET", kOutside));
  CHECK(covers("$HTTP_SERVERS", kDoor));
  CHECK(covers("[$HOME_NET,198.51.100.0/24]", kOutside));
  CHECK(covers("[$HOME_NET, !192.0.2.0/24]", kInside));
  CHECK_FALSE(covers("[$HOME_NET, !192.0.2.0/24]", kDoor));
  CHECK(covers("$PARTLY", kInside));
  CHECK_FALSE(covers("$PARTLY", kHole));
  CHECK(covers("$ALL", kOutside));
  CHECK(covers("$NEVER_DEFINED", kOutside));
  const PortSet ports = read_ports("$HTTP_PORTS", variables());
  CHECK(ports.covers(80));
  CHECK(ports.covers(8080));
  CHECK_FALSE(ports.covers(8001));
  CHECK_FALSE(ports.covers(443));
  CHECK(read_ports("![443,8443]", variables()).covers(80));
  CHECK_FALSE(read_ports("![443,8443]", variables()).covers(8443));
  CHECK(read_ports(":1024", variables()).covers(1));
  CHECK_FALSE(read_ports("1025:", variables()).covers(1024));
}

TEST_CASE("what cannot be said of addresses is refused in words", "[rules]") {
  CHECK(complaint("!$PARTLY") == "a list with exceptions cannot be negated");
  CHECK(complaint("$CIRCLE") == "lists or variables lie too deep in each other");
  CHECK(complaint("!any") == "'!any' is nobody");
  CHECK(complaint("[10.0.0.0/8") == "a list is not closed");
  CHECK(complaint("10.0.0.0/33") == "'10.0.0.0/33' is no address, prefix or variable");
}

TEST_CASE("classes and references are those of the site", "[rules]") {
  Glossary glossary;
  glossary.read_classes("# comment\nconfig classification: house-rule, House Rule, 4\n", "c");
  glossary.read_references("config reference: cve   https://cve.example/?name=\n", "r");
  RuleSet set(std::move(glossary));
  set.load_text(
      "alert http any any -> any any (msg:\"m\"; sid:1; classtype:house-rule; "
      "reference:cve,2021-1; reference:url,exwire.example; reference:bid,7; http.uri; "
      "content:\"a\";)\n",
      "a.rules");
  REQUIRE(set.rules().size() == 1);
  const Rule& rule = *set.rules()[0];
  CHECK(rule.category == "House Rule");
  CHECK(rule.severity == 4);
  CHECK(rule.notes.references == std::vector<std::string>{"https://cve.example/?name=2021-1",
                                                          "https://exwire.example", "bid:7"});
  Glossary bad;
  CHECK_THROWS_WITH(bad.read_classes("config classification: a,b\n", "c"),
                    "c:1: NAME,DESCRIPTION,PRIORITY is wanted");
}

TEST_CASE("a suppressed rule is quiet for whom it is suppressed", "[rules]") {
  const auto told = [](const std::string& lines) {
    Glossary glossary;
    glossary.read_thresholds(lines, "t");
    RuleSet set(std::move(glossary));
    set.load_text(
        "alert tcp any any -> any any (msg:\"m\"; sid:1; content:\"a\"; flowbits:set,x;)\n"
        "alert tcp any any -> any any (msg:\"m\"; sid:2; content:\"a\"; flowbits:isset,x;)\n",
        "a.rules");
    CHECK(set.refusals() == std::vector<std::string>{});
    RuleStage stage(std::move(set));
    for (int at = 0; at < 3; ++at) {
      stage.segment(stage.web, "a", "", Direction::to_server, at);
      ++stage.now_s;
    }
    return stage.told;
  };
  using Told = std::map<uint32_t, int>;
  CHECK(told("") == Told{{1, 3}, {2, 3}});
  CHECK(told("suppress gen_id 1, sig_id 1\n") == Told{{2, 3}});  // the bit is left all the same
  CHECK(told("suppress gen_id 1, sig_id 1, track by_src, ip 192.0.2.10\n") == Told{{2, 3}});
  CHECK(told("suppress gen_id 1, sig_id 1, track by_dst, ip 192.0.2.10\n") == Told{{1, 3}, {2, 3}});
  CHECK(told("suppress gen_id 1, sig_id 1, track by_dst, ip 198.51.100.0/24\n") == Told{{2, 3}});
  CHECK(told("suppress gen_id 1, sig_id 1, track by_either, ip [198.51.100.20]\n") == Told{{2, 3}});
  CHECK(told("suppress gen_id 1, sig_id 1, track by_src, ip [192.0.2.0/24,!192.0.2.10]\n") ==
        Told{{1, 3}, {2, 3}});
  CHECK(told("suppress gen_id 2, sig_id 1\n") == Told{{1, 3}, {2, 3}});
  CHECK(told("suppress gen_id 0, sig_id 0\n").empty());
  CHECK(told("threshold gen_id 1, sig_id 2, type limit, track by_src, count 1, seconds 60\n") ==
        Told{{1, 3}, {2, 1}});
  CHECK(told("event_filter gen_id 1, sig_id 0, type both, track by_dst, count 2, seconds 60\n") ==
        Told{{1, 1}, {2, 1}});
  CHECK(told("rate_filter gen_id 1, sig_id 1, track by_src, count 1, seconds 1, new_action drop, "
             "timeout 9\n") == Told{{1, 3}, {2, 3}});
}

TEST_CASE("a line of threshold.config that is not understood is told with its place", "[rules]") {
  CHECK(thresholds_refusal("\nsuppress gen_id 1, sig_id 1, track by_src\n") ==
        "t:2: track and ip go together");
  CHECK(thresholds_refusal("silence gen_id 1\n") == "t:1: 'silence' is not supported");
  CHECK(thresholds_refusal("threshold gen_id 1, sig_id 1, type limit, track by_src\n") ==
        "t:1: track, count and seconds are wanted, for backoff a multiplier for seconds");
}

TEST_CASE("what a rule says of its rate counts more than threshold.config", "[rules]") {
  Glossary glossary;
  glossary.read_thresholds(
      "threshold gen_id 1, sig_id 1, type limit, track by_src, count 1, seconds 60\n", "t");
  RuleSet set(std::move(glossary));
  set.load_text(
      "alert tcp any any -> any any (msg:\"m\"; sid:1; content:\"a\"; threshold:type threshold, "
      "track by_src, count 3, seconds 60;)\n",
      "a.rules");
  REQUIRE(set.rules().size() == 1);
  CHECK(set.rules()[0]->rate.kind == Rate::Kind::threshold);
}
