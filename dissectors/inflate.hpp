// SPDX-License-Identifier: BSD-3-Clause
// Bodies with Content-Encoding gzip or deflate (RFC 1950, RFC 1952), unpacked piece by piece into a
// buffer of fixed size. zlib allocates once per object; begin() reuses what it holds.
#pragma once

#include <zlib.h>

#include <array>

#include "dissectors/api.hpp"

namespace exwire {

class Inflater {
 public:
  /// What zlib holds of each, by its own account (zconf.h): the window and some 7 KiB.
  static constexpr uint32_t kHeldOctets = (1U << MAX_WBITS) + (7U << 10);

  Inflater() noexcept = default;
  Inflater(const Inflater&) = delete;
  Inflater& operator=(const Inflater&) = delete;
  ~Inflater() {
    if (ready_) inflateEnd(&stream_);
  }

  /// A new body; its first octets tell which of the two formats it has.
  void begin() noexcept {
    constexpr int kEitherFormat = MAX_WBITS + 32;
    over_ = false;
    if (ready_) {
      over_ = inflateReset(&stream_) != Z_OK;
    } else {
      ready_ = inflateInit2(&stream_, kEitherFormat) == Z_OK;
      over_ = !ready_;
    }
  }
  /// Hands what `octets` unpack to on to `take`, which says whether it wants more. False when
  /// nothing more will come: the body is whole, broken, or `take` has had enough.
  template <class Take>
  bool feed(Bytes octets, Take take) noexcept {
    // zlib does not write through next_in, but old declarations lack the const.
    stream_.next_in = const_cast<Bytef*>(octets.data);
    stream_.avail_in = octets.size;
    while (!over_) {
      std::array<uint8_t, 4096> out;
      stream_.next_out = out.data();
      stream_.avail_out = static_cast<uInt>(out.size());
      const int result = inflate(&stream_, Z_NO_FLUSH);
      const auto made = static_cast<uint32_t>(out.size() - stream_.avail_out);
      const bool wanted = made == 0 || take(Bytes{out.data(), made});
      over_ = !wanted || (result != Z_OK && result != Z_BUF_ERROR);
      if (!over_ && stream_.avail_out > 0) return true;  // all input is used up
    }
    return false;
  }

 private:
  z_stream stream_{};
  bool ready_ = false, over_ = true;
};

}  // namespace exwire
