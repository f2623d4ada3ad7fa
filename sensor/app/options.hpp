// SPDX-License-Identifier: BSD-3-Clause
// One row per configuration key: how to read it, how to write it, what it means. A new key is one
// row in the file of its section.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "sensor/app/config.hpp"

namespace exwire::app {

/// Why a value was refused, empty when it was taken.
using Complaint = std::string;

struct Option {
  const char* key;       ///< dotted path, e.g. "site.ports.tls"
  const char* standard;  ///< default, as YAML
  const char* meaning;   ///< one or two sentences for the documented example
  /// Scalars come as one word, lists as many.
  std::function<Complaint(Config&, const std::vector<std::string>&)> read;
  std::function<std::string(const Config&)> write;
  bool list = false;
  bool map = false;  ///< words are NAME=VALUE
};

/// All of them, in the order of the documented example.
const std::vector<Option>& options();

// The sections.
std::vector<Option> site_options();       ///< site: servers, ports, accepted plaintext
std::vector<Option> threshold_options();  ///< stalled, direct_push
std::vector<Option> packet_options();     ///< decode, flow, inspect, memory, capture
std::vector<Option> output_options();     ///< outputs, privacy
std::vector<Option> rule_options();       ///< vars, rule-files and what belongs to them

}  // namespace exwire::app
