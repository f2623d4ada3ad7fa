// SPDX-License-Identifier: BSD-3-Clause
#include "sensor/app/config.hpp"

#include <catch2/catch.hpp>
#include <cstdlib>
#include <fstream>

#include <unistd.h>

#include "sensor/app/options.hpp"
#include "sensor/app/quantity.hpp"
#include "sensor/base/result.hpp"

using namespace exwire;
using Catch::Matchers::Contains;

namespace {

/// A file of its own, gone at the end.
class TemporaryFile {
 public:
  explicit TemporaryFile(const std::string& text) {
    char name[] = "/tmp/exwire-config-XXXXXX";
    close(mkstemp(name));
    path = name;
    std::ofstream(path) << text;
  }
  ~TemporaryFile() { std::remove(path.c_str()); }
  std::string path;
};

std::string complaint(const std::string& text) {
  app::Config config = app::default_config();
  const TemporaryFile file(text);
  try {
    app::read_config_file(config, file.path);
  } catch (const SetupError& error) {
    return std::string(error.what()).substr(file.path.size());
  }
  return "";
}

}  // namespace

TEST_CASE("defaults need no file", "[config]") {
  const app::Config config = app::default_config();
  CHECK(config.watch.tls_ports[443]);
  CHECK(config.watch.plaintext_ports[81]);
  CHECK(config.site.loopback_allowed);
  CHECK(config.flow.watched_timeout_ns == 7800 * kNanosPerSecond);
  CHECK(config.memory_limit == uint64_t{768} << 20);
}

TEST_CASE("what is dumped reads back as the same", "[config]") {
  app::Config config = app::default_config();
  app::set_option(config, "site.plaintext_hops=[\"192.0.2.1 -> 198.51.100.0/24\", 203.0.113.0/28]");
  app::set_option(config, "site.own_addresses=[192.0.2.1 = 10.0.0.0/30 = 10.1.0.1]");
  app::set_option(config, "flow.timeout.other=90m");
  const std::string dumped = app::dump_config(config);
  const TemporaryFile file(dumped);
  app::Config again = app::default_config();
  app::read_config_file(again, file.path);
  CHECK(app::dump_config(again) == dumped);
  CHECK(again.site.plaintext_hops.size() == 2);
  REQUIRE(again.site.own_addresses.size() == 1);
  CHECK(again.site.own_addresses[0].size() == 3);
  CHECK(again.flow.other_timeout_ns == 5400 * kNanosPerSecond);
}

TEST_CASE("the documented example is the table of options", "[config]") {
  std::ifstream file(std::string(EXWIRE_TESTS_DIR) + "/../sensor/share/exwire.yaml");
  const std::string example{std::istreambuf_iterator<char>(file), {}};
  CHECK(example == app::dump_config(app::default_config()));  // made by: exwire --dump-config
}

TEST_CASE("errors name line and column", "[config]") {
  CHECK(complaint("site:\n  serverz: []\n") == ":2:3: unknown key 'site.serverz'");
  CHECK_THAT(complaint("flow:\n  most: many\n"), Contains(":2:9:") && Contains("whole number"));
  CHECK_THAT(complaint("flow:\n  timeout:\n    other: 90\n"),
             Contains(":3:12:") && Contains("unit"));
  CHECK_THAT(complaint("site:\n  servers: [10.0.0.0/8, 300.1.1.1]\n"),
             Contains(":2:12:") && Contains("300.1.1.1"));
  CHECK_THAT(complaint("site: [\n"), Contains(":2:"));
  CHECK_THAT(complaint("site: plain\n"), Contains("section"));
  CHECK_THAT(complaint("memory:\n  limit: 1MiB\n"), Contains("64MiB"));
  CHECK(complaint("") == "");
  CHECK(complaint("site:\n") == "");
}

TEST_CASE("--set complains in the user's words", "[config]") {
  app::Config config = app::default_config();
  CHECK_THROWS_WITH(app::set_option(config, "nonsense"), Contains("KEY=VALUE"));
  CHECK_THROWS_WITH(app::set_option(config, "site.nothing=1"), Contains("unknown key"));
  CHECK_THROWS_WITH(app::set_option(config, "site.loopback=maybe"), Contains("allow or report"));
  for (const char* machine : {"[192.0.2.1]", "[192.0.2.1 = ]", "[192.0.2.1 = here]"}) {
    CHECK_THROWS_WITH(app::set_option(config, std::string("site.own_addresses=") + machine),
                      Contains("address = address"));
  }
}

TEST_CASE("every option has a meaning and a default that reads", "[config]") {
  for (const app::Option& option : app::options()) {
    INFO(option.key);
    CHECK(std::string(option.meaning).size() > 20);
    app::Config config = app::default_config();
    CHECK_NOTHROW(app::set_option(config, std::string(option.key) + "=" + option.standard));
  }
}

TEST_CASE("quantities", "[config]") {
  CHECK(app::parse_duration("2h10m") == 7800 * kNanosPerSecond);
  CHECK(app::parse_duration("500ms") == 500 * kNanosPerMilli);
  CHECK(app::duration_to_text(7800 * kNanosPerSecond) == "2h10m");
  for (const char* bad : {"", "5", "m", "5x", "1m2h", "-1s", "99999999999999999d"}) {
    CHECK_FALSE(app::parse_duration(bad));
  }
  CHECK(app::parse_octets("64MiB") == uint64_t{64} << 20);
  CHECK(app::parse_octets("12") == 12);
  for (const char* bad :
       {"", "MiB", "1MB", "-1", "99999999999999999999", "18446744073709551615KiB"}) {
    CHECK_FALSE(app::parse_octets(bad));
  }
  CHECK(app::octets_to_text(uint64_t{768} << 20) == "768MiB");
}
