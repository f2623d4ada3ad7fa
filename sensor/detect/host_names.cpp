// SPDX-License-Identifier: BSD-3-Clause
#include "sensor/detect/host_names.hpp"

#include <algorithm>
#include <array>

#include "sensor/base/bytes.hpp"

namespace exwire::detect {
namespace {

constexpr std::array<std::string_view, 3> kExchangeLabels{"autodiscover", "owa", "activesync"};
constexpr std::array<std::string_view, 9> kCommonLabels{
    "mail", "webmail", "exchange", "exch", "eas", "ews", "mapi", "oma", "outlook"};

// Public mail services, and those whose names look like mail without being it: domains of two
// labels, and the others.
constexpr std::array<std::string_view, 56> kPublicServices{"126.com",
                                                           "163.com",
                                                           "1and1.com",
                                                           "aliyun.com",
                                                           "aol.com",
                                                           "att.net",
                                                           "comcast.net",
                                                           "daum.net",
                                                           "emailsrvr.com",
                                                           "emediate.eu",
                                                           "exchangelabs.com",
                                                           "fastmail.com",
                                                           "free.fr",
                                                           "gmail.com",
                                                           "gmx.com",
                                                           "gmx.de",
                                                           "gmx.net",
                                                           "google.com",
                                                           "googleusercontent.com",
                                                           "hotmail.com",
                                                           "icloud.com",
                                                           "ionos.com",
                                                           "kundenserver.de",
                                                           "laposte.net",
                                                           "libero.it",
                                                           "live.com",
                                                           "mail.com",
                                                           "mail.ru",
                                                           "me.com",
                                                           "microsoftonline.com",
                                                           "msn.com",
                                                           "mxhichina.com",
                                                           "naver.com",
                                                           "o2.pl",
                                                           "office.com",
                                                           "office365.com",
                                                           "orange.fr",
                                                           "outlook.com",
                                                           "ovh.net",
                                                           "proton.me",
                                                           "qq.com",
                                                           "rackspace.com",
                                                           "rambler.ru",
                                                           "rediffmail.com",
                                                           "secureserver.net",
                                                           "seznam.cz",
                                                           "strato.de",
                                                           "t-online.de",
                                                           "verizon.net",
                                                           "web.de",
                                                           "wp.pl",
                                                           "yahoo.com",
                                                           "yandex.com",
                                                           "yandex.net",
                                                           "yandex.ru",
                                                           "zoho.com"};
constexpr std::array<std::string_view, 2> kPublicServicesBelow{"sina.com.cn", "yahoo.co.jp"};
constexpr size_t kMostNetbios = 15;

constexpr std::array<bool, 256> kHostLetters = [] {
  std::array<bool, 256> letters{};
  for (size_t code = 0; code < letters.size(); ++code) {
    const bool letter = (code >= 'a' && code <= 'z') || (code >= 'A' && code <= 'Z');
    letters[code] = letter || (code >= '0' && code <= '9') || code == '-' || code == '_';
  }
  return letters;
}();

bool same(std::string_view a, std::string_view b) noexcept {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(),
                    [](char x, char y) { return lower(x) == lower(y); });
}

std::string_view without_dot(std::string_view name) noexcept {
  if (name.ends_with('.')) name.remove_suffix(1);
  return name;
}

bool is_within(std::string_view name, std::string_view domain) noexcept {
  if (name.size() < domain.size()) return false;
  const size_t before = name.size() - domain.size();
  return (before == 0 || name[before - 1] == '.') && same(name.substr(before), domain);
}

// "owa", "owa2", "mail-01": the word before a number.
std::string_view word_of(std::string_view label) noexcept {
  while (!label.empty() && label.back() >= '0' && label.back() <= '9') label.remove_suffix(1);
  if (label.ends_with('-')) label.remove_suffix(1);
  return label;
}

template <size_t Count>
bool holds(const std::array<std::string_view, Count>& words, std::string_view word) noexcept {
  return std::any_of(words.begin(), words.end(), [&](auto one) { return same(one, word); });
}

bool is_address(std::string_view name) noexcept {
  return name.find_first_not_of("0123456789.") == std::string_view::npos ||
         name.find(':') != std::string_view::npos;
}

// The last two labels: for some countries a label short of a domain, which is good enough to see
// that two names have nothing to do with each other.
std::string_view domain_of(std::string_view name) noexcept {
  name = without_dot(name);
  const size_t last = name.rfind('.');
  if (last == std::string_view::npos || last == 0) return name;
  const size_t before = name.rfind('.', last - 1);
  return before == std::string_view::npos ? name : name.substr(before + 1);
}

NameSign first_label_sign(std::string_view name) noexcept {
  const size_t dot = name.find('.');
  if (dot == std::string_view::npos) return NameSign::none;
  const std::string_view word = word_of(name.substr(0, dot));
  if (holds(kExchangeLabels, word)) return NameSign::exchange;
  // mail.ru and the like are whole domains, not hosts in one.
  const bool in_domain = name.find('.', dot + 1) != std::string_view::npos;
  return in_domain && holds(kCommonLabels, word) ? NameSign::common : NameSign::none;
}

}  // namespace

