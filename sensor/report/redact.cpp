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

// The next value of a secret key at or behind `from`.
std::string_view secret_value(std::string_view uri, size_t from) noexcept {
  static constexpr OctetSet kBegins("?&;"), kEnds("&;#"), kNext("&;");
  size_t at = kBegins.find_in(uri, from);
  while (at != std::string_view::npos) {
    const size_t end = std::min(kEnds.find_in(uri, at + 1), uri.size());
    const std::string_view pair = uri.substr(at + 1, end - at - 1);
    const size_t equals = pair.find('=');
    if (equals != std::string_view::npos && equals + 1 < pair.size() &&
        is_secret(pair.substr(0, equals))) {
      return pair.substr(equals + 1);
    }
    at = kNext.find_in(uri, end);
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
