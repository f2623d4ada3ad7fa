// SPDX-License-Identifier: BSD-3-Clause
// Each keyword of the rule language: a buffer it matches, and one beside it that it does not.
#include <algorithm>
#include <catch2/catch.hpp>

#include "sensor/detect/rules/head_inputs.hpp"
#include "sensor/detect/rules/memory.hpp"
#include "sensor/detect/rules/prefilter.hpp"
#include "sensor/detect/rules/rule_parser.hpp"
#include "sensor/detect/rules/rule_set.hpp"
#include "sensor/detect/rules/search.hpp"

using namespace exwire;
using namespace exwire::detect::rules;

namespace {

std::unique_ptr<Rule> rule_of(const std::string& options) {
  return parse_rule("alert tcp any any -> any any (msg:\"m\"; sid:1; " + options + ")");
}

std::string complaint_of(const std::string& line) {
  try {
    parse_rule(line);
  } catch (const RuleError& error) {
    return error.what();
  }
  return {};
}

std::vector<size_t> candidates(const std::vector<const Rule*>& rules, const Buffers& buffers) {
  const Prefilter prefilter(rules);
  Prefilter::Scratch scratch(prefilter);
  std::vector<size_t> numbers;
  prefilter.candidates({&buffers, 1}, scratch, [&](size_t number) { numbers.push_back(number); });
  return numbers;
}

bool matches(const std::string& options, Buffer buffer, std::string_view text) {
  Buffers buffers{};
  buffers[static_cast<size_t>(buffer)] = text;
  Search search;
  const auto rule = rule_of(options);
  const bool found = search.matches(*rule, buffers);
  // What matches must have been a candidate.
  if (found) CHECK(candidates({rule.get()}, buffers) == std::vector<size_t>{0});
  return found;
}

bool in_uri(const std::string& options, std::string_view uri) {
  return matches("http.uri; " + options, Buffer::http_uri, uri);
}

struct Case {
  const char* options;
  const char* hit;
  const char* miss;
};

}  // namespace

TEST_CASE("texts that come again are searched once, and say the same", "[rules]") {
  const auto alpha = rule_of("http.user_agent; content:\"alpha\";");
  const auto beta = rule_of("http.user_agent; content:\"beta\"; nocase;");
  const Prefilter prefilter({alpha.get(), beta.get()});
  Prefilter::Scratch used(prefilter);
  const auto found = [&](std::string_view text, Prefilter::Scratch& scratch) {
    Buffers buffers{};
    buffers[static_cast<size_t>(Buffer::http_user_agent)] = text;
    std::vector<size_t> numbers;
    prefilter.candidates({&buffers, 1}, scratch, [&](size_t number) { numbers.push_back(number); });
    return numbers;
  };
  const char* parts[] = {"", "alpha", "Beta", "alphabet", "x"};
  // More texts than there are places, each several times, some too long to be kept.
  for (size_t round = 0; round < 3; ++round) {
    for (size_t number = 0; number < 500; ++number) {
      const std::string text = std::to_string(number) + parts[number % 5] +
                               std::string(number % 7 * 25, ' ') + parts[number / 5 % 5];
      INFO(text);
      Prefilter::Scratch fresh(prefilter);
      REQUIRE(found(text, used) == found(text, fresh));
      REQUIRE(found(text, used) == found(text, fresh));
    }
  }
}

