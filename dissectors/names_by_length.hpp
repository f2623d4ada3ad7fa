// SPDX-License-Identifier: BSD-3-Clause
// A table of names that are known when the program is compiled, found whatever their case: a name
// is compared with those of its length only.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <string_view>

#include "sensor/base/bytes.hpp"

namespace exwire {

/// `Entry` has a `name`, in lower case and at most kLongest octets long.
template <size_t kLongest, class Entry, size_t kCount>
class NamesByLength {
 public:
  explicit constexpr NamesByLength(const std::array<Entry, kCount>& entries) noexcept
      : entries_(entries) {
    std::sort(entries_.begin(), entries_.end(),
              [](const Entry& a, const Entry& b) { return a.name.size() < b.name.size(); });
    for (const Entry& entry : entries_) ++first_[entry.name.size() + 1];
    for (size_t length = 1; length < first_.size(); ++length) {
      first_[length] = static_cast<uint8_t>(first_[length] + first_[length - 1]);
    }
  }
  /// Null for a name that is not there.
  const Entry* find(std::string_view name) const noexcept {
    if (name.size() > kLongest) return nullptr;
    for (size_t at = first_[name.size()]; at < first_[name.size() + 1]; ++at) {
      if (equal_ignoring_case(name, entries_[at].name)) return &entries_[at];
    }
    return nullptr;
  }
  constexpr const Entry* begin() const noexcept { return entries_.data(); }
  constexpr const Entry* end() const noexcept { return entries_.data() + kCount; }

 private:
  std::array<Entry, kCount> entries_;
  std::array<uint8_t, kLongest + 2> first_{};  ///< by length, and behind those of the longest
};

template <size_t kLongest, class Entry, size_t kCount>
constexpr auto by_length(const std::array<Entry, kCount>& entries) noexcept {
  return NamesByLength<kLongest, Entry, kCount>(entries);
}

}  // namespace exwire
