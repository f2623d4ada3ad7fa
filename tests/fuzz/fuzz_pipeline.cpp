// SPDX-License-Identifier: BSD-3-Clause
// Any octets as a capture file, through the whole program: reader, layers, detectors, encoder.
// Every line that comes out must be one JSON object without control characters, of 9,000 octets at
// most.
#include <cstdio>
#include <cstdlib>

#include <boost/json/src.hpp>

#include "sensor/app/pipeline.hpp"
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

app::Config small_config() {
  app::Config config = app::default_config();
  config.flow.most_flows = 4096;
  config.flow.half_open_entries = 1024;
  config.inspect.most_sessions = 256;
  config.inspect.most_transactions = 256;
  config.inspect.label_unknown = false;  // nDPI is fuzzed by its own authors
  config.extended = true;
  return config;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  static const app::Config config = small_config();
  static const inspect::DissectorHost dissectors(inspect::builtin_dissectors());
  StrictSink sink;
  report::Reporter reporter({"fuzz", "", 0, true, true}, sink);
  test::MemorySource source({data, size});
  app::Pipeline pipeline(config, dissectors, reporter, false);
  while (pipeline.step(source)) {
  }
  pipeline.finish({});
  return 0;
}
