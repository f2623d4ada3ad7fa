// SPDX-License-Identifier: BSD-3-Clause
// What a search found in texts that come again and again, as the user agent of a client does and
// the status code of its answers. Exact, because the texts themselves are kept; bounded, because a
// new one takes the place of another.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <string_view>
#include <vector>

#include "sensor/base/quick_digest.hpp"
#include "sensor/detect/rules/buffer.hpp"

namespace exwire::detect::rules {

/// Few texts are all that most connections have there.
constexpr bool comes_again(Buffer buffer) noexcept {
  switch (buffer) {
    case Buffer::http_method:
    case Buffer::http_host:
    case Buffer::http_host_dotted:
    case Buffer::http_user_agent:
    case Buffer::http_content_type:
    case Buffer::http_protocol:
    case Buffer::http_stat_code:
    case Buffer::http_stat_msg:
    case Buffer::http_server:
    case Buffer::tls_sni:
    case Buffer::tls_sni_dotted:
      return true;
    default:
      return false;
  }
}

class SeenTexts {
 public:
  static constexpr size_t kLongest = 128, kPlaces = 64;

  /// `words`: of 64 bits each, what a search may set.
  explicit SeenTexts(size_t words) : words_(words), places_(kPlaces), found_(kPlaces * words) {}

  /// Sets the bits of `all` that `search(bits)` sets for `text`, of 1 to kLongest octets.
  template <class Search>
  void add(std::string_view text, uint64_t* all, Search search) {
    const size_t number = place_of(text);
    Place& place = places_[number];
    uint64_t* const found = found_.data() + number * words_;
    if (place.text() != text) {
      place.size = static_cast<uint8_t>(text.size());
      std::copy(text.begin(), text.end(), place.octets.begin());
      std::fill_n(found, words_, uint64_t{0});
      search(found);
    }
    for (size_t word = 0; word < words_; ++word) all[word] |= found[word];
  }

 private:
  struct Place {
    std::array<char, kLongest> octets;
    uint8_t size = 0;
    std::string_view text() const noexcept { return {octets.data(), size}; }
  };

  static size_t place_of(std::string_view text) noexcept {
    return (quick_digest(0, as_bytes(text)) >> 32) % kPlaces;
  }

  size_t words_;
  std::vector<Place> places_;
  std::vector<uint64_t> found_;
};

}  // namespace exwire::detect::rules
