// SPDX-License-Identifier: BSD-3-Clause
// WBXML 1.x (WAP-192) as ActiveSync uses it (MS-ASWBXML): a document read token by token, without
// copies, recursion or a tree. Attributes and processing instructions do not occur there and end
// the reading, as does anything that lies about its length.
#pragma once

#include <array>

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

  explicit Reader(Bytes document) noexcept;

  /// Work is linear in the octets: every call but the last consumes at least one.
  Event next() noexcept;

  Tag tag() const noexcept { return tag_; }
  bool empty() const noexcept { return empty_; }
  Bytes text() const noexcept { return text_; }
  /// Open elements, the one just opened among them unless it is empty.
  uint32_t depth() const noexcept { return depth_; }
  /// The open element at `level`, 0: the root.
  Tag open(uint32_t level) const noexcept { return path_[level]; }

 private:
  Event fail(Event how) noexcept { return state_ = how; }
  bool octet(uint32_t& value) noexcept;
  bool number(uint32_t& value) noexcept;
  Event opened(uint32_t token) noexcept;
  Event closed() noexcept;
  // What stands behind the root element is none of ours.
  Event root_over(Event told) noexcept {
    state_ = Event::finished;
    return told;
  }
  Event content(uint32_t token) noexcept;
  bool ended_by_zero(Bytes from, uint32_t& at) noexcept;

  Bytes octets_, strings_, text_;
  uint32_t at_ = 0, depth_ = 0;
  Event state_ = Event::open;  ///< open: goes on
  uint8_t page_ = 0;
  bool empty_ = false;
  Tag tag_;
  std::array<Tag, kDeepest> path_;
};

}  // namespace exwire::wbxml
