// SPDX-License-Identifier: BSD-3-Clause
// URLs without their secrets: the password of a userinfo (RFC 3986 section 3.2.1) and the values of
// parameters like password= become ***. Costs one look at the text and copies nothing when there is
// no secret, which is nearly always.
#pragma once

#include <array>
#include <cstring>

#include "dissectors/http1_text.hpp"
#include "dissectors/names_by_length.hpp"

namespace exwire::http1 {

/// A caller's buffer that is written from the front; what does not fit is dropped.
class Scratch {
 public:
  Scratch(char* data, size_t capacity) noexcept : data_(data), capacity_(capacity) {}
  void add(std::string_view text) noexcept {
    const size_t kept = std::min(text.size(), capacity_ - size_);
    if (kept > 0) std::memcpy(data_ + size_, text.data(), kept);
    size_ += kept;
  }
  /// What stands there already is kept.
  void skip(size_t size) noexcept { size_ = std::min(size, capacity_); }
  std::string_view text() const noexcept { return {data_, size_}; }

 private:
  char* data_;
  size_t capacity_, size_ = 0;
};

/// The authority of an absolute or network-path reference; empty for anything else.
inline std::string_view authority_of(std::string_view url) noexcept {
  constexpr size_t kLongestScheme = 12;
  size_t start = url.substr(0, 2) == "//" ? 0 : url.substr(0, kLongestScheme + 3).find("://");
  if (start == std::string_view::npos) return {};
  start += start == 0 && url[0] == '/' ? 2 : 3;
  if (url[0] == '/' && start != 2) return {};
  static constexpr OctetSet kEnds("/?#\\");
  const size_t end = std::min(kEnds.find_in(url, start), url.size());
  return url.substr(start, end - start);
}

/// "user:password" of an authority; empty without one.
inline std::string_view userinfo_of(std::string_view authority) noexcept {
  const size_t at = authority.rfind('@');
  return at == std::string_view::npos ? std::string_view{} : authority.substr(0, at);
}

struct SecretKey {
  std::string_view name;
};
constexpr size_t kLongestSecretKey = 13;
inline constexpr auto kSecretKeys =
    by_length<kLongestSecretKey>(std::array<SecretKey, 15>{{{"access_token"},
                                                            {"assertion"},
                                                            {"canary"},
                                                            {"client_secret"},
                                                            {"code"},
                                                            {"id_token"},
                                                            {"newpwd"},
                                                            {"pass"},
                                                            {"passwd"},
                                                            {"password"},
                                                            {"passwort"},
                                                            {"pwd"},
                                                            {"refresh_token"},
                                                            {"token"},
                                                            {"x-owa-canary"}}});

/// `front`, what stands before an equals sign, ends with the whole name of a secret parameter.
inline bool ends_with_secret_key(std::string_view front) noexcept {
  static constexpr OctetSet kBegins("?&;#");
  front.remove_prefix(front.size() - std::min(front.size(), kLongestSecretKey + 1));
  const size_t begin = kBegins.find_last_in(front);
  return begin != std::string_view::npos && kSecretKeys.find(front.substr(begin + 1)) != nullptr;
}

/// Writes what `url` keeps into `out`; false when no parameter is secret.
inline bool cut_parameters(std::string_view url, Scratch& out) noexcept {
  static constexpr OctetSet kEnds("&;# ");
  bool found = false;
  size_t copied = 0;
  for (size_t equals = url.find('='); equals < url.size(); equals = url.find('=', equals + 1)) {
    if (!ends_with_secret_key(url.substr(0, equals))) continue;
    const size_t value = equals + 1;
    const size_t end = std::min(kEnds.find_in(url, value), url.size());
    if (end == value) continue;
    out.add(url.substr(copied, value - copied));
    out.add("***");
    copied = end;
    found = true;
    equals = end - 1;
  }
  if (found) out.add(url.substr(copied));
  return found;
}

/// `url` itself when it holds no secret, else a copy in `buffer` without it.
inline std::string_view without_secrets(std::string_view url, char* buffer,
                                        size_t capacity) noexcept {
  const std::string_view userinfo = userinfo_of(authority_of(url));
  const size_t colon = userinfo.find(':');
  Scratch out(buffer, capacity);
  if (colon == std::string_view::npos) return cut_parameters(url, out) ? out.text() : url;
  const auto password = static_cast<size_t>(userinfo.data() - url.data()) + colon + 1;
  const auto behind = static_cast<size_t>(userinfo.data() - url.data()) + userinfo.size();
  out.add(url.substr(0, password));
  out.add("***");
  const std::string_view rest = url.substr(behind);
  if (!cut_parameters(rest, out)) out.add(rest);
  return out.text();
}

}  // namespace exwire::http1