bool is_host_name(std::string_view name) noexcept {
  constexpr size_t kMostName = 253, kMostLabel = 63;
  name = without_dot(name);
  size_t label = 0;
  for (const char letter : name) {
    const bool dot = letter == '.';
    const bool known = kHostLetters[static_cast<uint8_t>(letter)];
    if (dot ? label == 0 : !known || label == kMostLabel) return false;
    label = dot ? 0 : label + 1;
  }
  return label > 0 && name.size() <= kMostName && !is_address(name);
}

bool is_public_service(std::string_view name) noexcept {
  name = without_dot(name);
  return holds(kPublicServices, domain_of(name)) ||
         std::any_of(kPublicServicesBelow.begin(), kPublicServicesBelow.end(),
                     [&](std::string_view service) { return is_within(name, service); });
}

NameSign sign_of(std::string_view name, NameSign least) noexcept {
  name = without_dot(name);
  const NameSign sign = first_label_sign(name);
  const bool counts =
      sign != NameSign::none && sign >= least && is_host_name(name) && !is_public_service(name);
  return counts ? sign : NameSign::none;
}

bool covers_name(std::string_view held, std::string_view name) noexcept {
  held = without_dot(held);
  name = without_dot(name);
  if (!held.starts_with("*.")) return same(held, name);
  const size_t dot = name.find('.');
  return dot != std::string_view::npos && dot > 0 && same(held.substr(1), name.substr(dot));
}

bool covers_name(const inspect::Certificate& certificate, std::string_view name) noexcept {
  bool alternatives = false;
  for (const std::string& held : certificate.names) {
    if (is_address(held)) continue;
    alternatives = true;
    if (covers_name(held, name)) return true;
  }
  return !alternatives && covers_name(certificate.common_name, name);
}

bool shares_domain(const inspect::Certificate& certificate, std::string_view name) noexcept {
  const std::string_view domain = domain_of(name);
  return is_within(certificate.common_name, domain) ||
         std::any_of(certificate.names.begin(), certificate.names.end(),
                     [&](std::string_view held) { return is_within(without_dot(held), domain); });
}

bool has_wildcard(const inspect::Certificate& certificate) noexcept {
  return certificate.common_name.starts_with("*.") ||
         std::any_of(certificate.names.begin(), certificate.names.end(),
                     [](const std::string& name) { return name.starts_with("*."); });
}

bool is_self_provisioned(const inspect::Certificate& certificate) noexcept {
  const std::string_view host = certificate.common_name;
  if (!certificate.self_signed || host.empty()) return false;
  if (certificate.subject.size() != host.size() + 3) return false;  // "CN=" and nothing else
  if (host == "Microsoft Exchange" || host == "Microsoft Exchange Server Auth Certificate") {
    return true;
  }
  if (host.size() > kMostNetbios || host.find_first_of(". *") != std::string_view::npos) {
    return false;
  }
  if (certificate.names.empty() || certificate.names.size() > 2) return false;
  const auto is_own = [&](std::string_view name) {
    return same(name.substr(0, name.find('.')), host);
  };
  const auto is_full = [&](std::string_view name) { return name.size() > host.size() + 1; };
  return std::all_of(certificate.names.begin(), certificate.names.end(), is_own) &&
         std::any_of(certificate.names.begin(), certificate.names.end(), is_full);
}

}  // namespace exwire::detect
