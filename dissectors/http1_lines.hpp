// SPDX-License-Identifier: BSD-3-Clause
// Lines out of octets that come in pieces. Remembers how far it has looked, so that a line arriving
// octet by octet is searched once. What is a line does not depend on how the octets were cut: the
// cap holds for whole lines as well.
#pragma once

#include <array>
#include <cstring>

#include "dissectors/api.hpp"
#include "dissectors/http1_text.hpp"

namespace exwire::http1 {

constexpr uint32_t kLongestLine = 65536;

struct Line {
  enum class State : uint8_t { whole, partial, too_long };
  State state = State::partial;
  bool folded = false;
  Bytes octets{};  ///< when whole: with its end
};

class LineFinder {
 public:
  void reset() noexcept { searched_ = 0; }

  Line next(Bytes in) noexcept {
    const uint32_t end = line_end(in, searched_);
    if (end == 0) return unfinished(in, std::min(in.size, kLongestLine));
    searched_ = 0;
    return {Line::State::whole, false, in.first(end)};
  }

  /// A line and those that continue it: whether the next one does shows with its first octet
  /// (obs-fold, RFC 9112 section 5.2). An empty line is never continued.
  Line next_field(Bytes in) noexcept {
    bool folded = false;
    uint32_t from = searched_;
    while (const uint32_t end = line_end(in, from)) {
      const bool blank = end == 1 || (end == 2 && in[0] == '\r');
      if (!blank && (end == in.size || end == kLongestLine)) return unfinished(in, end - 1);
      if (blank || (in[end] != ' ' && in[end] != '\t')) {
        // What an earlier look has passed over may have been folded too.
        folded = folded || (searched_ > 0 && std::memchr(in.data, '\n', end - 1) != nullptr);
        searched_ = 0;
        return {Line::State::whole, folded, in.first(end)};
      }
      folded = true;
      from = end;
    }
    return unfinished(in, std::min(in.size, kLongestLine));
  }

 private:
  /// One past the next line feed at or after `from`; 0 without one.
  static uint32_t line_end(Bytes in, uint32_t from) noexcept {
    const uint32_t limit = std::min(in.size, kLongestLine);
    if (from >= limit) return 0;
    const void* found = std::memchr(in.data + from, '\n', limit - from);
    return found == nullptr
               ? 0
               : static_cast<uint32_t>(static_cast<const uint8_t*>(found) - in.data) + 1;
  }
  Line unfinished(Bytes in, uint32_t searched) noexcept {
    const bool full = in.size >= kLongestLine;
    searched_ = full ? 0 : searched;
    return {full ? Line::State::too_long : Line::State::partial, false, {}};
  }

  uint32_t searched_ = 0;
};

/// The value of a folded field: a line end and the white space after it count as one space (RFC
/// 9112 section 5.2). Points into a buffer of this thread, until the next call.
inline std::string_view unfolded(std::string_view value) noexcept {
  static thread_local std::array<char, kLongestLine> buffer;
  size_t size = 0;
  while (!value.empty()) {
    const std::string_view line = trim(next_part(value, '\n'));
    if (size > 0 && !line.empty()) buffer[size++] = ' ';
    if (!line.empty()) std::memcpy(buffer.data() + size, line.data(), line.size());
    size += line.size();
  }
  return {buffer.data(), size};
}

}  // namespace exwire::http1
