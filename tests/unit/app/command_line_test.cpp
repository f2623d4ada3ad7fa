// SPDX-License-Identifier: BSD-3-Clause
#include "sensor/app/command_line.hpp"

#include <catch2/catch.hpp>
#include <vector>

using namespace exwire;

namespace {

app::CommandLine parse(std::vector<const char*> words) {
  words.insert(words.begin(), "exwire");
  return app::parse_command_line(static_cast<int>(words.size()), words.data());
}

}  // namespace

TEST_CASE("flags as tcpdump and Suricata users type them", "[command_line]") {
  const app::CommandLine line =
      parse({"-r", "a.pcap", "-r", "folder", "-l", "out", "-vv", "--set", "a=b", "--set=c=d", "tcp",
             "port", "80", "or", "(tcp", "port", "443)"});
  CHECK(line.captures == std::vector<std::string>{"a.pcap", "folder"});
  CHECK(line.log_directory == "out");
  CHECK(line.verbosity == 2);
  CHECK(line.settings == std::vector<std::string>{"a=b", "c=d"});
  CHECK(line.filter == "tcp port 80 or (tcp port 443)");
}

TEST_CASE("standard input is a dash", "[command_line]") {
  CHECK(parse({"-r", "-"}).captures == std::vector<std::string>{"-"});
}

TEST_CASE("wrong usage is told", "[command_line]") {
  CHECK_THROWS_AS(parse({}), app::UsageError);
  CHECK_THROWS_AS(parse({"--nonsense"}), app::UsageError);
  CHECK_THROWS_AS(parse({"-r"}), app::UsageError);
  CHECK_THROWS_AS(parse({"-r", "a", "-i", "eth0"}), app::UsageError);
  for (const char* workers : {"0", "65", "-1", "2x", ""}) {
    CHECK_THROWS_AS(parse({"-r", "a", "--workers", workers}), app::UsageError);
  }
  CHECK(parse({"-r", "a", "--workers", "3"}).workers == 3);
  CHECK_THROWS_AS(parse({"-r", "a", "-F", "/nowhere"}), app::UsageError);
}

TEST_CASE("questions need no input", "[command_line]") {
  CHECK(parse({"-T"}).test_only);
  CHECK(parse({"-V"}).version);
  CHECK(parse({"--dump-config"}).dump_config);
  CHECK(app::help_text().find("--read") != std::string::npos);
}
