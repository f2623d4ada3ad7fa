// SPDX-License-Identifier: BSD-3-Clause
// The 78 keywords of the second tier, which make 98 to 99 percent of public rules on web and TLS
// traffic load: each with a rule that matches what the stage shows, and one that must not.
#include <catch2/catch.hpp>
#include <iostream>
#include <set>

#include "rule_stage.hpp"
#include "sensor/detect/rules/rule_parser.hpp"

using namespace exwire;
using namespace exwire::detect;

namespace {

struct Row {
  const char* keyword;
  const char* match;
  const char* other;  ///< null: nothing it says can keep a rule from matching
};

#define URI "flow:to_server; http.uri; "
#define REQUEST "flow:to_server; "
#define ANSWER "flow:to_client; "
#define IN(where, buffer, yes, no) \
  where buffer "; content:\"" yes "\";", where buffer "; content:\"" no "\";"
#define TEXT(buffer, yes, no) IN("", buffer, yes, no)

constexpr Row kRows[] = {
    {"msg", URI R"(content:"/owa";)", nullptr},
    {"content", URI R"(content:"owa";)", URI R"(content:"ecp";)"},
    {"nocase", URI R"(content:"OWA"; nocase;)", URI R"(content:"OWA";)"},
    {"depth", URI R"(content:"owa"; depth:4;)", URI R"(content:"owa"; depth:3;)"},
    {"offset", URI R"(content:"owa"; offset:1;)", URI R"(content:"owa"; offset:2;)"},
    {"distance", URI R"(content:"/owa"; content:"auth"; distance:1;)",
     URI R"(content:"/owa"; content:"auth"; distance:2;)"},
    {"within", URI R"(content:"/owa"; content:"auth"; within:5;)",
     URI R"(content:"/owa"; content:"auth"; within:4;)"},
    {"startswith", URI R"(content:"/owa"; startswith;)", URI R"(content:"owa"; startswith;)"},
    {"endswith", URI R"(content:"a=1"; endswith;)", URI R"(content:"a="; endswith;)"},
    {"bsize", URI "bsize:13;", URI "bsize:<13;"},
    {"fast_pattern", URI R"(content:"a"; content:"/owa"; fast_pattern;)",
     URI R"(content:"a"; content:"/ecp"; fast_pattern;)"},
    {"pcre", URI R"(pcre:"/^\/o.a\//";)", URI R"(pcre:"/^o.a/";)"},
    {"flow", R"(flow:established,to_server; http.uri; content:"/owa";)",
     R"(flow:established,to_server; http.stat_code; content:"200";)"},
    {"classtype", URI R"(content:"/owa"; classtype:misc-attack;)", nullptr},
    {"sid", URI R"(content:"/owa";)", nullptr},
    {"rev", URI R"(content:"/owa"; rev:7;)", nullptr},
    {"gid", URI R"(content:"/owa"; gid:2;)", nullptr},
    {"priority", URI R"(content:"/owa"; priority:1;)", nullptr},
    {"reference", URI R"(content:"/owa"; reference:cve,2021-1;)", nullptr},
    {"metadata", URI R"(content:"/owa"; metadata:a b;)", nullptr},
    {"target", URI R"(content:"/owa"; target:dest_ip;)", nullptr},
    {"noalert", URI R"(content:"/owa";)", URI R"(content:"/owa"; noalert;)"},
    {"http.uri", IN(REQUEST, "http.uri", "/owa/auth", "%61uth")},
    {"http.method", IN(REQUEST, "http.method", "POST", "GET")},
    {"http.user_agent", IN(REQUEST, "http.user_agent", "curl", "wget")},
    {"http.header", IN(REQUEST, "http.header", "Accept|3a 20|*/*", "Cookie")},
    {"http.host", IN(REQUEST, "http.host", "mail.example", "owa")},
    {"http.cookie", IN(REQUEST, "http.cookie", "id=7", "Cookie")},
    {"http.request_body", IN(REQUEST, "http.request_body", "x=", "<html>")},
    {"http.stat_code", IN(ANSWER, "http.stat_code", "302", "200")},
    {"tls.sni", TEXT("tls.sni", "exwire", "owa")},
    {"tls.cert_subject", TEXT("tls.cert_subject", "CN=mail", "Test CA")},
    {"tls.cert_issuer", TEXT("tls.cert_issuer", "Test CA", "CN=mail")},
    {"isdataat", URI "isdataat:12;", URI "isdataat:13;"},
    {"dsize", "dsize:5; content:\"hello\";", "dsize:>5; content:\"hello\";"},
    {"urilen", URI "urilen:13;", URI "urilen:15;"},
    {"flowbits", URI R"(content:"/owa"; flowbits:isset,seen;)",
     URI R"(content:"/owa"; flowbits:isset,unseen;)"},
    {"xbits", URI R"(content:"/owa"; xbits:isset,seen,track ip_src;)",
     URI R"(content:"/owa"; xbits:isset,unseen,track ip_src;)"},
    {"threshold",
     URI R"(content:"/owa"; threshold:type threshold, track by_src, count 2, seconds 60;)",
     URI R"(content:"/owa"; threshold:type threshold, track by_src, count 3, seconds 60;)"},
    {"detection_filter",
     URI R"(content:"/owa"; detection_filter:track by_src, count 1, seconds 60;)",
     URI R"(content:"/owa"; detection_filter:track by_src, count 2, seconds 60;)"},
    {"file_data", IN(ANSWER, "file_data", "<html", "x=")},
    {"file.data", IN(REQUEST, "file.data", "x=", "<html")},
    {"http.response_body", IN(ANSWER, "http.response_body", "<html", "x=")},
    {"http.content_type", IN(REQUEST, "http.content_type", "text/xml", "text/html")},
    {"http.header_names", IN(REQUEST, "http.header_names", "|0d 0a|Cookie|0d 0a|", "id=7")},
    {"http.request_line", IN(REQUEST, "http.request_line", "POST /owa/%61uth", "Host")},
    {"http.uri.raw", IN(REQUEST, "http.uri.raw", "%61uth", "auth")},
    {"http.start", IN(REQUEST, "http.start", "HTTP/1.1|0d 0a|Host", "x=")},
    {"http.referer", IN(REQUEST, "http.referer", "from.example", "mail")},
    {"http.accept", IN(REQUEST, "http.accept", "*/*", "gzip")},
    {"http.accept_enc", IN(REQUEST, "http.accept_enc", "gzip", "*/*")},
    {"http.accept_lang", IN(REQUEST, "http.accept_lang", "de", "gzip")},
    {"http.connection", IN(REQUEST, "http.connection", "close", "keep")},
    {"http.content_len", IN(REQUEST, "http.content_len", "9", "6")},
    {"http.protocol", IN(REQUEST, "http.protocol", "HTTP/1.1", "HTTP/1.0")},
    {"http.location", IN(ANSWER, "http.location", "/logon", "/owa")},
    {"http.server", IN(ANSWER, "http.server", "Test", "IIS")},
    {"http.header.raw", IN(REQUEST, "http.header.raw", "Cookie|3a|", "POST")},
    {"http.stat_msg", IN(ANSWER, "http.stat_msg", "Found", "OK")},
    {"http.response_line", IN(ANSWER, "http.response_line", "302 Found", "Server")},
    {"http.host.raw", IN(REQUEST, "http.host.raw", "Mail.Example", "mail.example")},
    {"tls.certs", TEXT("tls.certs", "|30 82 01|", "|30 83|")},
    {"tls.cert_serial", TEXT("tls.cert_serial", "04|3a|5A", "05|3a|5A")},
    {"tls.cert_fingerprint", TEXT("tls.cert_fingerprint", "aa|3a|bb", "bb|3a|aa")},
    {"tls.version", "tls.version:1.2;", "tls.version:1.3;"},
    {"ssl_version", "ssl_version:tls1.2;", "ssl_version:!tls1.2;"},
    {"ssl_state", "ssl_state:server_hello; tls.version:1.2;",
     "ssl_state:server_hello; tls.version:1.0;"},
    {"tls_sni", TEXT("tls_sni", "exwire", "owa")},
    {"ja3_hash", TEXT("ja3_hash", "606bbe7be2c1607b146ed3c68e873921", "00")},
    {"ja3.hash", TEXT("ja3.hash", "606bbe7be2c1607b146ed3c68e873921", "00")},
    {"ja3s.hash", TEXT("ja3s.hash", "364ff14b04ef93c3b4cfa429d729c0d9", "00")},
    {"ja3.string", TEXT("ja3.string", "771,49200,65281,29,0", "770,")},
    {"ja4.hash", TEXT("ja4.hash", "t12i010100_a17193ba21fd_", "t13")},
    {"app-layer-event", "app-layer-event:http.invalid_request_chunk_len;",
     "app-layer-event:http.too_many_headers;"},
    {"app-layer-protocol", "app-layer-protocol:http; content:\"hello\";",
     "app-layer-protocol:!http; content:\"hello\";"},
    {"flags", "flags:PA; content:\"hello\";", "flags:!P; content:\"hello\";"},
    {"stream_size", URI R"(content:"/owa"; stream_size:client,>,100;)",
     URI R"(content:"/owa"; stream_size:client,>,200;)"},
    {"dotprefix", R"(tls.sni; dotprefix; content:".exwire.example"; endswith;)",
     R"(tls.sni; dotprefix; content:".wire.example"; endswith;)"},
};
constexpr size_t kKeywords = 78;
static_assert(std::size(kRows) == kKeywords);

// Other spellings, and what Suricata 1 to 4 said instead: no other test says them.
#define BEHIND(where, modifier, yes, no) \
  where "content:\"" yes "\"; " modifier ";", where "content:\"" no "\"; " modifier ";"
constexpr Row kSpellings[] = {
    {"http_accept_enc", IN(REQUEST, "http_accept_enc", "gzip", "*/*")},
    {"http_accept_lang", IN(REQUEST, "http_accept_lang", "de", "gzip")},
    {"http_raw_header", BEHIND(REQUEST, "http_raw_header", "Cookie|3a|", "POST")},
    {"http_raw_host", BEHIND(REQUEST, "http_raw_host", "Mail.Example", "mail.example")},
    {"http_server_body", BEHIND(ANSWER, "http_server_body", "<html", "x=")},
    {"rawbytes", BEHIND("", "rawbytes", "hello", "hullo")},
    {"ja3s.string", TEXT("ja3s.string", "771,", "770,")},
    {"tls.fingerprint", "tls.fingerprint:\"aa:bb:cc\";", "tls.fingerprint:\"aa:bb:cd\";"},
    {"tls.issuerdn", "tls.issuerdn:\"Test CA\";", "tls.issuerdn:\"CN=mail\";"},
    {"flow.pkts_toclient", URI R"(content:"/owa"; flow.pkts_toclient:<1000;)",
     URI R"(content:"/owa"; flow.pkts_toclient:>1000;)"},
    {"flow.bytes_toserver", URI R"(content:"/owa"; flow.bytes_toserver:<100000;)",
     URI R"(content:"/owa"; flow.bytes_toserver:>100000;)"},
};

// The same exchange twice: rates and bits speak of what was before.
bool tells(const std::string& options) {
  std::string text =
      "alert tcp any any -> any any (msg:\"m\"; sid:1; " + options +
      ")\n"
      "alert http any any -> any any (msg:\"sets\"; sid:2; flow:to_server; http.method; "
      "content:\"POST\"; flowbits:set,seen; xbits:set,seen,track ip_src; noalert;)\n";
  rules::RuleSet set = RuleStage::set_of(text);
  INFO(options);
  CHECK(set.refusals() == std::vector<std::string>{});
  RuleStage stage(std::move(set));
  for (int round = 0; round < 2; ++round) {
    stage.segment(stage.web, "hello", "http");
    stage.http();
    stage.event("http_bad_chunk");
    stage.handshake();
    stage.end();
  }
  return stage.told.contains(1);
}

}  // namespace

TEST_CASE("other spellings of keywords match and do not match", "[rules]") {
  for (const Row& row : kSpellings) {
    INFO(row.keyword);
    CHECK(tells(row.match));
    CHECK_FALSE(tells(row.other));
  }
}

TEST_CASE("every keyword of the second tier matches and does not match", "[rules]") {
  std::set<std::string_view> good;
  for (const Row& row : kRows) {
    INFO(row.keyword);
    const bool matched = tells(row.match);
    const bool other = row.other != nullptr && tells(row.other);
    CHECK(matched);
    CHECK_FALSE(other);
    const auto known = rules::known_keywords();
    CHECK(std::binary_search(known.begin(), known.end(), std::string_view(row.keyword)));
    if (matched && !other) good.insert(row.keyword);
  }
  std::cout << good.size() << " of " << kKeywords << " keywords\n";
  CHECK(good.size() == kKeywords);
}
