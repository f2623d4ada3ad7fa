// SPDX-License-Identifier: BSD-3-Clause
// The command line, with the letters Suricata, tcpdump and Zeek users expect.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace exwire::app {

struct CommandLine {
  std::vector<std::string> captures;    ///< -r
  std::vector<std::string> interfaces;  ///< -i
  std::string config_file;              ///< -c
  std::vector<std::string> settings;    ///< --set
  std::string log_directory;            ///< -l
  std::vector<std::string> rule_files;  ///< -s, -S
  bool only_these_rules = false;        ///< -S
  bool strict = false, list_keywords = false;
  std::string filter;  ///< trailing words, or the text of -F
  int verbosity = 0;   ///< number of -v
  uint32_t workers = 1;
  bool quiet = false, test_only = false, dump_config = false;
  bool help = false, version = false, list_detectors = false, list_dissectors = false;
};

/// Wrong usage: the message for the user.
struct UsageError {
  std::string message;
};

/// Throws UsageError.
CommandLine parse_command_line(int count, const char* const* arguments);
std::string help_text();

}  // namespace exwire::app
