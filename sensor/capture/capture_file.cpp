// SPDX-License-Identifier: BSD-3-Clause
#include "sensor/capture/capture_file.hpp"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <span>

namespace exwire::capture {
namespace {

std::string place(const std::string& name, uint64_t packet, uint64_t offset) {
  return name + ": packet " + std::to_string(packet) + ", octet " + std::to_string(offset);
}

/// What mapped and streamed files share: numbering, failures, the parser.
class Numbered : public CaptureFile {
 public:
  explicit Numbered(std::string name) : name_(std::move(name)) {}
  bool held() const override { return held_; }
  const std::optional<Error>& failure() const override { return failure_; }
  uint64_t cut_by_snaplen() const override { return parser_ ? parser_->cut_by_snaplen() : 0; }
  uint64_t odd_times() const override { return parser_ ? parser_->odd_times() : 0; }

 protected:
  enum class Outcome : uint8_t { frame, skipped, need_more, over };

  /// One step over `octets`, which begin at `offset` of the file.
  Outcome parse(std::span<const uint8_t> octets, uint64_t offset, Frame& frame,
                uint64_t& consumed) {
    if (!parser_) {
      if (octets.size() < kMagicOctets) return Outcome::need_more;
      parser_ = parser_for(octets);
      if (!parser_) {
        failure_ = Error{ErrorCode::not_capture, name_ + ": neither pcap nor pcapng"};
        return Outcome::over;
      }
    }
    switch (parser_->step(octets, frame, consumed)) {
      case FormatParser::Step::frame:
        frame.number = ++packets_;
        return Outcome::frame;
      case FormatParser::Step::skipped:
        return Outcome::skipped;
      case FormatParser::Step::need_more:
        return Outcome::need_more;
      default:
        failure_ = Error{parser_->failure().code,
                         place(name_, packets_ + 1, offset) + ": " + parser_->failure().what};
        return Outcome::over;
    }
  }
  /// The octets end at `offset`, `left` of them unread.
  void finish(uint64_t offset, uint64_t left) {
    if (!parser_) {
      failure_ = Error{left == 0 && offset == 0 ? ErrorCode::truncated : ErrorCode::not_capture,
                       name_ + ": too short to be a capture"};
    } else if (left > 0) {
      failure_ = Error{ErrorCode::truncated,
                       place(name_, packets_ + 1, offset) + ": the file ends within this record"};
    }
  }

  std::string name_;
  std::unique_ptr<FormatParser> parser_;
  std::optional<Error> failure_;
  uint64_t packets_ = 0;
  bool held_ = false;
};

/// A file in the address space. Pages behind the cursor are given back in large steps, so that the
/// peak of resident memory speaks of state, not of the file.
class Mapped final : public Numbered {
 public:
  Mapped(std::string name, const uint8_t* data, uint64_t size, int descriptor)
      : Numbered(std::move(name)), data_(data), size_(size), descriptor_(descriptor) {}
  Mapped(const Mapped&) = delete;
  Mapped& operator=(const Mapped&) = delete;
  ~Mapped() override {
    munmap(const_cast<uint8_t*>(data_), size_);
    close(descriptor_);
  }

  bool next(Frame& frame, bool hold) override {
    if (!hold) give_back();
    while (!failure_) {
      if (at_ >= checked_ && !still_there()) break;
      uint64_t consumed = 0;
      const uint64_t before = at_;
      const Outcome outcome = parse({data_ + at_, size_ - at_}, at_, frame, consumed);
      if (outcome == Outcome::over) break;
      if (outcome == Outcome::need_more) {
        if (!finished_) finish(before, size_ - before);
        finished_ = true;
        break;
      }
      at_ += consumed;
      if (outcome == Outcome::frame) return true;
    }
    return false;
  }
  uint64_t position() const override { return at_; }
  uint64_t size() const override { return size_; }

 private:
  static constexpr uint64_t kStep = uint64_t{32} << 20;

  // A file that somebody shortens would end us with a signal: its size is looked at now and then.
  bool still_there() {
    struct stat status {};
    if (fstat(descriptor_, &status) == 0 && static_cast<uint64_t>(status.st_size) < size_) {
      failure_ = Error{ErrorCode::truncated,
                       place(name_, packets_ + 1, at_) + ": the file was shortened meanwhile"};
      return false;
    }
    checked_ = at_ + (uint64_t{1} << 20);
    return true;
  }
  void give_back() {
    if (at_ - given_back_ < 2 * kStep) return;
    madvise(const_cast<uint8_t*>(data_) + given_back_, kStep, MADV_DONTNEED);
    given_back_ += kStep;
  }

  const uint8_t* data_;
  uint64_t size_;
  int descriptor_;
  uint64_t at_ = 0, given_back_ = 0, checked_ = 0;
  bool finished_ = false;
};

/// A bounded buffer over a stream. It grows only to hold one record.
class Streamed final : public Numbered {
 public:
  Streamed(std::string name, std::unique_ptr<OctetStream> stream)
      : Numbered(std::move(name)), stream_(std::move(stream)), buffer_(kBuffer) {}

