// SPDX-License-Identifier: BSD-3-Clause
// What a replay has learned of idle timeouts, a line per path, below the table of findings: also
// where there is nothing to complain about, and why no number can be given.
#pragma once

#include <span>
#include <string>

#include "sensor/detect/path_report.hpp"

namespace exwire::app {

/// Empty when no path has shown a long silence.
std::string path_table(std::span<const detect::PathReport> paths);

}  // namespace exwire::app
