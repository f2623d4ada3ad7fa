// SPDX-License-Identifier: BSD-3-Clause
// The heads of HTTP messages as they stood on the wire, while they are being read: what rules on
// header fields look at. A ring: a head whose place was taken by a later one is lost, so that
// clients who never end theirs keep nobody from being seen. Holds secrets, and is never told.
#pragma once

#include <array>
#include <cstdint>
#include <cstring>
#include <memory>
#include <string_view>

namespace exwire::inspect {

class HeadTexts {
 public:
  static constexpr uint32_t kMost = 256;       ///< heads at once
  static constexpr uint32_t kLargest = 16384;  ///< octets kept of one, the rest is left out

  HeadTexts() : texts_(std::make_unique_for_overwrite<Text[]>(kMost)) {}

  /// Starts a head; the number names it from now on, and is never 0.
  uint32_t begin() noexcept {
    if (++newest_ == 0) newest_ = 1;
    places_[newest_ % kMost] = {newest_, 0};
    return newest_;
  }
  void append(uint32_t number, std::string_view text) noexcept {
    Place& place = places_[number % kMost];
    if (number == 0 || place.number != number) return;
    const size_t room = kLargest - place.size;
    const size_t size = text.size() < room ? text.size() : room;
    std::memcpy(texts_[number % kMost].data() + place.size, text.data(), size);
    place.size += static_cast<uint32_t>(size);
  }
  /// Without data when its place was taken meanwhile.
  std::string_view text(uint32_t number) const noexcept {
    const Place& place = places_[number % kMost];
    if (number == 0 || place.number != number) return {};
    return {texts_[number % kMost].data(), place.size};
  }

 private:
  using Text = std::array<char, kLargest>;
  struct Place {
    uint32_t number = 0, size = 0;
  };
  std::array<Place, kMost> places_{};
  std::unique_ptr<Text[]> texts_;
  uint32_t newest_ = 0;
};

}  // namespace exwire::inspect
