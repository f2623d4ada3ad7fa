// SPDX-License-Identifier: BSD-3-Clause
// From a parsed command line to an exit status.
#pragma once

#include "sensor/app/command_line.hpp"

namespace exwire::app {

enum ExitStatus : int {
  kDone = 0,
  kConfigurationWrong = 1,
  kUsageWrong = 2,
  kInputUnreadable = 3,
  kEventsLost = 4,
  kSignal = 128,
};

/// Throws SetupError for what is wrong before the first packet.
int run(const CommandLine& command_line);

}  // namespace exwire::app
