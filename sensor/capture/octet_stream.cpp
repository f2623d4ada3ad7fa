// SPDX-License-Identifier: BSD-3-Clause
// Reading descriptors and decompressing. What was decompressed before a damaged place is given out
// first, the error comes with the next read. A decompressor remembers at most 64 MiB.
#include "sensor/capture/octet_stream.hpp"

#include <unistd.h>
#include <zlib.h>
#include <zstd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <optional>
#include <string>
#include <vector>

namespace exwire::capture {
namespace {

constexpr size_t kInput = 256 * 1024;
constexpr int kZstdWindowLog = 26;  // 64 MiB

class Plain final : public OctetStream {
 public:
  explicit Plain(int descriptor) noexcept : descriptor_(descriptor) {}
  Plain(const Plain&) = delete;
  Plain& operator=(const Plain&) = delete;
  ~Plain() override { close(descriptor_); }

  Result<size_t> read(uint8_t* to, size_t most) override {
    while (true) {
      const ssize_t count = ::read(descriptor_, to, most);
      if (count >= 0) {
        taken_ += static_cast<uint64_t>(count);
        return static_cast<size_t>(count);
      }
      if (errno != EINTR) return Error{ErrorCode::cannot_open, std::strerror(errno)};
    }
  }
  uint64_t taken() const override { return taken_; }

 private:
  int descriptor_;
  uint64_t taken_ = 0;
};

/// A stream of which some octets were read ahead to tell its form.
class Rejoined final : public OctetStream {
 public:
  Rejoined(std::vector<uint8_t> ahead, std::unique_ptr<OctetStream> rest)
      : ahead_(std::move(ahead)), rest_(std::move(rest)) {}
  Result<size_t> read(uint8_t* to, size_t most) override {
    if (given_ == ahead_.size()) return rest_->read(to, most);
    const size_t part = std::min(most, ahead_.size() - given_);
    std::memcpy(to, ahead_.data() + given_, part);
    given_ += part;
    return part;
  }
  uint64_t taken() const override { return rest_->taken(); }

 private:
  std::vector<uint8_t> ahead_;
  std::unique_ptr<OctetStream> rest_;
  size_t given_ = 0;
};

/// What both decompressors share: a buffer of compressed octets, and an error that waits.
class Compressed : public OctetStream {
 public:
  explicit Compressed(std::unique_ptr<OctetStream> from) : from_(std::move(from)), input_(kInput) {}
  uint64_t taken() const override { return from_->taken(); }

  Result<size_t> read(uint8_t* to, size_t most) final {
    while (!error_) {
      if (at_ == size_ && !output_waits_) {
        const Result<size_t> count = from_->read(input_.data(), input_.size());
        if (!count) {
          error_ = count.error();
          break;
        }
        size_ = *count;
        at_ = 0;
        if (size_ == 0) {
          if (between_parts_) return size_t{0};
          error_ = Error{ErrorCode::truncated, "compressed data ends too early"};
          break;
        }
      }
      if (const size_t made = decompress(to, most)) return made;
    }
    return *error_;
  }

 protected:
  /// Some octets, or none when more input is needed or error_ is set.
  virtual size_t decompress(uint8_t* to, size_t most) = 0;
  std::span<const uint8_t> input() const noexcept { return {input_.data() + at_, size_ - at_}; }
  void used(size_t count) noexcept { at_ += count; }
  void damaged(const char* how) {
    error_ = Error{ErrorCode::damaged, std::string("compressed data is damaged: ") + how};
  }

  bool between_parts_ = false;  ///< members or frames: here the data may end
  bool output_waits_ = false;   ///< more may come without further input

 private:
  std::unique_ptr<OctetStream> from_;
  std::vector<uint8_t> input_;
  size_t at_ = 0, size_ = 0;
  std::optional<Error> error_;
};

class Gzip final : public Compressed {
 public:
  explicit Gzip(std::unique_ptr<OctetStream> from) : Compressed(std::move(from)) {
    constexpr int kGzipOnly = 16 + MAX_WBITS;
    if (inflateInit2(&state_, kGzipOnly) != Z_OK) throw std::bad_alloc();
  }
  Gzip(const Gzip&) = delete;
  Gzip& operator=(const Gzip&) = delete;
  ~Gzip() override { inflateEnd(&state_); }

