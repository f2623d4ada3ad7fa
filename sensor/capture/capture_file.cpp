// SPDX-License-Identifier: BSD-3-Clause
// The loop that drives a format parser over a window, and the choice of the window. The size of a
// regular file is that at its opening: a mapped one that grows is read up to there.
#include "sensor/capture/capture_file.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <utility>

namespace exwire::capture {

CaptureFile::CaptureFile(std::string name, std::unique_ptr<OctetWindow> window, uint64_t size)
    : name_(std::move(name)),
      window_(std::move(window)),
      is_breakable_(!window_->moves()),
      size_(size) {}

bool CaptureFile::next(Frame& frame, bool hold) {
  held_ = false;
  if (finished_ || (!hold && !look_behind())) return false;
  while (true) {
    uint64_t consumed = 0;
    auto step = FormatParser::Step::need_more;
    if (to_pass_ == 0 && (parser_ || unread_.size() >= kMagicOctets)) {
      if (!parser_ && !choose_parser()) return false;
      step = parser_->step(unread_, frame, consumed);
      if (is_breakable_ && window_->broken()) {  // what the parser saw may have been zeros
        look_behind();
        return false;
      }
    }
    if (step == FormatParser::Step::failed) {
      end_with(parser_->failure().code, parser_->failure().what);
      return false;
    }
    if (step == FormatParser::Step::need_more) {
      const More more = refill(hold);
      if (more == More::yes) continue;
      held_ = more == More::not_now;
      return false;
    }
    if (step == FormatParser::Step::bad_record) note_bad_record();
    take(consumed);
    if (step == FormatParser::Step::frame) {
      frame.number = ++packets_;
      return true;
    }
  }
}

std::span<const Frame> CaptureFile::take_in_a_row(std::span<Frame> frames) {
  if (is_breakable_ || finished_ || !parser_ || to_pass_ > 0) return {};
  uint64_t consumed = 0;
  const std::span<Frame> filled = frames.first(parser_->fill_in_a_row(unread_, frames, consumed));
  for (Frame& frame : filled) frame.number = ++packets_;
  take(consumed);
  return filled;
}

/// Octets that are not at hand are passed over as they come.
void CaptureFile::take(uint64_t consumed) noexcept {
  const uint64_t here = std::min<uint64_t>(consumed, unread_.size());
  unread_ = unread_.subspan(here);
  offset_ += here;
  to_pass_ = consumed - here;
}

/// While no frame is out: lets the window give back what was read and see whether the rest is
/// still there. Not each time, it costs a system call.
bool CaptureFile::look_behind() {
  constexpr uint64_t kOften = uint64_t{256} << 10;
  if (offset_ - looked_at_ < kOften && !(is_breakable_ && window_->broken())) return true;
  looked_at_ = offset_;
  if (window_->passed(offset_)) return true;
  end_with(window_->error().code, window_->error().message);
  return false;
}

CaptureFile::More CaptureFile::refill(bool hold) {
  if (hold && window_->moves()) return More::not_now;
  switch (window_->refill(unread_)) {
    case OctetWindow::Refill::grown:
      take(to_pass_);
      return More::yes;
    case OctetWindow::Refill::failed:
      end_with(window_->error().code, window_->error().message);
      return More::never;
    default:
      finish();
      return More::never;
  }
}

bool CaptureFile::choose_parser() {
  parser_ = parser_for(unread_);
  if (parser_) return true;
  failure_ = Error{ErrorCode::not_capture, name_ + ": neither pcap nor pcapng"};
  finished_ = true;
  return false;
}

// A packet that cannot be read still has its number, so that the next ones are counted as they
// stand in the file.
void CaptureFile::note_bad_record() {
  ++packets_;
  if (!first_bad_record_.empty()) return;
  first_bad_record_ = "packet " + std::to_string(packets_) + ", octet " + std::to_string(offset_) +
                      ": " + parser_->failure().what;
}

/// The octets are at their end.
void CaptureFile::finish() {
  finished_ = true;
  if (!parser_) {
    const bool empty = unread_.empty();
    failure_ = Error{empty ? ErrorCode::truncated : ErrorCode::not_capture,
                     name_ + (empty ? ": the file is empty" : ": too short to be a capture")};
  } else if (window_->moves() && window_->file_position(offset_) < size_) {
    end_with(ErrorCode::truncated, "the file was shortened while it was read");
  } else if (!unread_.empty() || to_pass_ > 0) {
    end_with(ErrorCode::truncated, "the file ends within this record");
  } else if (!first_bad_record_.empty()) {
    const uint64_t count = parser_->counters().bad_records;
    failure_ = Error{ErrorCode::damaged,
                     name_ + ": " + first_bad_record_ + "; " + std::to_string(count) +
                         (count == 1 ? " record was" : " records were") + " passed over"};
  }
}

void CaptureFile::end_with(ErrorCode code, const std::string& what) {
  finished_ = true;
  failure_ = Error{code, name_ + ": packet " + std::to_string(packets_ + 1) + ", octet " +
                             std::to_string(offset_) + ": " + what};
}

namespace {

/// Closes a descriptor unless somebody else has taken it over.
class Descriptor {
 public:
  explicit Descriptor(int number) noexcept : number_(number) {}
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  ~Descriptor() {
    if (number_ >= 0) close(number_);
  }
  int get() const noexcept { return number_; }
  int hand_over() noexcept { return std::exchange(number_, -1); }

