// SPDX-License-Identifier: BSD-3-Clause
#include "sensor/app/path_table.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace exwire::app {
namespace {

constexpr size_t kShownPaths = 20;

std::string outcome(const detect::PathReport& path) {
  const detect::IdleEstimate& estimate = path.estimate;
  if (estimate.sufficient()) {
    return fmt::format("{} after {:.0f} s ({:.0f} to {:.0f} s)", to_text(estimate.mode),
                       estimate.estimate_s, estimate.lower_s, estimate.upper_s);
  }
  if (estimate.verdict == detect::IdleVerdict::no_drops) return "nothing was dropped";
  return to_text(estimate.verdict);
}

}  // namespace

std::string path_table(std::span<const detect::PathReport> paths) {
  if (paths.empty()) return {};
  std::string text = "idle timeouts\n";
  for (const detect::PathReport& path : paths.first(std::min(paths.size(), kShownPaths))) {
    const detect::IdleEstimate& estimate = path.estimate;
    text += fmt::format("{:>12}{} -> {}:{}  {}; {} drops in {} gaps, longest survived {:.0f} s", "",
                        path.client_net, path.server, path.port, outcome(path), estimate.drops,
                        estimate.gaps, estimate.survived_most_s);
    if (path.unusable > 0) text += fmt::format(", {} more spoiled by the capture", path.unusable);
    text += "\n";
  }
  if (paths.size() > kShownPaths) {
    text += fmt::format("{:>12}and {} more\n", "", paths.size() - kShownPaths);
  }
  return text;
}

}  // namespace exwire::app
