// SPDX-License-Identifier: BSD-3-Clause
#include "sensor/capture/octet_stream.hpp"

#include <unistd.h>
#include <zlib.h>
#include <zstd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <vector>

namespace exwire::capture {
namespace {

constexpr size_t kInput = 256 * 1024;
constexpr int kZstdWindowLog = 26;  // 64 MiB: what a decompressor may be asked to remember

Error cannot(ErrorCode code, const std::string& name, const std::string& why) {
  return {code, name + ": " + why};
}

/// The plain octets of a descriptor; those read ahead to tell the format come first.
class Plain final : public OctetStream {
 public:
  Plain(int descriptor, std::string name, std::vector<uint8_t> ahead)
      : descriptor_(descriptor), name_(std::move(name)), ahead_(std::move(ahead)) {}
  Plain(const Plain&) = delete;
  Plain& operator=(const Plain&) = delete;
  ~Plain() override { close(descriptor_); }

  Result<size_t> read(uint8_t* to, size_t most) override {
    if (given_ < ahead_.size()) {
      const size_t part = std::min(most, ahead_.size() - given_);
      std::memcpy(to, ahead_.data() + given_, part);
      given_ += part;
      return part;
    }
    while (true) {
      const ssize_t count = ::read(descriptor_, to, most);
      if (count >= 0) return static_cast<size_t>(count);
      if (errno != EINTR) return cannot(ErrorCode::cannot_open, name_, std::strerror(errno));
    }
  }

 private:
  int descriptor_;
  std::string name_;
  std::vector<uint8_t> ahead_;
  size_t given_ = 0;
};

/// What both decompressors share: a buffer of compressed octets.
class Compressed : public OctetStream {
 public:
  Compressed(std::unique_ptr<OctetStream> from, std::string name)
      : name_(std::move(name)), from_(std::move(from)), input_(kInput) {}

 protected:
  /// False at the end of the compressed octets.
  Result<bool> refill() {
    const Result<size_t> count = from_->read(input_.data(), input_.size());
    if (!count) return count.error();
    size_ = *count;
    at_ = 0;
    return size_ > 0;
  }
  std::string name_;
  std::unique_ptr<OctetStream> from_;
  std::vector<uint8_t> input_;
  size_t at_ = 0, size_ = 0;
};

class Gzip final : public Compressed {
 public:
  Gzip(std::unique_ptr<OctetStream> from, std::string name)
      : Compressed(std::move(from), std::move(name)) {
    constexpr int kGzipOnly = 16 + MAX_WBITS;
    ready_ = inflateInit2(&state_, kGzipOnly) == Z_OK;
  }
  ~Gzip() override {
    if (ready_) inflateEnd(&state_);
  }

  Result<size_t> read(uint8_t* to, size_t most) override {
    if (!ready_) return cannot(ErrorCode::cannot_open, name_, "no memory to decompress");
    while (true) {
      if (at_ == size_) {
        const Result<bool> more = refill();
        if (!more) return more.error();
        if (!*more) {
          if (between_members_) return size_t{0};
          return cannot(ErrorCode::truncated, name_, "compressed data ends too early");
        }
      }
      between_members_ = false;
      state_.next_in = input_.data() + at_;
      state_.avail_in = static_cast<uInt>(size_ - at_);
      state_.next_out = to;
      state_.avail_out = static_cast<uInt>(std::min<size_t>(most, 1U << 30));
      const uInt wanted = state_.avail_out;
      const int status = inflate(&state_, Z_NO_FLUSH);
      at_ = size_ - state_.avail_in;
      if (status == Z_STREAM_END) {
        between_members_ = true;
        inflateReset(&state_);
      } else if (status != Z_OK && status != Z_BUF_ERROR) {
        return cannot(ErrorCode::damaged, name_, "compressed data is damaged");
      }
      if (state_.avail_out < wanted) return size_t{wanted - state_.avail_out};
    }
  }

 private:
  z_stream state_{};
  bool ready_ = false, between_members_ = false;
};

class Zstandard final : public Compressed {
 public:
  Zstandard(std::unique_ptr<OctetStream> from, std::string name)
      : Compressed(std::move(from), std::move(name)), state_(ZSTD_createDCtx()) {
    if (state_) ZSTD_DCtx_setParameter(state_.get(), ZSTD_d_windowLogMax, kZstdWindowLog);
  }

  Result<size_t> read(uint8_t* to, size_t most) override {
    if (!state_) return cannot(ErrorCode::cannot_open, name_, "no memory to decompress");
    while (true) {
      if (at_ == size_ && !output_waits_) {
        const Result<bool> more = refill();
        if (!more) return more.error();
        if (!*more) {
          if (between_frames_) return size_t{0};
          return cannot(ErrorCode::truncated, name_, "compressed data ends too early");
        }
      }
      ZSTD_inBuffer in{input_.data(), size_, at_};
      ZSTD_outBuffer out{to, most, 0};
      const size_t left = ZSTD_decompressStream(state_.get(), &out, &in);
      if (ZSTD_isError(left)) {
        return cannot(ErrorCode::damaged, name_,
                      std::string("compressed data is damaged: ") + ZSTD_getErrorName(left));
      }
      at_ = in.pos;
      between_frames_ = left == 0;
      output_waits_ = out.pos == out.size;
      if (out.pos > 0) return out.pos;
      output_waits_ = false;
    }
  }

 private:
  struct Free {
    void operator()(ZSTD_DCtx* state) const noexcept { ZSTD_freeDCtx(state); }
  };
  std::unique_ptr<ZSTD_DCtx, Free> state_;
  bool between_frames_ = false, output_waits_ = false;
};

bool is_gzip(const uint8_t* octets, size_t size) noexcept {
  return size >= 2 && octets[0] == 0x1f && octets[1] == 0x8b;
}

bool is_zstandard(const uint8_t* octets, size_t size) noexcept {
  return size >= 4 && octets[0] == 0x28 && octets[1] == 0xb5 && octets[2] == 0x2f &&
         octets[3] == 0xfd;
}

}  // namespace

bool is_compressed(const uint8_t* octets, size_t size) noexcept {
  return is_gzip(octets, size) || is_zstandard(octets, size);
}

Result<std::unique_ptr<OctetStream>> open_stream(int descriptor, const std::string& name) {
  auto plain = std::make_unique<Plain>(descriptor, name, std::vector<uint8_t>{});
  std::vector<uint8_t> ahead(4);
  size_t have = 0;
  while (have < ahead.size()) {
    const Result<size_t> count = plain->read(ahead.data() + have, ahead.size() - have);
    if (!count) return count.error();
    if (*count == 0) break;
    have += *count;
  }
  ahead.resize(have);
  const bool gzip = is_gzip(ahead.data(), have), zstandard = is_zstandard(ahead.data(), have);
  // The descriptor changes owner: a copy keeps it open when the first owner lets go.
  const int copy = dup(descriptor);
  if (copy < 0) return cannot(ErrorCode::cannot_open, name, std::strerror(errno));
  auto all = std::make_unique<Plain>(copy, name, std::move(ahead));
  if (gzip) return std::unique_ptr<OctetStream>(std::make_unique<Gzip>(std::move(all), name));
  if (zstandard) {
    return std::unique_ptr<OctetStream>(std::make_unique<Zstandard>(std::move(all), name));
  }
  return std::unique_ptr<OctetStream>(std::move(all));
}

}  // namespace exwire::capture
