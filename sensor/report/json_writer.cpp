// SPDX-License-Identifier: BSD-3-Clause
#include "sensor/report/json_writer.hpp"

#include <algorithm>
#include <array>
#include <bit>
#include <charconv>
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
  for (size_t octet = 0x20; octet < 0x7f; ++octet) plain[octet] = octet != '"' && octet != '\\';
  return plain;
}();

// Whether one of eight octets may have to be escaped: those below space, above 0x7e, quotation
// mark and backslash. Each comparison is done for all eight at once; a borrow from an octet that
// fits can only make its neighbour doubtful.
bool is_doubtful(uint64_t octets) noexcept {
  constexpr uint64_t kOnes = 0x0101010101010101, kHighs = 0x8080808080808080;
  const auto has_zero = [](uint64_t value) { return (value - kOnes) & ~value & kHighs; };
  const uint64_t below_space = (octets - kOnes * 0x20) & ~octets & kHighs;
  const uint64_t above = (octets | (octets + kOnes)) & kHighs;
  return (below_space | above | has_zero(octets ^ kOnes * '"') | has_zero(octets ^ kOnes * '\\')) !=
         0;
}

#ifdef __SSE2__
// The same for sixteen octets: a bit for each that has to be looked at. As signed numbers, octets
// above 0x7f are below space too.
unsigned doubtful_of_sixteen(const char* at) noexcept {
  const __m128i octets = _mm_loadu_si128(reinterpret_cast<const __m128i*>(at));
  const __m128i below_space = _mm_cmplt_epi8(octets, _mm_set1_epi8(' '));
  const __m128i marks = _mm_or_si128(_mm_cmpeq_epi8(octets, _mm_set1_epi8('"')),
                                     _mm_cmpeq_epi8(octets, _mm_set1_epi8('\\')));
  const __m128i del = _mm_cmpeq_epi8(octets, _mm_set1_epi8(0x7f));
  return static_cast<unsigned>(
      _mm_movemask_epi8(_mm_or_si128(_mm_or_si128(below_space, marks), del)));
}
#endif

// Octets at the start that stand for themselves.
size_t plain_run(std::string_view text) noexcept {
  size_t length = 0;
#ifdef __SSE2__
  constexpr size_t kBlock = sizeof(__m128i);
  while (text.size() >= kBlock && length < text.size()) {
    // The last block may begin in the one before, which is known to be plain.
    const size_t begin = std::min(length, text.size() - kBlock);
    const unsigned doubtful = doubtful_of_sixteen(text.data() + begin);
    if (doubtful != 0) return begin + static_cast<size_t>(std::countr_zero(doubtful));
    length = begin + kBlock;
  }
#endif
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
  left_out_ = 0;
  first_ = true;
}

void JsonWriter::put(std::string_view raw) noexcept {
  std::memcpy(buffer_.data() + size_, raw.data(), raw.size());
  size_ += raw.size();
}

// Comma and key; false (and nothing written) when the member does not fit.
bool JsonWriter::open_member(std::string_view key, size_t wanted) noexcept {
  const bool named = key.data() != nullptr;
  const size_t name = named ? key.size() + 3 : 0;
  if (skipped_depth_ > 0 || name + wanted + 1 > room()) {
    left_out_ += skipped_depth_ == 0;
    return false;
  }
  if (!first_) put(',');
  first_ = false;
  if (named) {
    put('"');
    put(key);
    put('"');
    put(':');
  }
  return true;
}

JsonWriter& JsonWriter::object(std::string_view key) noexcept {
  if (depth_ == kMostDepth || !open_member(key, 2)) {
    ++skipped_depth_;
    return *this;
  }
  put('{');
  closers_[depth_++] = '}';
  first_ = true;
  return *this;
}

JsonWriter& JsonWriter::array(std::string_view key) noexcept {
  if (depth_ == kMostDepth || !open_member(key, 2)) {
    ++skipped_depth_;
    return *this;
  }
  put('[');
  closers_[depth_++] = ']';
  first_ = true;
  return *this;
}

JsonWriter& JsonWriter::close() noexcept {
  if (skipped_depth_ > 0) {
    --skipped_depth_;
    return *this;
  }
  put(closers_[--depth_]);
  first_ = false;
  return *this;
}

JsonWriter& JsonWriter::text(std::string_view key, std::string_view value) noexcept {
  if (!open_member(key, 2 + kCutMark.size() + 8)) return *this;
  put('"');
  put_escaped(value, room() - 1 - kCutMark.size());
  put('"');
  return *this;
}

JsonWriter& JsonWriter::element(std::string_view value) noexcept {
  return text({}, value);
}

JsonWriter& JsonWriter::element(int64_t value) noexcept {
  return number({}, value);
}

JsonWriter& JsonWriter::number(std::string_view key, int64_t value) noexcept {
  char digits[24];
  const auto end = std::to_chars(digits, digits + sizeof digits, value).ptr;
  const std::string_view written(digits, static_cast<size_t>(end - digits));
  if (open_member(key, written.size())) put(written);
  return *this;
}

JsonWriter& JsonWriter::numbers(std::string_view key, Bytes octets, uint32_t width) noexcept {
  array(key);
  for (uint32_t at = 0; skipped_depth_ == 0 && at + width <= octets.size; at += width) {
    uint32_t value = 0;
    for (uint32_t octet = 0; octet < width; ++octet) value = value << 8 | octets[at + octet];
    char digits[10] = {};
    const auto end = std::to_chars(digits, digits + sizeof digits, value).ptr;
    const auto written = static_cast<size_t>(end - digits);
    if (!open_member({}, written)) continue;
    // All ten at once are cheaper than the few there are; what is too much falls into the reserve.
    std::memcpy(buffer_.data() + size_, digits, sizeof digits);
    size_ += written;
  }
  return close();
}

JsonWriter& JsonWriter::unsigned_number(std::string_view key, uint64_t value) noexcept {
  // Readers in JavaScript and Java lose what does not fit a signed 64-bit number.
  return number(key, static_cast<int64_t>(value & INT64_MAX));
}

JsonWriter& JsonWriter::boolean(std::string_view key, bool value) noexcept {
  const std::string_view written = value ? "true" : "false";
  if (open_member(key, written.size())) put(written);
  return *this;
}

JsonWriter& JsonWriter::members(std::string_view written) noexcept {
  if (open_member({}, written.size())) put(written);
  return *this;
}

size_t JsonWriter::put_escaped(std::string_view value, size_t most) noexcept {
  const size_t before = size_;
  if (most > kMostValue) most = kMostValue;
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
  return size_ - before;
}

std::string_view JsonWriter::line() noexcept {
  put('\n');
  return {buffer_.data(), size_};
}

}  // namespace exwire::report
