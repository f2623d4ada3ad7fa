// SPDX-License-Identifier: BSD-3-Clause
#include "sensor/report/json_writer.hpp"

#include <algorithm>
#include <array>
#include <cstring>

#ifdef __SSE2__
#include <emmintrin.h>
#endif

#include "sensor/base/hex_digit.hpp"

namespace exwire::report {
namespace {

constexpr std::string_view kCutMark = "…";
constexpr char kHex[] = "0123456789abcdef";

constexpr std::array<bool, 256> kPlain = [] {
  std::array<bool, 256> plain{};
  for (size_t octet = 0; octet < plain.size(); ++octet) {
    plain[octet] = stands_for_itself(static_cast<char>(octet));
  }
  return plain;
}();

// Whether something in a block may have to be escaped: octets below space, above 0x7e, quotation
// mark and backslash.
#ifdef __SSE2__
struct SixteenOctets {
  __m128i octets;
};
bool is_doubtful(SixteenOctets block) noexcept {
  // What does not lie from space to ~ is beyond the latter when moved so that space is the lowest.
  const __m128i moved = _mm_add_epi8(block.octets, _mm_set1_epi8(128 - ' '));
  const __m128i unprintable = _mm_cmpgt_epi8(moved, _mm_set1_epi8('~' - ' ' - 128));
  const __m128i quotation_mark = _mm_cmpeq_epi8(block.octets, _mm_set1_epi8('"'));
  const __m128i backslash = _mm_cmpeq_epi8(block.octets, _mm_set1_epi8('\\'));
  const __m128i marks = _mm_or_si128(quotation_mark, backslash);
  return _mm_movemask_epi8(_mm_or_si128(unprintable, marks)) != 0;
}
bool is_doubtful(uint64_t octets) noexcept {
  return is_doubtful(SixteenOctets{_mm_set1_epi64x(static_cast<int64_t>(octets))});
}
bool is_doubtful(uint64_t first, uint64_t last) noexcept {
  return is_doubtful(
      SixteenOctets{_mm_set_epi64x(static_cast<int64_t>(last), static_cast<int64_t>(first))});
}
#else
// Each comparison is done for all eight at once; a borrow from an octet that fits can only make its
// neighbour doubtful.
bool is_doubtful(uint64_t octets) noexcept {
  constexpr uint64_t kOnes = 0x0101010101010101, kHighs = 0x8080808080808080;
  const auto has_zero = [](uint64_t value) { return (value - kOnes) & ~value & kHighs; };
  const uint64_t below_space = (octets - kOnes * 0x20) & ~octets & kHighs;
  const uint64_t above = (octets | (octets + kOnes)) & kHighs;
  return (below_space | above | has_zero(octets ^ kOnes * '"') | has_zero(octets ^ kOnes * '\\')) !=
         0;
}
bool is_doubtful(uint64_t first, uint64_t last) noexcept {
  return is_doubtful(first) || is_doubtful(last);
}
#endif
bool is_doubtful(uint32_t first, uint32_t last) noexcept {
  return is_doubtful(uint64_t{last} << 32 | first);
}

// Copies a text that is no shorter than a block while looking at it. The last block may begin in
// the one before: nothing is read or written beyond the text.
template <class Block>
bool copy_plain_blocks(char* to, std::string_view text) noexcept {
  const auto copy = [&](size_t at) {
    Block block;
    std::memcpy(&block, text.data() + at, sizeof block);
    std::memcpy(to + at, &block, sizeof block);
    return !is_doubtful(block);
  };
  size_t at = 0;
  while (at + sizeof(Block) < text.size() && copy(at)) at += sizeof(Block);
  return at + sizeof(Block) >= text.size() && copy(text.size() - sizeof(Block));
}

// The same for a text of one word to two, whose halves are looked at together.
template <class Word>
bool copy_plain_words(char* to, std::string_view text) noexcept {
  const size_t second = text.size() - sizeof(Word);
  Word first_word, last_word;
  std::memcpy(&first_word, text.data(), sizeof(Word));
  std::memcpy(&last_word, text.data() + second, sizeof(Word));
  std::memcpy(to, &first_word, sizeof(Word));
  std::memcpy(to + second, &last_word, sizeof(Word));
  return !is_doubtful(first_word, last_word);
}

// False when something in the text has to be escaped; nothing of it counts as written then.
bool copy_plain(char* to, std::string_view text) noexcept {
#ifdef __SSE2__
  if (text.size() > sizeof(SixteenOctets)) return copy_plain_blocks<SixteenOctets>(to, text);
#else
  if (text.size() > 2 * sizeof(uint64_t)) return copy_plain_blocks<uint64_t>(to, text);
#endif
  if (text.size() >= sizeof(uint64_t)) return copy_plain_words<uint64_t>(to, text);
  if (text.size() >= sizeof(uint32_t)) return copy_plain_words<uint32_t>(to, text);
  for (const char octet : text) {
    if (!kPlain[static_cast<uint8_t>(octet)]) return false;
    *to++ = octet;
  }
  return true;
}

// Octets at the start that stand for themselves.
size_t plain_run(std::string_view text) noexcept {
  size_t length = 0;
  for (uint64_t octets; length + sizeof octets <= text.size(); length += sizeof octets) {
    std::memcpy(&octets, text.data() + length, sizeof octets);
    if (is_doubtful(octets)) break;
  }
  while (length < text.size() && kPlain[static_cast<uint8_t>(text[length])]) ++length;
  return length;
}

// Length of the UTF-8 sequence at the start (RFC 3629: no overlong forms, no surrogates, nothing
// above U+10FFFF), 0 when there is none.
size_t utf8_length(std::string_view text) noexcept {
  const auto octet = [&](size_t at) { return static_cast<uint8_t>(text[at]); };
  const auto follows = [&](size_t at) { return at < text.size() && (octet(at) & 0xc0) == 0x80; };
  const uint8_t lead = octet(0);
  if (lead < 0x80) return 1;
  if (lead >= 0xc2 && lead <= 0xdf) return follows(1) ? 2 : 0;
  if (lead >= 0xe0 && lead <= 0xef) {
    if (!follows(1) || !follows(2)) return 0;
    if (lead == 0xe0 && octet(1) < 0xa0) return 0;
    if (lead == 0xed && octet(1) > 0x9f) return 0;
    return 3;
  }
  if (lead >= 0xf0 && lead <= 0xf4) {
    if (!follows(1) || !follows(2) || !follows(3)) return 0;
    if (lead == 0xf0 && octet(1) < 0x90) return 0;
    if (lead == 0xf4 && octet(1) > 0x8f) return 0;
    return 4;
  }
  return 0;
}

// C1 controls and the two line separators are valid UTF-8, but steer terminals and break readers
// that split at them.
bool must_escape(std::string_view sequence, uint32_t& code) noexcept {
  const auto octet = [&](size_t at) { return static_cast<uint8_t>(sequence[at]); };
  if (sequence.size() == 1) {
    code = octet(0);
    return code < 0x20 || code == 0x7f;
  }
  if (sequence.size() == 2) {
    code = static_cast<uint32_t>((octet(0) & 0x1f) << 6 | (octet(1) & 0x3f));
    return code <= 0x9f;
  }
  if (sequence.size() == 3) {
    code =
        static_cast<uint32_t>((octet(0) & 0x0f) << 12 | (octet(1) & 0x3f) << 6 | (octet(2) & 0x3f));
    return code == 0x2028 || code == 0x2029;
  }
  return false;
}

// Text that would be read as the escape of an octet.
bool looks_escaped(std::string_view text) noexcept {
  return text.size() >= 4 && text[0] == '\\' && text[1] == 'x' && hex_digit(text[2]) >= 0 &&
         hex_digit(text[3]) >= 0;
}

}  // namespace

void JsonWriter::start() noexcept {
  size_ = depth_ = skipped_depth_ = 0;
  limit_ = kFull;
  left_out_ = 0;
}

char* JsonWriter::refuse() noexcept {
  left_out_ += skipped_depth_ == 0;
  return nullptr;
}

char* JsonWriter::begin(std::string_view key, size_t wanted) noexcept {
  if (size_ + key.size() + 3 + wanted > limit_) [[unlikely]]
    return refuse();
  char* at = buffer_.data() + size_;
  at[0] = '"';
  std::memcpy(at + 1, key.data(), key.size());
  at[key.size() + 1] = '"';
  at[key.size() + 2] = ':';
  return at + key.size() + 3;
}

JsonWriter& JsonWriter::skip_level() noexcept {
  ++skipped_depth_;
  limit_ = 0;
  return *this;
}

JsonWriter& JsonWriter::close_skipped() noexcept {
  if (--skipped_depth_ == 0) limit_ = kFull;
  return *this;
}

JsonWriter& JsonWriter::members(std::string_view written) noexcept {
  if (begin(Unnamed{}, written.size()) != nullptr) put(written);
  return *this;
}

void JsonWriter::put(std::string_view raw) noexcept {
  std::memcpy(buffer_.data() + size_, raw.data(), raw.size());
  size_ += raw.size();
}

void JsonWriter::put_number(char* at, int64_t value) noexcept {
  auto magnitude = static_cast<uint64_t>(value);
  if (value < 0) {
    *at++ = '-';
    magnitude = 0 - magnitude;
  }
  end(put_decimal(at, magnitude));
}

void JsonWriter::put_numbers(Bytes octets, uint32_t width) noexcept {
  if (skipped_depth_ > 0) return;
  char* at = buffer_.data() + size_;
  const char* const last = buffer_.data() + kFull - kMostNumber;
  for (uint32_t from = 0; from + width <= octets.size; from += width) {
    if (at > last) [[unlikely]] {
      refuse();
      continue;
    }
    uint32_t value = load_be16(octets.data + from);
    if (width == 3) value = value << 8 | octets[from + 2];
    at = put_decimal(at, value);
    *at++ = ',';
  }
  size_ = static_cast<size_t>(at - buffer_.data());
}

void JsonWriter::put_text(char* at, std::string_view value) noexcept {
  *at++ = '"';
  size_ = static_cast<size_t>(at - buffer_.data());
  const size_t most = std::min(kFull - size_ - 1 - kCutMark.size(), kMostValue);
  if (value.size() <= most && copy_plain(at, value)) {
    at += value.size();
  } else {
    put_escaped(value, most);
    at = buffer_.data() + size_;
  }
  *at++ = '"';
  end(at);
}

void JsonWriter::put_escaped(std::string_view value, size_t most) noexcept {
  const size_t before = size_;
  while (!value.empty()) {
    // What stands for itself, which is nearly everything, is copied in one go.
    const size_t run = std::min(plain_run(value), most - (size_ - before));
    put(value.substr(0, run));
    value.remove_prefix(run);
    if (value.empty()) break;
    size_t length = utf8_length(value);
    uint32_t code = static_cast<uint8_t>(value[0]);
    const bool escape = length != 0 && must_escape(value.substr(0, length), code);
    char escaped[6] = {
        '\\',           'u', kHex[code >> 12 & 15], kHex[code >> 8 & 15], kHex[code >> 4 & 15],
        kHex[code & 15]};
    std::string_view written = value.substr(0, length);
    if (length == 0 || looks_escaped(value)) {
      escaped[1] = '\\';
      escaped[2] = 'x';
      escaped[3] = kHex[code >> 4 & 15];
      escaped[4] = kHex[code & 15];
      written = {escaped, 5};
    } else if (escape) {
      written = {escaped, sizeof escaped};
    } else if (value[0] == '"' || value[0] == '\\') {
      escaped[1] = value[0];
      written = {escaped, 2};
    }
    if (size_ - before + written.size() > most) {
      put(kCutMark);
      break;
    }
    put(written);
    value.remove_prefix(length == 0 ? 1 : length);
  }
}

std::string_view JsonWriter::line() noexcept {
  buffer_[size_ - 1] = '\n';  // where the last comma stands
  return {buffer_.data(), size_};
}

}  // namespace exwire::report
