// SPDX-License-Identifier: BSD-3-Clause
// Replay of capture files, in the order they were named; a folder in the time order of its files.
// A file that cannot be read is told and the next one goes on. A batch never mixes files, so name()
// is that of every frame in it.
#pragma once

#include <atomic>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "sensor/capture/capture_file.hpp"
#include "sensor/capture/filter.hpp"
#include "sensor/capture/source.hpp"

namespace exwire::capture {

class Replay final : public Source {
 public:
  /// `arguments`: files, folders or "-". The filter must outlive the source. Throws SetupError
  /// when there are none or standard input is asked for twice.
  Replay(const std::vector<std::string>& arguments, Filter& filter,
         Reading reading = Reading::buffered);

  /// The batch may be empty before the end when the filter refuses many frames in a row.
  BatchStatus next_batch(Batch& batch) override;
  bool one_more_batch(Batch& batch) override;
  const std::string& name() const override { return name_; }
  CaptureCounters counters() const override;
  /// The first of failures().
  const std::optional<Error>& failure() const override { return first_failure_; }
  std::optional<double> progress() const override;
  /// Also ends a replay between two batches; a pipe that gives nothing is still waited for.
  void stop() noexcept override { stopping_ = true; }

  /// All failures, in the order they were met.
  const std::vector<Error>& failures() const noexcept { return failures_; }
  /// Files to read, and entries of folders that are no captures.
  size_t files() const noexcept { return inputs_.size(); }
  uint64_t skipped() const noexcept { return skipped_; }
  /// What the formats showed so far, over all files.
  FormatCounters format_counters() const;

 private:
  struct Input {
    std::string path;
    PathKind kind = PathKind::any;
    std::optional<Error> failure;  ///< known before: a folder that cannot be listed
  };

  void add(const std::string& argument);
  bool fill(Batch& batch, bool hold, uint32_t& refused);
  void count(Batch& batch, const Frame& frame) noexcept;
  bool open_next();
  void close_current();
  void fail(const Error& error);

  std::vector<Input> inputs_;
  size_t next_ = 0;
  Filter& filter_;
  Reading reading_;
  std::unique_ptr<CaptureFile> current_;
  std::string name_;
  CaptureCounters counters_;
  FormatCounters done_;  ///< of the files that are closed
  std::vector<Error> failures_;
  std::optional<Error> first_failure_;
  uint64_t skipped_ = 0, octets_in_all_ = 0, octets_done_ = 0;
  std::atomic<bool> stopping_{false};
};

}  // namespace exwire::capture
