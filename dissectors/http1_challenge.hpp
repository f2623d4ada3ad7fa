// SPDX-License-Identifier: BSD-3-Clause
// The schemes a server offers (RFC 9110 section 11.6.1), over all its WWW-Authenticate headers:
// "Negotiate, NTLM, Basic". Parameters and tokens are left out; they can be challenges that belong
// to one login.
#pragma once

#include <array>
#include <cstring>

#include "dissectors/http1_text.hpp"

namespace exwire::http1 {

class Challenges {
 public:
  /// `value` of one header: a list of challenges, each with a list of parameters of its own.
  void add(std::string_view value) noexcept {
    bool quoted = false;
    size_t start = 0;
    for (size_t at = 0; at <= value.size(); ++at) {
      const char letter = at < value.size() ? value[at] : ',';
      if (letter == '"') quoted = !quoted;
      if (letter != ',' || (quoted && at < value.size())) continue;
      add_part(trim(value.substr(start, at - start)));
      start = at + 1;
    }
  }
  std::string_view text() const noexcept { return {text_.data(), size_}; }

 private:
  // A parameter has its '=' right behind the name, a scheme stands alone or before white space.
  void add_part(std::string_view part) noexcept {
    constexpr size_t kLongestScheme = 24;
    const size_t size = token_size(part);
    const bool scheme = size > 0 && size <= kLongestScheme &&
                        (size == part.size() || part[size] == ' ' || part[size] == '\t');
    const std::string_view rest = trim(part.substr(size));
    if (!scheme || (!rest.empty() && rest[0] == '=')) return;
    const size_t more = size + (size_ > 0 ? 2 : 0);
    if (size_ + more > text_.size()) return;
    if (size_ > 0) append(", ");
    append(part.substr(0, size));
  }
  void append(std::string_view word) noexcept {
    std::memcpy(text_.data() + size_, word.data(), word.size());
    size_ = static_cast<uint8_t>(size_ + word.size());
  }

  std::array<char, 63> text_;
  uint8_t size_ = 0;
};

}  // namespace exwire::http1
