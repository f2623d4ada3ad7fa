// SPDX-License-Identifier: BSD-3-Clause
#include "sensor/capture/replay.hpp"

#include <algorithm>
#include <filesystem>
#include <tuple>

namespace exwire::capture {
namespace fs = std::filesystem;

Result<std::vector<std::string>> captures_in(const std::string& folder) {
  std::vector<std::tuple<Timestamp, std::string>> found;
  std::error_code error;
  for (fs::directory_iterator entry(folder, error), end; !error && entry != end;
       entry.increment(error)) {
    std::error_code ignored;
    if (!fs::is_regular_file(entry->symlink_status(ignored))) continue;
    const std::string path = entry->path().string();
    auto file = open_capture(path);
    Frame first;
    if (!file || !(*file)->next(first, false)) {
      // Damaged captures are kept: reading them tells what is wrong. Other files are not.
      const bool capture =
          file && (!(*file)->failure() || (*file)->failure()->code != ErrorCode::not_capture);
      if (!capture) continue;
    }
    found.emplace_back(first.time, path);
  }
  if (error) return Error{ErrorCode::cannot_open, folder + ": " + error.message()};
  std::sort(found.begin(), found.end());
  std::vector<std::string> paths;
  for (auto& [time, path] : found) paths.push_back(std::move(path));
  return paths;
}

Replay::Replay(const std::vector<std::string>& arguments, Filter& filter) : filter_(filter) {
  for (const std::string& argument : arguments) {
    std::error_code ignored;
    if (argument != "-" && fs::is_directory(argument, ignored)) {
      const auto paths = captures_in(argument);
      if (paths) {
        paths_.insert(paths_.end(), paths->begin(), paths->end());
      } else {
        fail(paths.error());
      }
    } else {
      paths_.push_back(argument);
    }
  }
  for (const std::string& path : paths_) {
    std::error_code error;
    const uint64_t size = path == "-" ? 0 : fs::file_size(path, error);
    if (!error) octets_in_all_ += size;
  }
  if (!paths_.empty()) name_ = paths_.front();
}

bool Replay::open_next() {
  while (next_ < paths_.size()) {
    name_ = paths_[next_++];
    auto file = open_capture(name_);
    if (file) {
      current_ = std::move(*file);
      return true;
    }
    fail(file.error());
  }
  return false;
}

void Replay::close_current() {
  if (current_->failure()) fail(*current_->failure());
  counters_.cut_by_snaplen += current_->cut_by_snaplen();
  counters_.odd_times += current_->odd_times();
  octets_done_ += current_->size();
  current_.reset();
}

void Replay::fail(const Error& error) {
  failures_.push_back(error);
  if (!first_failure_) first_failure_ = error;
}

BatchStatus Replay::next_batch(Batch& batch) {
  batch.count = 0;
  batch.tick.reset();
  while (batch.count == 0) {
    if (!current_ && !open_next()) return BatchStatus::finished;
    bool more = true;
    while (batch.count < Batch::kCapacity) {
      Frame& frame = batch.frames[batch.count];
      more = current_->next(frame, batch.count > 0);
      if (!more) break;
      if (!filter_.passes(frame)) {
        ++counters_.filtered;
        continue;
      }
      ++counters_.frames;
      counters_.octets += frame.octets.size;
      ++batch.count;
    }
    // The frames of a file stay valid until the next call: it is closed only when none is out.
    if (!more && !current_->held() && batch.count == 0) close_current();
  }
  return BatchStatus::frames;
}

CaptureCounters Replay::counters() const {
  CaptureCounters all = counters_;
  if (current_) {
    all.cut_by_snaplen += current_->cut_by_snaplen();
    all.odd_times += current_->odd_times();
  }
  return all;
}

std::optional<double> Replay::progress() const {
  if (octets_in_all_ == 0) return std::nullopt;
  const uint64_t position =
      octets_done_ + (current_ && current_->size() ? current_->position() : 0);
  return static_cast<double>(position) / static_cast<double>(octets_in_all_);
}

}  // namespace exwire::capture