TEST_CASE("contents and their modifiers", "[rules]") {
  const Case one = GENERATE(
      Case{R"(content:"owa";)", "/owa/", "/OWA/"},
      Case{R"(content:"owa"; nocase;)", "/OWA/", "/0wa/"},
      Case{R"(content:"o|77 61|";)", "/owa", "/o77a"},
      Case{R"(content:"a\;b\"c";)", "/a;b\"c", "/a;bc"}, Case{R"(content:!"owa";)", "/ecp", "/owa"},
      Case{R"(content:"owa"; depth:4;)", "/owa", "//owa"},
      Case{R"(content:"owa"; offset:2;)", "//owa", "/owa"},
      Case{R"(content:"a"; content:"b"; distance:2;)", "a12b", "a1b"},
      Case{R"(content:"a"; content:"b"; within:2;)", "a1b", "a12b"},
      Case{R"(content:"a"; content:"b"; distance:0;)", "ab", "ba"},
      Case{R"(content:"a"; content:!"b"; distance:0;)", "ba", "ab"},
      Case{R"(content:"a"; content:"b"; distance:0; within:1;)", "aacab", "aacb"},
      Case{R"(content:"/owa"; startswith;)", "/owa", "x/owa"},
      Case{R"(content:".js"; endswith;)", "/y.js", "/y.js?"},
      Case{R"(content:"owa"; fast_pattern;)", "/owa", "/ecp"}, Case{R"(bsize:4;)", "/owa", "/owa/"},
      Case{R"(bsize:>4;)", "/owa/", "/owa"}, Case{R"(bsize:<4;)", "/ow", "/owa"},
      Case{R"(bsize:3<>5;)", "/owa", "/owa/"}, Case{R"(urilen:4,norm;)", "/owa", "/owa/"},
      Case{R"(isdataat:4;)", "/owa/", "/owa"}, Case{R"(isdataat:!4;)", "/owa", "/owa/"},
      Case{R"(content:"o"; isdataat:3,relative;)", "/owa/", "/owa"},
      Case{R"(content:"wa"; isdataat:!1,relative;)", "/owa", "/owa/"},
      Case{R"(content:"a"; isdataat:3; content:"b"; within:1;)", "a1ab", "a1bb"},
      Case{R"(content:"a"; content:!"c"; content:"b"; within:1;)", "a1ab", "acab"},
      Case{R"(content:"a"; content:!"b"; within:2;)", "a12b", "a1b"},
      Case{R"(content:"a"; content:!"b"; distance:1; within:1;)", "ab1b", "a1b"},
      Case{R"(content:!"owa"; startswith;)", "/owa", "owa/"},
      Case{R"(content:!".js"; endswith;)", "/y.js?", "/y.js"},
      Case{R"(pcre:"/a./"; content:"b"; within:1;)", "a12a1b", "a12b"},
      Case{R"(pcre:"/^a/"; content:"b"; within:1;)", "ab", "acab"},
      Case{R"(content:"OWA"; bsize:4; nocase; fast_pattern;)", "/owa", "/owa/"},
      Case{R"(urilen:4;)", "/owa", "/%6fwa"}, Case{R"(pcre:"/^\/o.a$/i";)", "/OWA", "/owa/"},
      Case{R"(pcre:!"/owa/";)", "/ecp", "/owa"},
      Case{R"(content:"a"; pcre:"/^b/R";)", "ab", "acb"});
  INFO(one.options);
  CHECK(in_uri(one.options, one.hit));
  CHECK_FALSE(in_uri(one.options, one.miss));
}

