// SPDX-License-Identifier: BSD-3-Clause
// Who a request claims to be: the scheme and the user of an Authorization header (RFC 7617 Basic,
// MS-NLMP type 3). Passwords and tokens are looked at in a small buffer that is wiped, and never
// leave this file.
#pragma once

#include <array>
#include <cstdint>
#include <cstring>
#include <string_view>

#include "dissectors/http1_grammar.hpp"

namespace exwire::http1 {

class Credentials {
 public:
  explicit Credentials(std::string_view header) noexcept {
    header = trim(header);
    scheme_ = header.substr(0, header.find(' '));
    if (!is_token(scheme_)) scheme_ = {};
    const std::string_view rest = trim(header.substr(scheme_.size()));
    if (equal_ignoring_case(scheme_, "basic")) {
      decode(rest);
      take_basic();
    } else if (equal_ignoring_case(scheme_, "ntlm") || equal_ignoring_case(scheme_, "negotiate")) {
      decode(rest);
      take_ntlm();
    }
    explicit_bzero(plain_.data(), plain_.size());
  }
  ~Credentials() { explicit_bzero(user_.data(), user_.size()); }
  Credentials(const Credentials&) = delete;
  Credentials& operator=(const Credentials&) = delete;

  std::string_view scheme() const noexcept { return scheme_; }
  std::string_view user() const noexcept { return {user_.data(), user_size_}; }

 private:
  static int digit_of(char letter) noexcept {
    if (letter >= 'A' && letter <= 'Z') return letter - 'A';
    if (letter >= 'a' && letter <= 'z') return letter - 'a' + 26;
    if (letter >= '0' && letter <= '9') return letter - '0' + 52;
    if (letter == '+' || letter == '-') return 62;
    if (letter == '/' || letter == '_') return 63;
    return -1;
  }
  // As much as the buffer holds: user names stand at the front, and longer ones are nobody's.
  void decode(std::string_view text) noexcept {
    uint32_t bits = 0;
    int held = 0;
    for (const char letter : text) {
      const int digit = digit_of(letter);
      if (digit < 0 || size_ == plain_.size()) break;
      bits = bits << 6 | static_cast<uint32_t>(digit);
      held += 6;
      if (held >= 8) {
        held -= 8;
        plain_[size_++] = static_cast<char>(bits >> held);
      }
    }
  }
  void add(char letter) noexcept {
    if (user_size_ < user_.size()) user_[user_size_++] = letter;
  }
  void take_basic() noexcept {
    // Without a colon it is no pair; then even the user would be a guess.
    const std::string_view pair(plain_.data(), size_);
    const size_t colon = pair.find(':');
    if (colon == std::string_view::npos) return;
    for (const char letter : pair.substr(0, colon)) add(letter);
  }
  uint32_t little_endian(size_t at, size_t width) const noexcept {
    uint32_t value = 0;
    for (size_t place = 0; place < width; ++place) {
      value |= static_cast<uint32_t>(static_cast<uint8_t>(plain_[at + place])) << (8 * place);
    }
    return value;
  }
  // MS-NLMP 2.2.1.3: DomainNameFields at 28, UserNameFields at 36, flags at 60.
  void take_ntlm() noexcept {
    if (size_ < 64 || std::memcmp(plain_.data(), "NTLMSSP\0\3\0\0\0", 12) != 0) return;
    const bool unicode = little_endian(60, 4) & 1;
    add_text(little_endian(32, 4), little_endian(28, 2), unicode);
    if (user_size_ > 0) add('\\');
    add_text(little_endian(40, 4), little_endian(36, 2), unicode);
  }
  void add_text(size_t at, size_t size, bool unicode) noexcept {
    if (at > size_ || size > size_ - at) return;
    for (size_t place = 0; place + (unicode ? 1 : 0) < size; place += unicode ? 2 : 1) {
      const bool wide = unicode && plain_[at + place + 1] != 0;
      add(wide ? '?' : plain_[at + place]);
    }
  }

  std::string_view scheme_;
  std::array<char, 1024> plain_;
  size_t size_ = 0;
  std::array<char, 256> user_;
  size_t user_size_ = 0;
};

}  // namespace exwire::http1
