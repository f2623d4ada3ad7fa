// SPDX-License-Identifier: BSD-3-Clause
// JSON into a fixed buffer, without a document tree and without allocation. Keys are literals of
// ours; values may be anything an attacker sends and always come out as valid JSON (RFC 8259):
// control characters are escaped, and no line break is ever written. An octet that is no UTF-8
// reads `\xNN`, as in Suricata and Zeek; a backslash that would read so in the text itself becomes
// `\x5c`, so that nothing is lost.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>

#include "sensor/base/bytes.hpp"

namespace exwire::report {

class JsonWriter {
 public:
  /// One EVE line holds at most this many octets, the closing newline included.
  static constexpr size_t kMostLine = 9000;
  static constexpr size_t kMostValue = 2048;  ///< octets written of one text value

  void start() noexcept;
  /// Keys without octets of their own (`{}`): an element of a list.
  JsonWriter& object(std::string_view key = {}) noexcept;
  JsonWriter& array(std::string_view key = {}) noexcept;
  JsonWriter& close() noexcept;
  JsonWriter& text(std::string_view key, std::string_view value) noexcept;
  JsonWriter& element(std::string_view value) noexcept;
  JsonWriter& element(int64_t value) noexcept;
  /// A list of numbers of `width` octets each (at most four), in network order.
  JsonWriter& numbers(std::string_view key, Bytes octets, uint32_t width) noexcept;
  JsonWriter& number(std::string_view key, int64_t value) noexcept;
  JsonWriter& unsigned_number(std::string_view key, uint64_t value) noexcept;
  JsonWriter& boolean(std::string_view key, bool value) noexcept;
  /// Members as members_since() gave them, behind others.
  JsonWriter& members(std::string_view written) noexcept;
  /// What was written behind the first `size` octets, without the comma before it.
  std::string_view members_since(size_t size) const noexcept {
    return {buffer_.data() + size + 1, size_ - size - 1};
  }
  size_t size() const noexcept { return size_; }
  /// The finished line with its newline. All levels must be closed.
  std::string_view line() noexcept;
  /// Values that found no room and were left out.
  uint32_t left_out() const noexcept { return left_out_; }

 private:
  // Kept free for the closing brackets, so that a full line is still valid JSON.
  static constexpr size_t kReserve = 64;
  static constexpr size_t kMostDepth = 16;

  bool open_member(std::string_view key, size_t room) noexcept;
  void put(std::string_view raw) noexcept;
  void put(char octet) noexcept { buffer_[size_++] = octet; }
  size_t put_escaped(std::string_view value, size_t room) noexcept;
  // None is left when closing brackets have gone into the reserve.
  size_t room() const noexcept {
    constexpr size_t kFull = kMostLine - kReserve;
    return size_ < kFull ? kFull - size_ : 0;
  }

  std::array<char, kMostLine> buffer_;
  size_t size_ = 0;
  std::array<char, kMostDepth> closers_{};
  size_t depth_ = 0, skipped_depth_ = 0;
  bool first_ = true;
  uint32_t left_out_ = 0;
};

}  // namespace exwire::report
