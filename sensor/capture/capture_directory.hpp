// SPDX-License-Identifier: BSD-3-Clause
// The captures of a folder, without descending, in the time order of their first packets. What
// others may write into a spool folder is not trusted: links, pipes and devices are left alone, and
// what a file is says its content, not its name.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "sensor/base/result.hpp"

namespace exwire::capture {

struct DirectoryListing {
  /// Damaged and unreadable files are among them: opening them tells what is wrong. Those of which
  /// no packet is known come first; ties are in the order of names.
  std::vector<std::string> paths;
  uint64_t skipped = 0;  ///< regular files that are no captures, and links, pipes, devices
};

Result<DirectoryListing> captures_in(const std::string& folder);

}  // namespace exwire::capture
