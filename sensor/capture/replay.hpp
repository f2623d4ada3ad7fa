// SPDX-License-Identifier: BSD-3-Clause
// Replay of capture files, in the order they were named; a folder in the time order of its files.
// A file that cannot be read is told and the next one goes on.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "sensor/capture/capture_file.hpp"
#include "sensor/capture/filter.hpp"
#include "sensor/capture/source.hpp"

namespace exwire::capture {

class Replay final : public Source {
 public:
  /// `arguments`: files, folders or "-". The filter must outlive the source.
  Replay(const std::vector<std::string>& arguments, Filter& filter);

  BatchStatus next_batch(Batch& batch) override;
  const std::string& name() const override { return name_; }
  CaptureCounters counters() const override;
  const std::optional<Error>& failure() const override { return first_failure_; }
  std::optional<double> progress() const override;

  /// All failures, in the order they were met.
  const std::vector<Error>& failures() const noexcept { return failures_; }
  size_t files() const noexcept { return paths_.size(); }

 private:
  bool open_next();
  void close_current();
  void fail(const Error& error);

  std::vector<std::string> paths_;
  size_t next_ = 0;
  Filter& filter_;
  std::unique_ptr<CaptureFile> current_;
  std::string name_;
  CaptureCounters counters_;
  std::vector<Error> failures_;
  std::optional<Error> first_failure_;
  uint64_t octets_in_all_ = 0, octets_done_ = 0;
};

/// The captures of a folder, without descending, in the order of their first packets. Links, pipes
/// and devices in it are left alone; files that are no captures are left out.
Result<std::vector<std::string>> captures_in(const std::string& folder);

}  // namespace exwire::capture
