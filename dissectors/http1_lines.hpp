// SPDX-License-Identifier: BSD-3-Clause
// Lines out of octets that come in pieces. Remembers how far it has looked, so that a line arriving
// octet by octet is searched once. What is a line does not depend on how the octets were cut: the
// cap holds for whole lines as well.
#pragma once

#include <array>
#include <bit>
#include <cstring>

#ifdef __SSE2__
#include <emmintrin.h>
#endif

#include "dissectors/api.hpp"
#include "dissectors/http1_text.hpp"

namespace exwire::http1 {

constexpr uint32_t kLongestLine = 65536;

struct Line {
  enum class State : uint8_t { whole, partial, too_long };
  State state = State::partial;
  bool folded = false;
  bool plain = false;  ///< ends with CRLF and is known to hold nothing else below space
  Bytes octets{};      ///< when whole: with its end

  bool blank() const noexcept {
    return octets.size == 1 || (octets.size == 2 && octets[0] == '\r');
  }
  bool bare() const noexcept {  ///< ends without a carriage return
    return octets.size < 2 || octets[octets.size - 2] != '\r';
  }
};

/// Where the first octet below space stands, which is the end of nearly all lines; `size` without
/// one.
inline uint32_t find_control(const uint8_t* octets, uint32_t size) noexcept {
  uint32_t at = 0;
#ifdef __SSE2__
  constexpr uint32_t kBlock = sizeof(__m128i);
  const __m128i highest = _mm_set1_epi8(0x1f);
  for (; at + kBlock <= size; at += kBlock) {
    const __m128i block = _mm_loadu_si128(reinterpret_cast<const __m128i*>(octets + at));
    const __m128i control = _mm_cmpeq_epi8(_mm_min_epu8(block, highest), block);
    const auto found = static_cast<uint32_t>(_mm_movemask_epi8(control));
    if (found != 0) return at + static_cast<uint32_t>(std::countr_zero(found));
  }
#endif
  while (at < size && octets[at] > 0x1f) ++at;
  return at;
}

class LineFinder {
 public:
  void reset() noexcept { searched_ = 0; }

  Line next(Bytes in) noexcept {
    if (const uint32_t end = plain_end(in)) return whole(in, end, false, true);
    const uint32_t end = line_end(in, searched_);
    if (end == 0) return unfinished(in, std::min(in.size, kLongestLine));
    return whole(in, end, false, false);
  }

  /// A line and those that continue it: whether the next one does shows with its first octet
  /// (obs-fold, RFC 9112 section 5.2). An empty line is never continued.
  Line next_field(Bytes in) noexcept {
    if (const uint32_t end = plain_end(in)) {
      if (end == 2) return whole(in, end, false, true);
      if (end < in.size && end < kLongestLine && !continues(in[end])) {
        return whole(in, end, false, true);
      }
    }
    bool folded = false;
    uint32_t from = searched_;
    while (const uint32_t end = line_end(in, from)) {
      const bool blank = end == 1 || (end == 2 && in[0] == '\r');
      if (!blank && (end == in.size || end == kLongestLine)) return unfinished(in, end - 1);
      if (blank || !continues(in[end])) {
        // What an earlier look has passed over may have been folded too.
        folded = folded || (searched_ > 0 && std::memchr(in.data, '\n', end - 1) != nullptr);
        return whole(in, end, folded, false);
      }
      folded = true;
      from = end;
    }
    return unfinished(in, std::min(in.size, kLongestLine));
  }

 private:
  static bool continues(uint8_t octet) noexcept { return octet == ' ' || octet == '\t'; }
  /// One past the end of a line that nobody has looked at; 0 when it may not be plain.
  uint32_t plain_end(Bytes in) const noexcept {
    const uint32_t limit = std::min(in.size, kLongestLine);
    if (searched_ > 0) return 0;
    const uint32_t at = find_control(in.data, limit);
    return at + 1 < limit && in[at] == '\r' && in[at + 1] == '\n' ? at + 2 : 0;
  }
  /// One past the next line feed at or after `from`; 0 without one.
  static uint32_t line_end(Bytes in, uint32_t from) noexcept {
    const uint32_t limit = std::min(in.size, kLongestLine);
    if (from >= limit) return 0;
    const void* found = std::memchr(in.data + from, '\n', limit - from);
    return found == nullptr
               ? 0
               : static_cast<uint32_t>(static_cast<const uint8_t*>(found) - in.data) + 1;
  }
  Line whole(Bytes in, uint32_t end, bool folded, bool plain) noexcept {
    searched_ = 0;
    return {Line::State::whole, folded, plain, in.first(end)};
  }
  Line unfinished(Bytes in, uint32_t searched) noexcept {
    const bool full = in.size >= kLongestLine;
    searched_ = full ? 0 : searched;
    return {full ? Line::State::too_long : Line::State::partial, false, false, {}};
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
