// SPDX-License-Identifier: BSD-3-Clause
#include "sensor/report/redact.hpp"

#include <algorithm>
#include <array>

#include "sensor/base/bytes.hpp"

namespace exwire::report {
namespace {

constexpr std::string_view kMask = "***";
constexpr std::array<std::string_view, 9> kSecretKeys{"password", "passwd",        "pwd",
                                                      "pass",     "access_token",  "token",
                                                      "id_token", "client_secret", "sessionid"};

constexpr OctetSet kLastLetters("dDnNsStT");  // of a secret key
static_assert(std::all_of(kSecretKeys.begin(), kSecretKeys.end(),
                          [](std::string_view key) { return kLastLetters.has(key.back()); }));

bool is_secret(std::string_view key) noexcept {
  return std::any_of(kSecretKeys.begin(), kSecretKeys.end(),
                     [&](std::string_view secret) { return equal_ignoring_case(key, secret); });
}

// "scheme://user:password@": the password, empty when there is none.
std::string_view userinfo_password(std::string_view uri) noexcept {
  constexpr size_t kLongestScheme = 16;
  static constexpr OctetSet kEnds("/?#");
  const size_t scheme = uri.substr(0, kLongestScheme + 3).find("://");
  if (scheme == std::string_view::npos) return {};
  const std::string_view authority =
      uri.substr(scheme + 3, kEnds.find_in(uri, scheme + 3) - scheme - 3);
  const size_t at = authority.rfind('@');
  if (at == std::string_view::npos) return {};
  const size_t colon = authority.find(':');
  if (colon >= at) return {};
  return authority.substr(colon + 1, at - colon - 1);
}

// What stands between a separator and the equals sign, as far as it can be a secret key.
std::string_view key_before(std::string_view uri, size_t equals) noexcept {
  constexpr size_t kLongest =
      std::max_element(kSecretKeys.begin(), kSecretKeys.end(), [](auto one, auto other) {
        return one.size() < other.size();
      })->size();
  static constexpr OctetSet kSeparators("?&;");
  for (size_t size = 0; size <= kLongest && size < equals; ++size) {
    if (kSeparators.has(uri[equals - size - 1])) return uri.substr(equals - size, size);
  }
  return {};
}

// The next value of a secret key at or behind `from`. Found by its equals sign: there are fewer of
// them than of anything else.
std::string_view secret_value(std::string_view uri, size_t from) noexcept {
  static constexpr OctetSet kEnds("&;#");
  for (size_t equals = uri.find('=', from); equals != std::string_view::npos;
       equals = uri.find('=', equals + 1)) {
    if (equals == 0 || !kLastLetters.has(uri[equals - 1])) continue;
    if (!is_secret(key_before(uri, equals))) continue;
    const std::string_view value =
        uri.substr(equals + 1, kEnds.find_in(uri, equals + 1) - equals - 1);
    if (!value.empty()) return value;
  }
  return {};
}

}  // namespace

std::string_view redact_uri(std::string_view uri, std::string& scratch) {
  bool copied = false;
  const auto mask = [&](std::string_view secret) {
    const auto at = static_cast<size_t>(secret.data() - uri.data());
    const size_t size = secret.size();
    if (!copied) scratch.assign(uri);
    scratch.replace(at, size, kMask);
    copied = true;
    uri = scratch;
    return at + kMask.size();
  };
  if (const std::string_view password = userinfo_password(uri); !password.empty()) mask(password);
  size_t from = 0;
  for (std::string_view value; !(value = secret_value(uri, from)).empty();) from = mask(value);
  return uri;
}

}  // namespace exwire::report
