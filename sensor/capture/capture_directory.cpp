// SPDX-License-Identifier: BSD-3-Clause
// Each file is opened, asked for its first packet and closed again, one at a time: a folder may
// hold more files than there are descriptors.
#include "sensor/capture/capture_directory.hpp"

#include <algorithm>
#include <filesystem>
#include <limits>
#include <tuple>

#include "sensor/capture/capture_file.hpp"

namespace exwire::capture {
namespace {

constexpr Timestamp kNoPacket{std::numeric_limits<int64_t>::min()};

/// The time of the first packet; nothing when the file is no capture.
std::optional<Timestamp> first_time(const std::string& path) {
  const auto file = open_capture(path, PathKind::regular_file);
  if (!file) return kNoPacket;
  Frame first;
  if ((*file)->next(first, false)) return first.time;
  const std::optional<Error>& failure = (*file)->failure();
  if (failure && failure->code == ErrorCode::not_capture) return std::nullopt;
  return kNoPacket;
}

}  // namespace

Result<DirectoryListing> captures_in(const std::string& folder) {
  namespace fs = std::filesystem;
  DirectoryListing listing;
  std::vector<std::tuple<Timestamp, std::string>> found;
  std::error_code error;
  for (fs::directory_iterator entry(folder, error), end; !error && entry != end;
       entry.increment(error)) {
    std::error_code unknown;
    const fs::file_type type = entry->symlink_status(unknown).type();
    if (type == fs::file_type::directory) continue;
    const std::string path = entry->path().string();
    const auto time = type == fs::file_type::regular ? first_time(path) : std::nullopt;
    if (time) {
      found.emplace_back(*time, path);
    } else {
      ++listing.skipped;
    }
  }
  if (error) return Error{ErrorCode::cannot_open, folder + ": " + error.message()};
  std::sort(found.begin(), found.end());
  listing.paths.reserve(found.size());
  for (auto& [time, path] : found) listing.paths.push_back(std::move(path));
  return listing;
}

}  // namespace exwire::capture
