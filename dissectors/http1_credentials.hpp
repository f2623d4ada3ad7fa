// SPDX-License-Identifier: BSD-3-Clause
// Who a request claims to be: the scheme and the user of an Authorization header (RFC 7617 Basic,
// MS-NLMP type 3). Passwords and tokens are looked at in a small buffer that is wiped, and never
// leave this file.
#pragma once

#include <array>
#include <cstdint>
#include <cstring>
#include <string_view>

#include "dissectors/http1_text.hpp"

namespace exwire::http1 {

class Credentials {
 public:
  explicit Credentials(std::string_view header) noexcept {
    header = trim(header);
    scheme_ = header.substr(0, std::min(header.find_first_of(" \t"), header.size()));
    const std::string_view rest = trim(header.substr(scheme_.size()));
    if (equal_ignoring_case(scheme_, "basic")) {
      decode(rest);
      take_basic();
    } else if (equal_ignoring_case(scheme_, "ntlm") || equal_ignoring_case(scheme_, "negotiate")) {
      decode(rest);
      take_ntlm();
    }
    if (!is_scheme(scheme_)) scheme_ = scheme_.empty() ? "" : "other";
    explicit_bzero(plain_.data(), plain_.size());
  }
  ~Credentials() { explicit_bzero(user_.data(), user_.size()); }
  Credentials(const Credentials&) = delete;
  Credentials& operator=(const Credentials&) = delete;

  std::string_view scheme() const noexcept { return scheme_; }
  std::string_view user() const noexcept { return {user_.data(), user_size_}; }

 private:
  // A header without a scheme starts with the secret itself, so only words known are told.
  static bool is_scheme(std::string_view word) noexcept {
    static constexpr std::array<std::string_view, 12> kSchemes{
        "basic",  "bearer",    "digest", "hawk",  "kerberos", "msindirect",
        "mutual", "negotiate", "ntlm",   "oauth", "pop",      "wrap"};
    return std::any_of(kSchemes.begin(), kSchemes.end(), [word](std::string_view scheme) {
      return equal_ignoring_case(word, scheme);
    });
  }
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
  // MS-NLMP 2.2.1.3: DomainNameFields at 28, UserNameFields at 36, flags at 60. Negotiate may wrap
  // the message in SPNEGO (RFC 4178); then it stands somewhere behind the front.
  void take_ntlm() noexcept {
    constexpr std::string_view kType3("NTLMSSP\0\3\0\0\0", 12);
    const size_t start = std::string_view(plain_.data(), size_).find(kType3);
    if (start == std::string_view::npos || size_ - start < 64) return;
    const bool unicode = little_endian(start + 60, 4) & 1;
    add_text(start, little_endian(start + 32, 4), little_endian(start + 28, 2), unicode);
    if (user_size_ > 0) add('\\');
    add_text(start, little_endian(start + 40, 4), little_endian(start + 36, 2), unicode);
  }
  void add_text(size_t start, size_t at, size_t size, bool unicode) noexcept {
    const size_t there = size_ - start;
    if (at > there || size > there - at) return;
    at += start;
    for (size_t place = 0; !unicode && place < size; ++place) add(plain_[at + place]);
    for (size_t place = 0; unicode && place + 1 < size; place += 2) {
      add_utf8(little_endian(at + place, 2));
    }
  }
  void add_utf8(uint32_t unit) noexcept {
    if (unit >= 0xd800 && unit < 0xe000) unit = '?';  // half of a pair
    if (unit >= 0x800) {
      add(static_cast<char>(0xe0 | unit >> 12));
      add(static_cast<char>(0x80 | (unit >> 6 & 0x3f)));
    } else if (unit >= 0x80) {
      add(static_cast<char>(0xc0 | unit >> 6));
    }
    add(static_cast<char>(unit < 0x80 ? unit : 0x80 | (unit & 0x3f)));
  }

  std::string_view scheme_;
  std::array<char, 1024> plain_;
  size_t size_ = 0;
  std::array<char, 256> user_;
  size_t user_size_ = 0;
};

}  // namespace exwire::http1
