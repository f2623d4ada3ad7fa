// SPDX-License-Identifier: BSD-3-Clause
// Arguments in, exit status out; the only place that catches everything.
#include <cstdio>
#include <exception>

#include "sensor/app/run.hpp"
#include "sensor/base/result.hpp"

int main(int count, char** arguments) {
  using namespace exwire::app;
  try {
    const CommandLine command_line = parse_command_line(count, arguments);
    if (command_line.help) {
      std::fputs(help_text().c_str(), stdout);
      return kDone;
    }
    if (command_line.version) {
      std::puts("exwire " EXWIRE_VERSION);
      return kDone;
    }
    return run(command_line);
  } catch (const UsageError& error) {
    std::fprintf(stderr, "exwire: %s\nexwire: try --help\n", error.message.c_str());
    return kUsageWrong;
  } catch (const exwire::SetupError& error) {
    std::fprintf(stderr, "exwire: %s\n", error.what());
    return kConfigurationWrong;
  } catch (const std::exception& error) {
    std::fprintf(stderr, "exwire: %s\n", error.what());
    return kConfigurationWrong;
  }
}
