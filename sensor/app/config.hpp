// SPDX-License-Identifier: BSD-3-Clause
// The configuration: plain values with defaults, and the one table of options that the YAML reader,
// --set, --dump-config and the documented example all come from. No file is needed. Errors name the
// file, line and column and never reach past start-up.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "sensor/app/rule_sources.hpp"
#include "sensor/detect/site.hpp"
#include "sensor/flow/flow_table.hpp"
#include "sensor/flow/watch.hpp"
#include "sensor/inspect/inspector.hpp"
#include "sensor/report/privacy.hpp"
#include "sensor/wire/decode.hpp"

namespace exwire::app {

struct Config {
  detect::Site site;
  flow::Watch watch;
  wire::DecodeSettings decode;
  flow::FlowSettings flow;
  inspect::InspectSettings inspect;
  RuleSources rules;
  std::vector<std::string> dissectors;  ///< files of modules
  uint32_t workers = 1;                 ///< --workers
  uint64_t memory_limit = 0;            ///< octets of all tables together
  uint64_t capture_buffer = 0;          ///< octets of the kernel's ring, per interface
  int64_t stats_interval_ns = 0;
  std::string sensor_name;
  uint16_t community_id_seed = 0;
  bool extended = false;  ///< a top-level `exchange` object in every event
  bool pcap_filename = false;
  report::PrivacySettings privacy;
  std::string privacy_key_file;
};

/// All options at their defaults.
Config default_config();
/// Reads a YAML file over `config`; throws SetupError "file:line:column: ...".
void read_config_file(Config& config, const std::string& path);
/// One `key=value` from the command line, the value as in YAML; throws SetupError.
void set_option(Config& config, std::string_view assignment);
/// The configuration as a documented YAML file.
std::string dump_config(const Config& config);

}  // namespace exwire::app