TEST_CASE("every buffer is its own", "[rules]") {
  const auto [name, buffer] =
      GENERATE(table<const char*, Buffer>({{"http.method", Buffer::http_method},
                                           {"http.uri", Buffer::http_uri},
                                           {"http.uri.raw", Buffer::http_uri_raw},
                                           {"http.host", Buffer::http_host},
                                           {"http.user_agent", Buffer::http_user_agent},
                                           {"http.referer", Buffer::http_referer},
                                           {"http.content_type", Buffer::http_content_type},
                                           {"http.protocol", Buffer::http_protocol},
                                           {"http.stat_code", Buffer::http_stat_code},
                                           {"http.stat_msg", Buffer::http_stat_msg},
                                           {"http.location", Buffer::http_location},
                                           {"http.server", Buffer::http_server},
                                           {"tls.sni", Buffer::tls_sni},
                                           {"tls.cert_subject", Buffer::tls_cert_subject},
                                           {"tls.cert_issuer", Buffer::tls_cert_issuer},
                                           {"tls.cert_serial", Buffer::tls_cert_serial},
                                           {"tls.cert_fingerprint", Buffer::tls_cert_fingerprint},
                                           {"tls.alpn", Buffer::tls_alpn},
                                           {"tls.subjectaltname", Buffer::tls_subject_alt_name},
                                           {"ja3.hash", Buffer::ja3_hash},
                                           {"ja3s.hash", Buffer::ja3s_hash},
                                           {"ja4.hash", Buffer::ja4_hash}}));
  const std::string options = std::string(name) + R"(; content:"x1";)";
  INFO(name);
  CHECK(matches(options, buffer, "ax1b"));
  CHECK_FALSE(matches(options, buffer, "ax2b"));
  const Buffer other = buffer == Buffer::http_method ? Buffer::http_uri : Buffer::http_method;
  CHECK_FALSE(matches(options, other, "ax1b"));
}

TEST_CASE("modifiers of old rules name the buffer behind the content", "[rules]") {
  const auto [name, buffer] =
      GENERATE(table<const char*, Buffer>({{"http_method", Buffer::http_method},
                                           {"http_uri", Buffer::http_uri},
                                           {"http_raw_uri", Buffer::http_uri_raw},
                                           {"http_user_agent", Buffer::http_user_agent},
                                           {"http_stat_code", Buffer::http_stat_code}}));
  const std::string options = std::string(R"(content:"x1"; )") + name + ";";
  CHECK(matches(options, buffer, "ax1b"));
  CHECK_FALSE(matches(options, Buffer::http_server, "ax1b"));
  CHECK(matches(R"(pcre:"/x1/U";)", Buffer::http_uri, "ax1b"));
  CHECK_FALSE(matches(R"(pcre:"/x1/I";)", Buffer::http_uri, "ax1b"));
}

TEST_CASE("a rule says what is wrong with it", "[rules]") {
  const std::string head = "alert http any any -> any any ";
  CHECK(complaint_of(head + R"((msg:"m"; sid:1; tls.sni; content:"a"; lua:x;))") ==
        "keyword 'lua' is not supported");
  CHECK(complaint_of(head + R"((msg:"m"; sid:1; http.uri; content:"a))") ==
        "a quote is not closed");
  CHECK(complaint_of(head + R"((msg:"m"; http.uri; content:"a";))") == "it has no sid");
  CHECK(complaint_of(head + R"((msg:"m"; sid:1; http.uri; content:"|4|";))") ==
        "content: hexadecimal octets have two digits");
  CHECK(complaint_of(head + R"((msg:"m"; sid:1; nocase;))") ==
        "nocase: a modifier needs a content before it");
  CHECK(complaint_of(head + R"((msg:"m"; sid:1; classtype:none;))") ==
        "classtype: 'none' is no known class");
  CHECK(complaint_of("alert smb any any -> any any (msg:\"m\"; sid:1;)") ==
        "protocol 'smb' is not supported");
  CHECK_FALSE(complaint_of(head + R"((msg:"m"; sid:1; pcre:"/(/";))").empty());
  CHECK(complaint_of(head + R"((msg:"m"; sid:1; content:"a"; distance:0; depth:3;))") ==
        "a content stands at a place or relative to another one, not both");
  CHECK(complaint_of(head + R"((msg:"m"; sid:1; flowbits:set,a|b;))") ==
        "flowbits: one name is wanted");
  CHECK(complaint_of(head + R"((msg:"m"; sid:1; dsize:1; http.uri; content:"a";))") ==
        "it looks at single packets and into HTTP or TLS");
}

