// SPDX-License-Identifier: BSD-3-Clause
// JSON into a fixed buffer, without a document tree and without allocation. Keys are literals of
// ours; values may be anything an attacker sends and always come out as valid JSON (RFC 8259):
// control characters are escaped, and no line break is ever written. An octet that is no UTF-8
// reads `\xNN`, as in Suricata and Zeek; a backslash that would read so in the text itself becomes
// `\x5c`, so that nothing is lost.
#pragma once

#include <array>
#include <cstdint>
#include <cstring>
#include <string_view>

#include "sensor/base/bytes.hpp"
#include "sensor/base/decimal.hpp"
#include "sensor/report/plain_text.hpp"
#include "sensor/report/timestamp_text.hpp"

namespace exwire::report {

/// Keys are words of ours that need no escapes. A literal is written by a copy of known size; one
/// that is known only at run time may be given as a text. Every member is written with the comma
/// behind it, which the end of its level takes back.
class JsonWriter {
  struct Unnamed {};

 public:
  /// One EVE line holds at most this many octets, the closing newline included.
  static constexpr size_t kMostLine = 9000;
  static constexpr size_t kMostValue = 2048;  ///< octets written of one text value

  void start() noexcept;
  /// Without a key: an element of a list, or the line itself.
  template <class Key = Unnamed>
  JsonWriter& object(const Key& key = {}) noexcept {
    return open(key, '{', '}');
  }
  template <class Key>
  JsonWriter& array(const Key& key) noexcept {
    return open(key, '[', ']');
  }
  JsonWriter& close() noexcept {
    if (skipped_depth_ > 0) [[unlikely]]
      return close_skipped();
    char* at = buffer_.data() + size_;
    if (at[-1] == ',') --at;
    *at = closers_[--depth_];
    end(at + 1);
    return *this;
  }
  template <class Key>
  JsonWriter& text(const Key& key, std::string_view value) noexcept {
    if (char* at = begin(key, kLeastText)) put_text(at, value);
    return *this;
  }
  template <class Key>
  JsonWriter& plain(const Key& key, PlainText value) noexcept {
    const std::string_view text = value.view();
    if (char* at = begin(key, text.size() + 2)) {
      at[0] = '"';
      std::memcpy(at + 1, text.data(), text.size());
      at[text.size() + 1] = '"';
      end(at + text.size() + 2);
    }
    return *this;
  }
  template <class Key>
  JsonWriter& time(const Key& key, TimestampText& text, Timestamp value) noexcept {
    if (char* at = begin(key, TimestampText::kOctets + 2)) {
      *at = '"';
      at = text.put(at + 1, value);
      *at = '"';
      end(at + 1);
    }
    return *this;
  }
  template <class Key>
  JsonWriter& number(const Key& key, int64_t value) noexcept {
    if (char* at = begin(key, kMostNumber)) put_number(at, value);
    return *this;
  }
  template <class Key>
  JsonWriter& unsigned_number(const Key& key, uint64_t value) noexcept {
    // Readers in JavaScript and Java lose what does not fit a signed 64-bit number.
    return number(key, static_cast<int64_t>(value & INT64_MAX));
  }
  template <class Key>
  JsonWriter& boolean(const Key& key, bool value) noexcept {
    const std::string_view word = value ? "true " : "false";
    if (char* at = begin(key, 5)) {
      std::memcpy(at, word.data(), 5);
      end(at + (value ? 4 : 5));
    }
    return *this;
  }
  /// A list of numbers of two or three octets each, in network order.
  template <class Key>
  JsonWriter& numbers(const Key& key, Bytes octets, uint32_t width) noexcept {
    array(key);
    put_numbers(octets, width);
    return close();
  }
  JsonWriter& element(std::string_view value) noexcept { return text(Unnamed{}, value); }
  JsonWriter& element(int64_t value) noexcept { return number(Unnamed{}, value); }

  /// Members as members_since() gave them, among others.
  JsonWriter& members(std::string_view written) noexcept;
  /// What was written behind the first `size` octets.
  std::string_view members_since(size_t size) const noexcept {
    return {buffer_.data() + size, size_ - size};
  }
  size_t size() const noexcept { return size_; }
  /// The finished line with its newline. All levels must be closed.
  std::string_view line() noexcept;
  /// Values that found no room and were left out.
  uint32_t left_out() const noexcept { return left_out_; }

 private:
  // Kept free for closing brackets, commas and the newline: a full line is still valid JSON.
  static constexpr size_t kReserve = 64, kFull = kMostLine - kReserve;
  static constexpr size_t kMostDepth = 16, kLeastText = 13, kMostNumber = kMostDecimals;

  // Where a member's value goes, behind its key; null when so many octets more do not fit.
  template <size_t kSize>
  char* begin(const char (&key)[kSize], size_t wanted) noexcept {
    constexpr size_t kKey = kSize - 1;
    if (size_ + kKey + 3 + wanted > limit_) return refuse();
    char* at = buffer_.data() + size_;
    at[0] = '"';
    std::memcpy(at + 1, key, kKey);
    at[kKey + 1] = '"';
    at[kKey + 2] = ':';
    return at + kKey + 3;
  }
  char* begin(std::string_view key, size_t wanted) noexcept;
  char* begin(Unnamed, size_t wanted) noexcept {
    if (size_ + wanted > limit_) return refuse();
    return buffer_.data() + size_;
  }
  [[gnu::cold]] char* refuse() noexcept;
  void end(char* at, char mark = ',') noexcept {
    *at = mark;
    size_ = static_cast<size_t>(at - buffer_.data()) + 1;
  }

  template <class Key>
  JsonWriter& open(const Key& key, char opener, char closer) noexcept {
    char* at = depth_ < kMostDepth ? begin(key, 2) : nullptr;
    if (at == nullptr) return skip_level();
    end(at, opener);
    closers_[depth_++] = closer;
    return *this;
  }
  [[gnu::cold]] JsonWriter& skip_level() noexcept;
  [[gnu::cold]] JsonWriter& close_skipped() noexcept;

  void put(std::string_view raw) noexcept;
  void put_text(char* at, std::string_view value) noexcept;
  void put_number(char* at, int64_t value) noexcept;
  void put_numbers(Bytes octets, uint32_t width) noexcept;
  void put_escaped(std::string_view value, size_t most) noexcept;

  std::array<char, kMostLine> buffer_;
  size_t size_ = 0, limit_ = kFull;  ///< the limit is 0 inside of what is left out
  std::array<char, kMostDepth> closers_{};
  size_t depth_ = 0, skipped_depth_ = 0;
  uint32_t left_out_ = 0;
};

}  // namespace exwire::report
