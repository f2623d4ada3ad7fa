// SPDX-License-Identifier: BSD-3-Clause
// The identity of an alert: the same finding in the same capture has the same one in every run, so
// that a SIEM fed twice keeps it once.
#pragma once

#include <string>
#include <string_view>

#include "sensor/detect/finding.hpp"

namespace exwire::report {

/// 32 hexadecimal digits: the first 128 bits of SHA-256 over scope, sid, flow and story. An update
/// of a story has an identity of its own.
std::string event_uid(std::string_view scope, const flow::Flow& flow,
                      const detect::Finding& finding);

}  // namespace exwire::report
