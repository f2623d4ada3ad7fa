// SPDX-License-Identifier: BSD-3-Clause
// Lines to a file or to standard output. Whole lines only: what a full disk tears is completed or
// ended before anything else is written, and every lost line is counted.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "sensor/base/result.hpp"
#include "sensor/report/sink.hpp"

namespace exwire::report {

class FileSink final : public Sink {
 public:
  /// Appends to `path`, created with mode 0640; never through a symbolic link.
  static Result<std::unique_ptr<FileSink>> open(const std::string& path);
  static std::unique_ptr<FileSink> standard_output();
  ~FileSink() override;
  FileSink(const FileSink&) = delete;
  FileSink& operator=(const FileSink&) = delete;

  bool write(std::string_view line) override;
  bool flush() override;
  uint64_t take_lost() override;
  void reopen() override;
  const std::string& last_error() const override { return last_error_; }

 private:
  static constexpr size_t kBuffer = 64 * 1024;

  FileSink(std::string path, int descriptor);

  std::string path_;  ///< empty: standard output
  int descriptor_;
  std::string buffer_;
  uint64_t buffered_lines_ = 0, lost_ = 0;
  bool torn_ = false;  ///< the last octet written ended no line
  std::string last_error_;
};

}  // namespace exwire::report
