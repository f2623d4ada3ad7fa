// SPDX-License-Identifier: BSD-3-Clause
// Any octets as a capture file, through the whole program: reader, layers, detectors, rules,
// encoder. Every line that comes out must be one JSON object without control characters, of 9,000
// octets at most.
#include <cstdio>
#include <cstdlib>

#include <boost/json/src.hpp>

#include "sensor/app/pipeline.hpp"
#include "sensor/detect/rules/rule_set.hpp"
#include "tests/support/memory_source.hpp"

using namespace exwire;

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size);

namespace {

constexpr size_t kMostLine = 9000;

class StrictSink final : public report::Sink {
 public:
  bool write(std::string_view line) override {
    if (!line.empty() && line.back() == '\n') line.remove_suffix(1);
    boost::system::error_code wrong;
    const boost::json::value value = boost::json::parse({line.data(), line.size()}, wrong);
    bool good = !wrong && value.is_object() && line.size() <= kMostLine;
    for (const char octet : line) good &= static_cast<uint8_t>(octet) >= 0x20;
    if (good) return true;
    std::fprintf(stderr, "not a line of EVE: %.*s\n", static_cast<int>(line.size()), line.data());
    std::abort();
  }
  bool flush() override { return true; }
  uint64_t take_lost() override { return 0; }
  const std::string& last_error() const override { return none_; }

 private:
  std::string none_;
};

// Our own pack looks into few buffers: these look into the rest, with options that take their
// places and lengths from the octets themselves. Short contents, so that they are often reached.
constexpr std::string_view kRules = R"~(
alert tcp any any -> any any (msg:"place from octets"; flow:established; content:"|00|"; byte_extract:1,0,size,relative; byte_test:2,>,size,0,relative; isdataat:size,relative; content:!"|ff|"; distance:0; within:size; sid:1;)
alert tcp any any -> any any (msg:"jump over a length"; flow:established,to_server; content:"|01|"; byte_jump:2,0,relative,post_offset -1; content:"|00|"; within:8; threshold:type limit, track by_both, count 1, seconds 60; sid:2;)
alert tcp any any -> any any (msg:"digits that say how far"; content:"Length|3a| "; nocase; byte_jump:4,0,relative,string,dec,from_beginning; content:"e"; distance:-4; sid:3;)
alert tcp-stream any any -> any any (msg:"credentials in a stream"; flow:to_server; content:"Basic "; base64_decode:bytes 64,offset 0,relative; base64_data; content:"|3a|"; pcre:"/^[a-z]+\\?[a-z0-9]+:/i"; sid:4;)
alert tcp-pkt any any -> any any (msg:"single packets"; flow:established; dsize:1<>1400; flags:PA,12; content:"e"; offset:1; depth:64; content:!"ee"; pcre:"/(?:a|e)+[^\x00]/R"; sid:5;)
alert http any any -> any any (msg:"as it stood on the wire"; flow:established,to_server; content:"HTTP/1."; byte_extract:1,0,minor,relative,string,dec; content:"|0d 0a|"; distance:minor; sid:6;)
alert http any any -> any any (msg:"bodies"; flow:established,to_client; file_data; content:"<"; content:!">"; within:3; isdataat:!64,relative; sid:7;)
alert http any any -> any any (msg:"a body that was sent"; flow:established,to_server; http.request_body; content:"|03 01 6a|"; startswith; byte_test:1,!&,0x80,3; bsize:>4; flowbits:set,body; sid:8;)
alert http any any -> any any (msg:"headers"; flow:established,to_client; http.header; content:"e"; content:"|3a 20|"; distance:0; within:32; pcre:!"/^x/Hmi"; flowbits:isset,body; detection_filter:track by_src, count 2, seconds 60; sid:9;)
alert tls any any -> any any (msg:"names"; tls.sni; dotprefix; content:".e"; nocase; endswith; xbits:toggle,seen,track ip_pair,expire 60; sid:10;)
alert tls any any -> any any (msg:"certificates"; tls.certs; content:"|30|"; byte_jump:2,0,relative; isdataat:!1,relative; sid:11;)
pass tcp any any -> any 1 (msg:"one port is nobody's business"; content:"|ff ff ff ff|"; sid:12;)
)~";

detect::rules::RuleSet rules() {
  detect::rules::RuleSet set;
  set.load_own();
  set.load_text(kRules, "fuzz");
  for (const std::string& refusal : set.refusals()) {
    std::fprintf(stderr, "%s\n", refusal.c_str());
    std::abort();
  }
  set.prepare();
  return set;
}

app::Config small_config(const detect::rules::ActiveRules& rules) {
  app::Config config = app::default_config();
  config.flow.most_flows = 4096;
  config.flow.half_open_entries = 1024;
  config.inspect.most_sessions = 256;
  config.inspect.most_transactions = 256;
  config.inspect.label_unknown = false;  // nDPI is fuzzed by its own authors
  config.extended = true;
  config.site.rules = &rules;
  config.inspect.bodies_wanted = &rules.bodies_wanted();
  config.inspect.heads_wanted = &rules.heads_wanted();
  return config;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  static const detect::rules::ActiveRules active(rules());
  static const app::Config config = small_config(active);
  static const inspect::DissectorHost dissectors(inspect::builtin_dissectors());
  StrictSink sink;
  report::Reporter reporter({"fuzz", "", 0, true, report::SourceKey::pcap_filename}, sink);
  test::MemorySource source({data, size});
  app::Pipeline pipeline(config, dissectors, reporter);
  while (pipeline.step(source)) {
  }
  pipeline.finish({});
  return 0;
}