TEST_CASE("the head names addresses and ports", "[rules]") {
  const auto rule = parse_rule(
      "alert tcp [10.0.0.0/8, !10.1.0.0/16] any -> $HOME_NET [443,8000:8080,!8001] "
      "(msg:\"m\"; sid:7; rev:3; gid:5; priority:2; classtype:misc-attack; reference:cve,2020-1; "
      "metadata:a b, a c; tls.sni; content:\"x\";)");
  CHECK(rule->source.covers({10, 2, 0, 1}, 4));
  CHECK_FALSE(rule->source.covers({10, 1, 0, 1}, 4));
  CHECK_FALSE(rule->source.covers({192, 0, 2, 1}, 4));
  CHECK(rule->destination_port.covers(443));
  CHECK(rule->destination_port.covers(8080));
  CHECK_FALSE(rule->destination_port.covers(8001));
  CHECK_FALSE(rule->destination_port.covers(80));
  CHECK(rule->severity == 2);
  CHECK(rule->category == "Misc Attack");
  CHECK(rule->notes.references[0] == "https://nvd.nist.gov/vuln/detail/CVE-2020-1");
  CHECK(rule->notes.metadata[0].second == std::vector<std::string>{"b", "c"});
  CHECK(rule->moment == Moment::handshake);
}

TEST_CASE("numbers are compared by value", "[rules]") {
  const auto holds = [](const std::string& options, Number number, int64_t value) {
    const auto rule = rule_of("tls.sni; content:\"a\"; " + options);
    return std::all_of(rule->numbers.begin(), rule->numbers.end(), [&](const NumberCheck& check) {
      CHECK(check.number == number);
      return check.holds(value);
    });
  };
  CHECK(holds("tls.version:1.2;", Number::tls_version, 0x0303));
  CHECK_FALSE(holds("tls.version:1.2;", Number::tls_version, 0x0304));
  CHECK(holds("ssl_version:tls1.0,tls1.1;", Number::tls_version, 0x0302));
  CHECK_FALSE(holds("ssl_version:tls1.0,tls1.1;", Number::tls_version, 0x0303));
  CHECK(holds("ssl_version:!tls1.3;", Number::tls_version, 0x0303));
  CHECK_FALSE(holds("ssl_version:!tls1.3;", Number::tls_version, 0x0304));
  CHECK_FALSE(holds("ssl_version:!tls1.3;", Number::tls_version, kNoNumber));
  CHECK(holds("tls.cert_chain_len:>2;", Number::tls_chain_length, 3));
  CHECK_FALSE(holds("tls.cert_chain_len:>2;", Number::tls_chain_length, 2));
  CHECK(holds("tls_cert_expired;", Number::tls_seconds_left, -1));
  CHECK_FALSE(holds("tls_cert_expired;", Number::tls_seconds_left, 0));
  CHECK(holds("ssl_state:server_hello;", Number::tls_server_hello, 1));
  CHECK_FALSE(holds("ssl_state:server_hello;", Number::tls_server_hello, 0));
  CHECK(holds("flow.age:>=60;", Number::flow_age_s, 60));
  CHECK_FALSE(holds("flow.age:>=60;", Number::flow_age_s, 59));
  CHECK(holds("flow.pkts:toserver,<5;", Number::packets_to_server, 4));
  CHECK_FALSE(holds("flow.pkts_toserver:<5;", Number::packets_to_server, 5));
  CHECK(holds("flow.bytes:toclient,10-20;", Number::octets_to_client, 20));
  CHECK_FALSE(holds("flow.bytes_toclient:10-20;", Number::octets_to_client, 21));
  CHECK(holds("stream_size:server,<=,6;", Number::stream_to_client, 6));
  CHECK_FALSE(holds("stream_size:server,!=,6;", Number::stream_to_client, 6));
  CHECK(rule_of("tls.version:1.0;")->moment == Moment::handshake);
  CHECK(rule_of("tls_cert_valid; ")->numbers.size() == 2);
  CHECK(complaint_of("alert tls any any -> any any (msg:\"m\"; sid:1; tls.version:1.9;)") ==
        "tls.version: '1.9' is no version");
}

