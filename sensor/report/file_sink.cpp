// SPDX-License-Identifier: BSD-3-Clause
#include "sensor/report/file_sink.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <utility>

namespace exwire::report {
namespace {

int open_log(const std::string& path) noexcept {
  constexpr mode_t kMode = 0640;
  return ::open(path.c_str(), O_WRONLY | O_APPEND | O_CREAT | O_NOFOLLOW | O_CLOEXEC, kMode);
}

}  // namespace

FileSink::FileSink(std::string path, int descriptor)
    : path_(std::move(path)), descriptor_(descriptor) {
  buffer_.reserve(kBuffer);
}

FileSink::~FileSink() {
  flush();
  if (!path_.empty()) ::close(descriptor_);
}

Result<std::unique_ptr<FileSink>> FileSink::open(const std::string& path) {
  const int descriptor = open_log(path);
  if (descriptor < 0) {
    return Error{ErrorCode::write_failed, path + ": " + std::strerror(errno)};
  }
  return std::unique_ptr<FileSink>(new FileSink(path, descriptor));
}

std::unique_ptr<FileSink> FileSink::standard_output() {
  return std::unique_ptr<FileSink>(new FileSink("", STDOUT_FILENO));
}

bool FileSink::write(std::string_view line) {
  if (buffer_.size() + line.size() > kBuffer) flush();
  buffer_.append(line);
  ++buffered_lines_;
  return true;
}

bool FileSink::flush() {
  if (buffer_.empty()) return true;
  // A line torn by the last failure is ended first: its rest was counted as lost.
  if (torn_) buffer_.insert(0, "\n");
  size_t written = 0;
  while (written < buffer_.size()) {
    const ssize_t count = ::write(descriptor_, buffer_.data() + written, buffer_.size() - written);
    if (count > 0) {
      written += static_cast<size_t>(count);
    } else if (count < 0 && errno != EINTR) {
      last_error_ = (path_.empty() ? "standard output" : path_) + ": " + std::strerror(errno);
      break;
    }
  }
  const std::string_view rest = std::string_view(buffer_).substr(written);
  const auto lost = static_cast<uint64_t>(std::count(rest.begin(), rest.end(), '\n'));
  if (written > 0) torn_ = buffer_[written - 1] != '\n';
  lost_ += std::min(lost, buffered_lines_);
  buffer_.clear();
  buffered_lines_ = 0;
  return rest.empty();
}

uint64_t FileSink::take_lost() {
  return std::exchange(lost_, 0);
}

void FileSink::reopen() {
  if (path_.empty()) return;
  flush();
  const int fresh = open_log(path_);
  if (fresh < 0) {
    last_error_ = path_ + ": " + std::strerror(errno);
    return;  // the old file goes on
  }
  ::close(descriptor_);
  descriptor_ = fresh;
  torn_ = false;
}

}  // namespace exwire::report
