// SPDX-License-Identifier: BSD-3-Clause
// WBXML 1.x (WAP-192) as ActiveSync uses it (MS-ASWBXML): a document read token by token as its
// octets come, however they are cut, without copies, recursion or a tree. Attributes and processing
// instructions do not occur there and end the reading; string tables are passed over.
#pragma once

#include <array>
#include <optional>

#include "dissectors/api.hpp"

namespace exwire::wbxml {

enum class Event : uint8_t {
  open,      ///< an element begins; `empty()` tells that it is over already
  close,     ///< the innermost element ends
  text,      ///< a piece of its content
  finished,  ///< the document is whole
  cut,       ///< it goes on behind the octets at hand
  broken,    ///< it is no such document, or uses what is not allowed
};

/// Code page and tag, without the bits for content and attributes.
struct Tag {
  uint8_t page = 0, token = 0;
  bool operator==(const Tag&) const = default;
};

class Reader {
 public:
  static constexpr uint32_t kDeepest = 64;
  static constexpr uint32_t kNamed = 8;         ///< levels whose tags are remembered
  static constexpr uint32_t kLongestText = 16;  ///< octets kept of a text

  /// Goes on where the last call ended and takes what it reads off the front of `octets`. Work is
  /// linear: every call but the last one takes at least one octet.
  Event next(Bytes& octets) noexcept;

  Tag tag() const noexcept { return tag_; }
  bool empty() const noexcept { return empty_; }
  /// Empty for one longer than is kept, and for one that stands in the string table.
  std::string_view text() const noexcept {
    return {text_.data(), text_size_ <= kLongestText ? text_size_ : 0};
  }
  /// Open elements, the one just opened among them unless it is empty.
  uint32_t depth() const noexcept { return depth_; }
  /// The open element at `level`, 0: the root; no element's tag beyond kNamed.
  Tag open(uint32_t level) const noexcept { return level < kNamed ? path_[level] : Tag{}; }

 private:
  enum class At : uint8_t {
    version,
    identifier,
    identifier_index,
    charset,
    table_size,
    table,
    token,
    page,
    string,
    opaque_size,
    opaque,
    table_string,
    entity,
    over,
  };
  using MaybeEvent = std::optional<Event>;

  MaybeEvent step(uint8_t octet) noexcept;
  MaybeEvent number(uint8_t octet) noexcept;
  MaybeEvent number_read(uint32_t value) noexcept;
  MaybeEvent token(uint8_t octet) noexcept;
  MaybeEvent content(uint8_t octet) noexcept;
  MaybeEvent run(Bytes& octets) noexcept;
  Event opened(uint8_t octet) noexcept;
  Event closed() noexcept;
  Event text_over() noexcept;
  void keep(Bytes piece) noexcept;
  Event fail() noexcept { return end(Event::broken, Event::broken); }
  Event end(Event how, Event told) noexcept {
    at_ = At::over;
    how_ = how;
    return told;
  }

  uint64_t value_ = 0;  ///< of the number being read
  uint32_t left_ = 0;   ///< octets of the table or of opaque data
  uint32_t depth_ = 0;
  uint32_t text_size_ = 0;  ///< one more than kLongestText: longer than is kept
  At at_ = At::version;
  Event how_ = Event::finished;  ///< it was over
  uint8_t places_ = 0, page_ = 0;
  bool empty_ = false, has_table_ = false;
  Tag tag_;
  std::array<Tag, kNamed> path_{};
  std::array<char, kLongestText> text_{};
};

}  // namespace exwire::wbxml