 private:
  size_t decompress(uint8_t* to, size_t most) override {
    const std::span<const uint8_t> in = input();
    state_.next_in = const_cast<uint8_t*>(in.data());  // zlib does not write there
    state_.avail_in = static_cast<uInt>(in.size());
    state_.next_out = to;
    state_.avail_out = static_cast<uInt>(std::min<size_t>(most, 1U << 30));
    const uInt room = state_.avail_out;
    between_parts_ = false;
    const int status = inflate(&state_, Z_NO_FLUSH);
    used(in.size() - state_.avail_in);
    output_waits_ = state_.avail_out == 0;
    if (status == Z_STREAM_END) {
      between_parts_ = true;
      output_waits_ = false;
      inflateReset(&state_);
    } else if (status != Z_OK && status != Z_BUF_ERROR) {
      damaged(state_.msg != nullptr ? state_.msg : "not gzip");
    }
    return room - state_.avail_out;
  }

  z_stream state_{};
};

class Zstandard final : public Compressed {
 public:
  explicit Zstandard(std::unique_ptr<OctetStream> from)
      : Compressed(std::move(from)), state_(ZSTD_createDCtx()) {
    if (!state_) throw std::bad_alloc();
    ZSTD_DCtx_setParameter(state_.get(), ZSTD_d_windowLogMax, kZstdWindowLog);
    wanted_ = ZSTD_initDStream(state_.get());
  }

 private:
  struct Free {
    void operator()(ZSTD_DCtx* state) const noexcept { ZSTD_freeDCtx(state); }
  };

  size_t decompress(uint8_t* to, size_t most) override {
    // No more than the block it asks for: output of good blocks would be lost with that of a bad
    // one behind them in the same call.
    const std::span<const uint8_t> at_hand = input();
    ZSTD_inBuffer in{at_hand.data(), std::min(at_hand.size(), std::max<size_t>(wanted_, 1)), 0};
    ZSTD_outBuffer out{to, most, 0};
    const size_t left = ZSTD_decompressStream(state_.get(), &out, &in);
    if (ZSTD_isError(left)) {
      damaged(ZSTD_getErrorName(left));
      return 0;
    }
    used(in.pos);
    wanted_ = left;
    between_parts_ = left == 0;
    output_waits_ = left != 0 && out.pos == out.size;
    return out.pos;
  }

  std::unique_ptr<ZSTD_DCtx, Free> state_;
  size_t wanted_ = 0;
};

bool is_gzip(std::span<const uint8_t> octets) noexcept {
  return octets.size() >= 2 && octets[0] == 0x1f && octets[1] == 0x8b;
}

bool is_zstandard(std::span<const uint8_t> octets) noexcept {
  if (octets.size() < 4) return false;
  const uint32_t magic = static_cast<uint32_t>(octets[0]) | static_cast<uint32_t>(octets[1]) << 8 |
                         static_cast<uint32_t>(octets[2]) << 16 |
                         static_cast<uint32_t>(octets[3]) << 24;
  // pzstd puts a skippable frame in front.
  return magic == ZSTD_MAGICNUMBER ||
         (magic & ZSTD_MAGIC_SKIPPABLE_MASK) == ZSTD_MAGIC_SKIPPABLE_START;
}

}  // namespace

bool is_compressed(std::span<const uint8_t> octets) noexcept {
  return is_gzip(octets) || is_zstandard(octets);
}

Result<std::unique_ptr<OctetStream>> decompressed(std::unique_ptr<OctetStream> stream) {
  std::vector<uint8_t> ahead(4);
  size_t have = 0;
  while (have < ahead.size()) {
    const Result<size_t> count = stream->read(ahead.data() + have, ahead.size() - have);
    if (!count) return count.error();
    if (*count == 0) break;
    have += *count;
  }
  ahead.resize(have);
  const bool gzip = is_gzip(ahead), zstandard = is_zstandard(ahead);
  std::unique_ptr<OctetStream> whole =
      std::make_unique<Rejoined>(std::move(ahead), std::move(stream));
  if (gzip) return std::make_unique<Gzip>(std::move(whole));
  if (zstandard) return std::make_unique<Zstandard>(std::move(whole));
  return whole;
}

Result<std::unique_ptr<OctetStream>> open_stream(int descriptor) {
  return decompressed(std::make_unique<Plain>(descriptor));
}

}  // namespace exwire::capture
