// SPDX-License-Identifier: BSD-3-Clause
// WBXML 1.x (WAP-192): the tokens of a document, one by one.
#include "dissectors/wbxml.hpp"

namespace exwire::wbxml {
namespace {

enum Token : uint32_t {
  kSwitchPage = 0x00,
  kEnd = 0x01,
  kEntity = 0x02,
  kInlineString = 0x03,
  kTableString = 0x83,
  kOpaque = 0xc3,
  kHasContent = 0x40,
  kHasAttributes = 0x80,
};

// Tags begin at 5; below stand the global tokens, in each quarter of the token space.
bool is_global(uint32_t token) noexcept {
  return (token & 0x3f) < 5;
}

}  // namespace

Reader::Reader(Bytes document) noexcept : octets_(document) {
  // Version, public identifier (0: a string table index follows), charset, string table.
  uint32_t version = 0, identifier = 0, charset = 0, table = 0;
  if (!octet(version) || !number(identifier)) return;
  if (identifier == 0 && !number(identifier)) return;
  if (!number(charset) || !number(table)) return;
  constexpr uint32_t kUtf8 = 106;
  if (version > 3 || (charset != kUtf8 && charset != 0)) state_ = Event::broken;
  if (table > octets_.size - at_) {
    if (state_ == Event::open) state_ = Event::cut;
    return;
  }
  strings_ = octets_.from(at_).first(table);
  at_ += table;
}

Event Reader::next() noexcept {
  while (state_ == Event::open) {
    uint32_t token = 0;
    if (!octet(token)) return state_;
    if (token == kSwitchPage) {
      uint32_t page = 0;
      if (!octet(page)) return state_;
      page_ = static_cast<uint8_t>(page);
      continue;
    }
    if (token == kEnd) return closed();
    const Event event = is_global(token) ? content(token) : opened(token);
    if (event != Event::finished) return event;  // here: nothing worth telling
  }
  return state_;
}

bool Reader::octet(uint32_t& value) noexcept {
  if (at_ >= octets_.size) {
    fail(Event::cut);
    return false;
  }
  value = octets_[at_++];
  return true;
}

// mb_u_int32: seven bits an octet, at most five octets, and no bit beyond the 32nd.
bool Reader::number(uint32_t& value) noexcept {
  uint64_t sum = 0;
  for (int place = 0; place < 5; ++place) {
    uint32_t digit = 0;
    if (!octet(digit)) return false;
    sum = sum << 7 | (digit & 0x7f);
    if ((digit & 0x80) == 0 && sum <= 0xffffffffU) {
      value = static_cast<uint32_t>(sum);
      return true;
    }
  }
  fail(Event::broken);
  return false;
}

Event Reader::opened(uint32_t token) noexcept {
  if ((token & kHasAttributes) != 0) return fail(Event::broken);
  tag_ = {page_, static_cast<uint8_t>(token & 0x3f)};
  empty_ = (token & kHasContent) == 0;
  if (empty_) return depth_ == 0 ? root_over(Event::open) : Event::open;
  if (depth_ == kDeepest) return fail(Event::broken);
  path_[depth_++] = tag_;
  return Event::open;
}

Event Reader::closed() noexcept {
  if (depth_ == 0) return fail(Event::broken);
  tag_ = path_[--depth_];
  return depth_ == 0 ? root_over(Event::close) : Event::close;
}

Event Reader::content(uint32_t token) noexcept {
  if (depth_ == 0) return fail(Event::broken);
  uint32_t size = 0;
  switch (token) {
    case kInlineString:
      return ended_by_zero(octets_, at_) ? Event::text : fail(Event::cut);
    case kTableString:
      if (!number(size)) return state_;
      return size < strings_.size && ended_by_zero(strings_, size) ? Event::text
                                                                   : fail(Event::broken);
    case kOpaque:
      if (!number(size)) return state_;
      if (size > octets_.size - at_) return fail(Event::cut);
      text_ = octets_.from(at_).first(size);
      at_ += size;
      return Event::text;
    case kEntity:
      return number(size) ? Event::finished : state_;
    default:
      return fail(Event::broken);
  }
}

// Takes the string at `at` and moves behind it.
bool Reader::ended_by_zero(Bytes from, uint32_t& at) noexcept {
  const std::string_view rest = from.from(at).text();
  const size_t zero = rest.find('\0');
  if (zero == std::string_view::npos) return false;
  text_ = from.from(at).first(static_cast<uint32_t>(zero));
  at += static_cast<uint32_t>(zero) + 1;
  return true;
}

}  // namespace exwire::wbxml