TEST_CASE("a rule may ask for what its reader knows", "[rules]") {
  const std::string head =
      "alert http any any -> any any (msg:\"m\"; sid:1; http.uri; content:\"a\"; ";
  CHECK(complaint_of(head + "requires:keyword http.uri;)").empty());
  CHECK(complaint_of(head + "requires:keyword lua;)") ==
        "requires: keyword 'lua' is not supported");
  CHECK(complaint_of(head + "app-layer-protocol:http;)").empty());
  CHECK(complaint_of(head + "app-layer-protocol:tls;)") == "it looks into HTTP and TLS at once");
  CHECK(complaint_of(head + "app-layer-protocol:smtp;)") ==
        "app-layer-protocol: 'smtp' is not supported");
  CHECK(complaint_of(head + "app-layer-protocol:tls;)") == "it looks into HTTP and TLS at once");
}

TEST_CASE("a file is a body of the rule's direction", "[rules]") {
  const auto rule = [](const std::string& options) { return rule_of(options); };
  CHECK(rule("flow:to_server; file.data; content:\"a\";")->moment == Moment::request_body);
  CHECK(rule("flow:to_client; file_data; content:\"a\";")->moment == Moment::response_body);
  CHECK(rule("file.data; content:\"a\";")->moment == Moment::response_body);
  CHECK(rule("content:\"a\"; http_client_body;")->moment == Moment::request_body);
  CHECK(rule("pcre:\"/a/Q\";")->moment == Moment::response_body);
  CHECK(rule("content:\"a\"; http_method; content:\"b\"; http_client_body;")->checks.size() == 2);
  CHECK(complaint_of("alert http any any -> any any (msg:\"m\"; sid:1; http.request_body; "
                     "content:\"a\"; http.stat_code; content:\"200\";)") ==
        "it looks into the body of a request and into its response");
  CHECK(complaint_of("alert http any any -> any any (msg:\"m\"; sid:1; http.uri; dotprefix; "
                     "content:\"a\";)") ==
        "dotprefix: only http.host and tls.sni have a form with a dot");
}

TEST_CASE("rates speak as Suricata documents", "[rules]") {
  const auto told = [](const char* options, int matches, int64_t step_s) {
    Memory memory;
    const auto rule = rule_of(std::string("http.uri; content:\"a\"; ") + options);
    int count = 0;
    for (int at = 0; at < matches; ++at) {
      count += memory.may_speak(rule->rate, 1, {at * step_s * kNanosPerSecond});
    }
    return count;
  };
  CHECK(told("threshold:type limit, track by_src, count 2, seconds 60;", 10, 1) == 2);
  CHECK(told("threshold:type limit, track by_src, count 1, seconds 60;", 4, 60) == 4);
  CHECK(told("threshold:type threshold, track by_dst, count 3, seconds 60;", 10, 1) == 3);
  CHECK(told("threshold:seconds 60, count 3, type both, track by_both;", 10, 1) == 1);
  CHECK(told("threshold:type both, track by_src, count 3, seconds 60;", 10, 31) == 0);
  CHECK(told("detection_filter:track by_rule, count 3, seconds 60;", 10, 1) == 7);
}

TEST_CASE("dependent contents end after a bounded number of steps", "[rules]") {
  std::string options = "http.uri; ";
  for (int at = 0; at < 12; ++at) options += "content:\"a\"; distance:0; ";
  const auto rule = rule_of(options + "content:\"b\"; distance:0;");
  const std::string uri(2000, 'a');
  Buffers buffers{};
  buffers[static_cast<size_t>(Buffer::http_uri)] = uri;
  Search search;
  CHECK_FALSE(search.matches(*rule, buffers));
  CHECK(search.given_up() == 1);
}