 private:
  int number_;
};

Error cannot_open(const std::string& name, const std::string& why) {
  return {ErrorCode::cannot_open, name + ": " + why};
}

int open_path(const std::string& path, PathKind kind) {
  if (path == "-" && kind == PathKind::any) return fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 0);
  // A pipe put in the place of a file must not make us wait for its writer.
  const int careful = kind == PathKind::regular_file ? O_NOFOLLOW | O_NONBLOCK : 0;
  return open(path.c_str(), O_RDONLY | O_CLOEXEC | careful);
}

}  // namespace

Result<std::unique_ptr<CaptureFile>> open_capture(const std::string& path, PathKind kind,
                                                  Reading reading) {
  const std::string name = path == "-" ? "standard input" : path;
  Descriptor file(open_path(path, kind));
  struct stat status {};
  if (file.get() < 0 || fstat(file.get(), &status) != 0) {
    return cannot_open(name, std::strerror(errno));
  }
  const bool regular = S_ISREG(status.st_mode);
  if (S_ISDIR(status.st_mode)) return cannot_open(name, std::strerror(EISDIR));
  if (!regular && kind == PathKind::regular_file) return cannot_open(name, "no regular file");
  // Standard input may be a file somebody has read a part of: only from its beginning is it mapped.
  const off_t begin = regular ? lseek(file.get(), 0, SEEK_CUR) : 0;
  if (begin < 0) return cannot_open(name, std::strerror(errno));
  const auto size = static_cast<uint64_t>(regular ? std::max<off_t>(status.st_size - begin, 0) : 0);
  if (reading == Reading::mapped && size > 0 && begin == 0) {
    std::array<uint8_t, kMagicOctets> magic{};
    const ssize_t count = pread(file.get(), magic.data(), magic.size(), 0);
    if (count < 0) return cannot_open(name, std::strerror(errno));
    if (!is_compressed({magic.data(), static_cast<size_t>(count)})) {
      if (auto window = make_mapped_window(file.get(), size)) {
        file.hand_over();
        return std::make_unique<CaptureFile>(name, std::move(window), size);
      }
    }
  }
  auto stream = open_stream(file.hand_over());
  if (!stream) return cannot_open(name, stream.error().message);
  return std::make_unique<CaptureFile>(name, make_stream_window(std::move(*stream)), size);
}

}  // namespace exwire::capture
