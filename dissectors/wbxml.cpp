// SPDX-License-Identifier: BSD-3-Clause
// WBXML 1.x (WAP-192): the tokens of a document, one by one.
#include "dissectors/wbxml.hpp"

#include <algorithm>
#include <cstring>

namespace exwire::wbxml {
namespace {

enum Token : uint8_t {
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
bool is_global(uint8_t token) noexcept {
  return (token & 0x3f) < 5;
}

}  // namespace

Event Reader::next(Bytes& octets) noexcept {
  while (at_ != At::over) {
    if (octets.empty()) return Event::cut;
    MaybeEvent event;
    if (at_ == At::table || at_ == At::string || at_ == At::opaque) {
      event = run(octets);
    } else {
      const uint8_t octet = octets[0];
      octets = octets.from(1);
      event = step(octet);
    }
    if (event) return *event;
  }
  return how_;
}

// Many octets at once: a string up to its zero, opaque data and the string table by their length.
Reader::MaybeEvent Reader::run(Bytes& octets) noexcept {
  if (at_ == At::string) {
    const void* zero = std::memchr(octets.data, 0, octets.size);
    const auto size = zero == nullptr
                          ? octets.size
                          : static_cast<uint32_t>(static_cast<const uint8_t*>(zero) - octets.data);
    keep(octets.first(size));
    octets = octets.from(zero == nullptr ? size : size + 1);
    return zero == nullptr ? std::nullopt : MaybeEvent(text_over());
  }
  const Bytes piece = octets.first(left_);
  octets = octets.from(piece.size);
  left_ -= piece.size;
  if (at_ == At::opaque) keep(piece);
  if (left_ > 0) return std::nullopt;
  if (at_ == At::opaque) return text_over();
  at_ = At::token;
  return std::nullopt;
}

Reader::MaybeEvent Reader::step(uint8_t octet) noexcept {
  switch (at_) {
    case At::version:
      if (octet > 3) return fail();
      at_ = At::identifier;
      return std::nullopt;
    case At::token:
      return token(octet);
    case At::page:
      page_ = octet;
      at_ = At::token;
      return std::nullopt;
    default:
      return number(octet);
  }
}

// mb_u_int32: seven bits an octet, at most five octets, and no bit beyond the 32nd.
Reader::MaybeEvent Reader::number(uint8_t octet) noexcept {
  constexpr uint8_t kMostPlaces = 5;
  value_ = value_ << 7 | (octet & 0x7fU);
  ++places_;
  if ((octet & 0x80) != 0 && places_ < kMostPlaces) return std::nullopt;
  if ((octet & 0x80) != 0 || value_ > 0xffffffffU) return fail();
  const auto value = static_cast<uint32_t>(value_);
  value_ = 0;
  places_ = 0;
  return number_read(value);
}

Reader::MaybeEvent Reader::number_read(uint32_t value) noexcept {
  constexpr uint32_t kUtf8 = 106;
  switch (at_) {
    case At::identifier:  // 0: an index into the string table follows
      at_ = value == 0 ? At::identifier_index : At::charset;
      return std::nullopt;
    case At::identifier_index:
      at_ = At::charset;
      return std::nullopt;
    case At::charset:
      if (value != kUtf8 && value != 0) return fail();
      at_ = At::table_size;
      return std::nullopt;
    case At::table_size:
      left_ = value;
      has_table_ = value > 0;
      at_ = value > 0 ? At::table : At::token;
      return std::nullopt;
    case At::opaque_size:
      left_ = value;
      if (value == 0) return text_over();
      at_ = At::opaque;
      return std::nullopt;
    case At::table_string:
      return has_table_ ? text_over() : fail();
    default:  // an entity: a single character, no part of what is read here
      at_ = At::token;
      return std::nullopt;
  }
}

Reader::MaybeEvent Reader::token(uint8_t octet) noexcept {
  if (octet == kSwitchPage) {
    at_ = At::page;
    return std::nullopt;
  }
  if (octet == kEnd) return closed();
  return is_global(octet) ? content(octet) : opened(octet);
}

Reader::MaybeEvent Reader::content(uint8_t octet) noexcept {
  if (depth_ == 0) return fail();
  text_size_ = 0;
  switch (octet) {
    case kInlineString:
      at_ = At::string;
      return std::nullopt;
    case kTableString:
      at_ = At::table_string;
      return std::nullopt;
    case kOpaque:
      at_ = At::opaque_size;
      return std::nullopt;
    case kEntity:
      at_ = At::entity;
      return std::nullopt;
    default:
      return fail();
  }
}

// What stands behind the root element is none of ours.
Event Reader::opened(uint8_t octet) noexcept {
  if ((octet & kHasAttributes) != 0) return fail();
  tag_ = {page_, static_cast<uint8_t>(octet & 0x3f)};
  empty_ = (octet & kHasContent) == 0;
  if (empty_) return depth_ == 0 ? end(Event::finished, Event::open) : Event::open;
  if (depth_ == kDeepest) return fail();
  if (depth_ < kNamed) path_[depth_] = tag_;
  ++depth_;
  return Event::open;
}

Event Reader::closed() noexcept {
  if (depth_ == 0) return fail();
  tag_ = open(--depth_);
  return depth_ == 0 ? end(Event::finished, Event::close) : Event::close;
}

Event Reader::text_over() noexcept {
  at_ = At::token;
  return Event::text;
}

void Reader::keep(Bytes piece) noexcept {
  if (text_size_ + uint64_t{piece.size} > kLongestText) {
    text_size_ = kLongestText + 1;
    return;
  }
  std::copy(piece.begin(), piece.end(), text_.begin() + text_size_);
  text_size_ += piece.size;
}

}  // namespace exwire::wbxml