TEST_CASE("our own pack loads whole, and a bad line is skipped by name", "[rules]") {
  RuleSet set;
  set.load_own();
  CHECK(set.refusals().empty());
  REQUIRE(set.rules().size() > 30);
  for (const auto& rule : set.rules()) {
    INFO(rule->sid);
    CHECK(rule->sid / 1000 == 1444);
    CHECK(rule->severity == 2);
    CHECK_FALSE(rule->category.empty());
    CHECK_FALSE(rule->notes.references.empty());
    CHECK(rule->notes.metadata[0].first == "mitre_technique_id");
  }
  RuleSet mixed;
  mixed.load_text("# comment\n\nalert http any any -> any any (msg:\"m\"; \\\n sid:1; new.word;)\n",
                  "a.rules");
  CHECK(mixed.rules().empty());
  REQUIRE(mixed.refusals().size() == 1);
  CHECK(mixed.refusals()[0] == "a.rules:3: rule skipped: keyword 'new.word' is not supported");
}

TEST_CASE("of two revisions of a rule the later one is taken", "[rules]") {
  const std::string head = "alert http any any -> any any (msg:\"m\"; http.uri; sid:7; ";
  const bool later_first = GENERATE(false, true);
  const std::string old = head + "content:\"old\"; rev:1;)\n";
  const std::string later = head + "content:\"new\"; rev:2;)\n";
  RuleSet set;
  set.load_text(later_first ? later + old : old + later, "a.rules");
  REQUIRE(set.rules().size() == 1);
  CHECK(set.rules()[0]->checks[0].pattern == "new");
  REQUIRE(set.refusals().size() == 1);
  CHECK(set.refusals()[0] == (later_first
                                  ? "a.rules:2: rule skipped: sid 7 was there before"
                                  : "a.rules:2: rule skipped: the earlier revision of sid 7"));
}

TEST_CASE("a set that takes the place of another keeps the rules that did not change", "[rules]") {
  const auto set_of = [](const std::string& second) {
    RuleSet set;
    const std::string head = "alert http any any -> any any (msg:\"m\"; http.uri; content:\"a\"; ";
    set.load_text(head + "sid:1;)\n" + head + second + "\n", "a.rules");
    REQUIRE(set.refusals().empty());
    return set;
  };
  ActiveRules rules(set_of("sid:2;)"));
  const Rule* same = rules.set().rules()[0].get();
  const Rule* former = rules.set().rules()[1].get();
  former->told = true;
  const uint64_t version = rules.version();
  RuleSet next = set_of("sid:2; rev:2;)");
  next.keep_same(rules.set());
  rules.replace(std::move(next));
  CHECK(rules.version() != version);
  CHECK(rules.set().rules()[0].get() == same);
  CHECK(rules.set().rules()[1].get() != former);
  CHECK(rules.set().rules()[1]->revision == 2);
  CHECK(former->signature.sid == 2);  // what findings point at
  const std::weak_ptr<const Rule> silent = rules.set().rules()[1];
  RuleSet third = set_of("sid:2; rev:3;)");
  third.keep_same(rules.set());
  rules.replace(std::move(third));
  CHECK(silent.expired());  // nobody can point at it
}

TEST_CASE("heads and bodies are wanted where a rule looks at them", "[rules]") {
  const auto active = [](const std::string& checks) {
    RuleSet set;
    set.load_text("alert http any any -> any any (msg:\"m\"; " + checks + " sid:1;)\n", "a.rules");
    REQUIRE(set.refusals().empty());
    return ActiveRules(std::move(set));
  };
  CHECK_FALSE(active("http.uri; content:\"a\";").heads_wanted());
  CHECK(active("http.header; content:\"a\";").heads_wanted());
  CHECK(active("http.cookie; content:\"a\";").heads_wanted());
  CHECK_FALSE(active("http.header; content:\"a\";").bodies_wanted());
  CHECK(active("http.request_body; content:\"a\";").bodies_wanted());
  CHECK_FALSE(active("http.request_body; content:\"a\";").payloads_wanted());
  CHECK(active("content:\"a\";").payloads_wanted());
}

