// SPDX-License-Identifier: BSD-3-Clause
// Windows over maps, memory and streams. Pages of a map behind the reader are given back in large
// steps, so that the peak of resident memory speaks of state, not of the file; the last 32 MiB
// always stay. The buffer of a stream never grows: no parser needs more than it holds.
#include "sensor/capture/octet_window.hpp"

#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cstring>

#include "sensor/capture/format.hpp"
#include "sensor/capture/map_guard.hpp"

namespace exwire::capture {
namespace {

class Memory final : public OctetWindow {
 public:
  explicit Memory(std::span<const uint8_t> octets) : octets_(octets) {}
  Refill refill(std::span<const uint8_t>& unread) override {
    if (given_) return Refill::end;
    given_ = true;
    unread = octets_;
    return Refill::grown;
  }

 private:
  std::span<const uint8_t> octets_;
  bool given_ = false;
};

class Mapped final : public OctetWindow {
 public:
  Mapped(uint8_t* data, uint64_t size, int descriptor)
      : data_(data), size_(size), descriptor_(descriptor), guard_(data, size) {}
  Mapped(const Mapped&) = delete;
  Mapped& operator=(const Mapped&) = delete;
  ~Mapped() override {
    guard_.release();  // before the addresses can become somebody else's
    munmap(data_, size_);
    close(descriptor_);
  }

  Refill refill(std::span<const uint8_t>& unread) override {
    if (given_) return Refill::end;
    given_ = true;
    unread = {data_, size_};
    return Refill::grown;
  }

  bool passed(uint64_t position) override {
    while (position - given_back_ >= 2 * kStep) {
      madvise(data_ + given_back_, kStep, MADV_DONTNEED);
      given_back_ += kStep;
    }
    struct stat status {};
    const bool shorter =
        fstat(descriptor_, &status) == 0 && static_cast<uint64_t>(status.st_size) < size_;
    if (!shorter && !guard_.hit()) return true;
    error_ = {ErrorCode::truncated, shorter ? "the file was shortened while it was read"
                                            : "the file could not be read from its disk"};
    return false;
  }
  bool broken() const noexcept override { return guard_.hit(); }

 private:
  static constexpr uint64_t kStep = uint64_t{32} << 20;

  uint8_t* data_;
  uint64_t size_;
  int descriptor_;
  MapGuard guard_;
  uint64_t given_back_ = 0;
  bool given_ = false;
};

class Streamed final : public OctetWindow {
 public:
  explicit Streamed(std::unique_ptr<OctetStream> stream)
      : stream_(std::move(stream)), buffer_(std::make_unique_for_overwrite<uint8_t[]>(kBuffer)) {}

  Refill refill(std::span<const uint8_t>& unread) override {
    if (ended_) return Refill::end;
    // Little is moved to the front, too, so that the same octets of the cache are filled each time.
    if (unread.size() <= kLittle || kBuffer - end_ < kMostRead) {
      if (!unread.empty()) std::memmove(buffer_.get(), unread.data(), unread.size());
      end_ = unread.size();
    }
    const Result<size_t> count =
        stream_->read(buffer_.get() + end_, std::min(kBuffer - end_, kMostRead));
    if (!count) {
      error_ = count.error();
      return Refill::failed;
    }
    ended_ = *count == 0;
    end_ += *count;
    unread = {buffer_.get() + end_ - *count - unread.size(), unread.size() + *count};
    return ended_ ? Refill::end : Refill::grown;
  }
  bool moves() const noexcept override { return true; }
  uint64_t file_position(uint64_t) const override { return stream_->taken(); }

 private:
  static constexpr size_t kMostRead = size_t{256} << 10, kBuffer = kMostNeeded + 2 * kMostRead;
  static constexpr size_t kLittle = size_t{4} << 10;

  std::unique_ptr<OctetStream> stream_;
  std::unique_ptr<uint8_t[]> buffer_;
  size_t end_ = 0;
  bool ended_ = false;
};

}  // namespace

std::unique_ptr<OctetWindow> make_memory_window(std::span<const uint8_t> octets) {
  return std::make_unique<Memory>(octets);
}

std::unique_ptr<OctetWindow> make_mapped_window(int descriptor, uint64_t size) {
  void* data = mmap(nullptr, size, PROT_READ, MAP_PRIVATE, descriptor, 0);
  if (data == MAP_FAILED) return nullptr;
  madvise(data, size, MADV_SEQUENTIAL);
  return std::make_unique<Mapped>(static_cast<uint8_t*>(data), size, descriptor);
}

std::unique_ptr<OctetWindow> make_stream_window(std::unique_ptr<OctetStream> stream) {
  return std::make_unique<Streamed>(std::move(stream));
}

}  // namespace exwire::capture