  bool next(Frame& frame, bool hold) override {
    held_ = false;
    while (!failure_) {
      uint64_t consumed = 0;
      const Outcome outcome =
          parse({buffer_.data() + begin_, end_ - begin_}, offset_, frame, consumed);
      if (outcome == Outcome::over) break;
      if (outcome == Outcome::need_more) {
        if (ended_) {
          if (!finished_) finish(offset_, end_ - begin_);
          finished_ = true;
          break;
        }
        if (hold) {
          held_ = true;
          break;
        }
        refill();
        continue;
      }
      begin_ += consumed;
      offset_ += consumed;
      if (outcome == Outcome::frame) return true;
    }
    return false;
  }
  uint64_t position() const override { return offset_; }
  uint64_t size() const override { return 0; }

 private:
  static constexpr size_t kBuffer = size_t{4} << 20;
  static constexpr size_t kMostBuffer = size_t{256} << 20;  // the largest block worth waiting for

  void refill() {
    if (begin_ > 0) std::memmove(buffer_.data(), buffer_.data() + begin_, end_ - begin_);
    end_ -= begin_;
    begin_ = 0;
    if (end_ == buffer_.size()) {
      if (buffer_.size() >= kMostBuffer) {
        failure_ = Error{ErrorCode::damaged,
                         place(name_, packets_ + 1, offset_) + ": a record of more than 256 MiB"};
        return;
      }
      buffer_.resize(2 * buffer_.size());
    }
    const Result<size_t> count = stream_->read(buffer_.data() + end_, buffer_.size() - end_);
    if (!count) {
      failure_ = Error{count.error().code,
                       place(name_, packets_ + 1, offset_) + ": " + count.error().message};
    } else {
      end_ += *count;
      ended_ = *count == 0;
    }
  }

  std::unique_ptr<OctetStream> stream_;
  std::vector<uint8_t> buffer_;
  size_t begin_ = 0, end_ = 0;
  uint64_t offset_ = 0;
  bool ended_ = false, finished_ = false;
};

/// Octets in memory, given in chunks.
class Memory final : public OctetStream {
 public:
  Memory(std::vector<uint8_t> octets, size_t chunk) : octets_(std::move(octets)), chunk_(chunk) {}
  Result<size_t> read(uint8_t* to, size_t most) override {
    const size_t part = std::min({most, chunk_, octets_.size() - at_});
    if (part > 0) std::memcpy(to, octets_.data() + at_, part);
    at_ += part;
    return part;
  }

 private:
  std::vector<uint8_t> octets_;
  size_t chunk_, at_ = 0;
};

Error cannot_open(const std::string& path, int error) {
  return {ErrorCode::cannot_open, path + ": " + std::strerror(error)};
}

}  // namespace

Result<std::unique_ptr<CaptureFile>> open_capture(const std::string& path) {
  const bool standard_input = path == "-";
  const std::string name = standard_input ? "standard input" : path;
  const int descriptor =
      standard_input ? dup(STDIN_FILENO) : open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (descriptor < 0) return cannot_open(name, errno);
  struct stat status {};
  if (fstat(descriptor, &status) != 0 || S_ISDIR(status.st_mode)) {
    const int error = S_ISDIR(status.st_mode) ? EISDIR : errno;
    close(descriptor);
    return cannot_open(name, error);
  }
  uint8_t magic[4]{};
  const bool mappable = S_ISREG(status.st_mode) && status.st_size > 0 &&
                        lseek(descriptor, 0, SEEK_CUR) == 0 &&
                        !is_compressed(magic, static_cast<size_t>(std::max<ssize_t>(
                                                  0, pread(descriptor, magic, sizeof magic, 0))));
  if (mappable) {
    const auto size = static_cast<uint64_t>(status.st_size);
    void* data = mmap(nullptr, size, PROT_READ, MAP_PRIVATE, descriptor, 0);
    if (data != MAP_FAILED) {
      madvise(data, size, MADV_SEQUENTIAL);
      return std::unique_ptr<CaptureFile>(
          std::make_unique<Mapped>(name, static_cast<const uint8_t*>(data), size, descriptor));
    }
  }
  auto stream = open_stream(descriptor, name);
  if (!stream) return stream.error();
  return std::unique_ptr<CaptureFile>(std::make_unique<Streamed>(name, std::move(*stream)));
}

std::unique_ptr<CaptureFile> capture_in_memory(std::vector<uint8_t> octets, std::string name) {
  const size_t all = std::max<size_t>(octets.size(), 1);
  return std::make_unique<Streamed>(std::move(name),
                                    std::make_unique<Memory>(std::move(octets), all));
}

std::unique_ptr<CaptureFile> capture_as_stream(std::vector<uint8_t> octets, std::string name,
                                               size_t chunk) {
  return std::make_unique<Streamed>(std::move(name),
                                    std::make_unique<Memory>(std::move(octets), chunk));
}

}  // namespace exwire::capture