TEST_CASE("buffers made from a head", "[rules]") {
  const std::string head =
      "GET /owa/ HTTP/1.1\r\nHost: Mail.Example\r\nX-Long: a\r\n b\r\nCookie: secret=1\r\n"
      "Accept:*/*\r\nAccept: text/html\r\nbroken\r\nContent-Length: 0\r\n";
  HeadInputs inputs;
  BufferSet used;
  used.set();
  Buffers buffers{};
  inputs.fill(buffers, head, Moment::request, used);
  const auto text = [&](Buffer buffer) {
    return std::string(buffers[static_cast<size_t>(buffer)]);
  };
  CHECK(text(Buffer::http_request_line) == "GET /owa/ HTTP/1.1");
  CHECK(text(Buffer::http_header) ==
        "Host: Mail.Example\r\nX-Long: a  b\r\nAccept: */*, text/html\r\nContent-Length: 0\r\n");
  CHECK(text(Buffer::http_header_names) ==
        "\r\nHost\r\nX-Long\r\nCookie\r\nAccept\r\nContent-Length\r\n\r\n");
  CHECK(text(Buffer::http_cookie) == "secret=1");
  CHECK(text(Buffer::http_accept) == "*/*, text/html");
  CHECK(text(Buffer::http_host_raw) == "Mail.Example");
  CHECK(text(Buffer::http_content_length) == "0");
  CHECK(text(Buffer::http_start) == head + "\r\n");
  CHECK(text(Buffer::http_header_raw) == head.substr(head.find("Host")));
  CHECK(buffers[static_cast<size_t>(Buffer::http_response_line)].data() == nullptr);
  CHECK(buffers[static_cast<size_t>(Buffer::http_connection)].data() == nullptr);
  Buffers response{};
  inputs.fill(response, "HTTP/1.1 200 OK\r\nSet-Cookie: a=b\r\n", Moment::response, used);
  CHECK(response[static_cast<size_t>(Buffer::http_response_line)] == "HTTP/1.1 200 OK");
  CHECK(response[static_cast<size_t>(Buffer::http_cookie)] == "a=b");
  CHECK(response[static_cast<size_t>(Buffer::http_accept)].data() == nullptr);
  Buffers unused{};
  inputs.fill(unused, head, Moment::request, {});
  CHECK(unused[static_cast<size_t>(Buffer::http_header)].data() == nullptr);
}

TEST_CASE("only rules whose literal is there are looked at closely", "[rules]") {
  std::vector<std::unique_ptr<Rule>> rules;
  std::vector<const Rule*> list;
  const auto add = [&](const std::string& options) {
    rules.push_back(rule_of(options));
    list.push_back(rules.back().get());
  };
  for (int at = 0; at < 200; ++at) {
    add("http.uri; content:\"/Folder" + std::to_string(1000 + at) + "/\"; nocase;");
  }
  add("http.uri; pcre:\"/x/\";");          // 200: nothing to search for
  add("http.uri; content:!\"/folder\";");  // 201: a negation neither
  add("http.uri; content:\"/folder1007/\"; http.host; content:\"mail\"; fast_pattern;");  // 202
  add("http.user_agent; content:\"curl\";");                                              // 203
  add("http.uri; content:\"/folder1007/\"; nocase; content:\"/a\";");  // 204: that of another
  Buffers buffers{};
  buffers[static_cast<size_t>(Buffer::http_uri)] = "/owa/FOLDER1007/a";
  CHECK(candidates(list, buffers) == std::vector<size_t>{7, 200, 201, 204});
  buffers[static_cast<size_t>(Buffer::http_host)] = "mail.example";
  CHECK(candidates(list, buffers) == std::vector<size_t>{7, 200, 201, 202, 204});
  buffers[static_cast<size_t>(Buffer::http_user_agent)] = "Curl/8";
  CHECK(candidates(list, buffers) == std::vector<size_t>{7, 200, 201, 202, 204});
  CHECK(candidates(list, Buffers{}) == std::vector<size_t>{200, 201});
}
