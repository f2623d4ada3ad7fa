// SPDX-License-Identifier: BSD-3-Clause
#include "sensor/report/privacy.hpp"

#include <openssl/evp.h>
#include <openssl/hmac.h>

#include <algorithm>
#include <array>

#include "sensor/base/bytes.hpp"
#include "sensor/base/hex_digit.hpp"

namespace exwire::report {
namespace {

using inspect::HttpField;

std::string lowered(std::string_view text) {
  std::string low(text);
  std::transform(low.begin(), low.end(), low.begin(), lower);
  return low;
}

std::string unescaped(std::string_view text) {
  std::string out;
  for (size_t at = 0; at < text.size(); ++at) {
    const int high = text[at] == '%' && at + 2 < text.size() ? hex_digit(text[at + 1]) : -1;
    const int low = high >= 0 ? hex_digit(text[at + 2]) : -1;
    out += low >= 0 ? static_cast<char>(high << 4 | low) : text[at];
    if (low >= 0) at += 2;
  }
  return out;
}

template <size_t kSize>
bool is_one_of(std::string_view name, const std::array<std::string_view, kSize>& names) {
  return std::find(names.begin(), names.end(), lowered(name)) != names.end();
}

constexpr std::array<std::string_view, 6> kUserKeys{"user",      "username", "mailbox",
                                                    "mailboxid", "email",    "anchormailbox"};
constexpr std::array<std::string_view, 2> kDeviceKeys{"deviceid", "device"};
// Directories whose next segment is a mailbox, with or without a domain.
constexpr std::array<std::string_view, 2> kMailboxParents{"exchange", "exchange-oma"};

}  // namespace

// One person is written in many ways: case does not count, nor does escaping.
std::string Privacy::shown(std::string_view text, Shown how) const {
  if (how == Shown::clear || text.empty()) return std::string(text);
  if (how == Shown::off) return "***";
  static constexpr char kHex[] = "0123456789abcdef";
  constexpr unsigned kOctets = 8;
  const std::string low = lowered(text);
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
  unsigned size = 0;
  HMAC(EVP_sha256(), settings_.key.data(), static_cast<int>(settings_.key.size()),
       reinterpret_cast<const unsigned char*>(low.data()), low.size(), digest.data(), &size);
  std::string out = "hmac-";
  for (unsigned at = 0; at < std::min(kOctets, size); ++at) {
    out += kHex[digest[at] >> 4];
    out += kHex[digest[at] & 15];
  }
  return out;
}

std::string Privacy::parameter(std::string_view parameter) const {
  const size_t equals = parameter.find('=');
  if (equals == std::string_view::npos) return std::string(parameter);
  const std::string_view key = parameter.substr(0, equals);
  const std::string value = unescaped(parameter.substr(equals + 1));
  const bool person = is_one_of(key, kUserKeys) || value.find('@') != std::string::npos;
  if (person && settings_.users != Shown::clear) return std::string(key) + "=" + user(value);
  if (is_one_of(key, kDeviceKeys) && settings_.devices != Shown::clear) {
    return std::string(key) + "=" + device(value);
  }
  return std::string(parameter);
}

std::string Privacy::url(std::string_view url) const {
  const size_t question = std::min(url.find('?'), url.size());
  std::string out, last;
  const std::string_view path = url.substr(0, question);
  for (size_t at = 0; at <= path.size();) {
    const size_t slash = std::min(path.find('/', at), path.size());
    const std::string segment(path.substr(at, slash - at));
    const std::string plain = unescaped(segment);
    const bool person = plain.find('@') != std::string::npos || is_one_of(last, kMailboxParents);
    out += person && settings_.users != Shown::clear && !plain.empty() ? user(plain) : segment;
    if (slash < path.size()) out += '/';
    last = segment;
    at = slash + 1;
  }
  if (question == url.size()) return out;
  out += '?';
  std::string_view query = url.substr(question + 1);
  constexpr std::string_view kActiveSync = "microsoft-server-activesync";
  const bool activesync = lowered(path).find(kActiveSync) != std::string::npos;
  if (activesync && lowered(query).find("cmd=") == std::string::npos && !query.empty()) {
    return out + "***";  // base64 of device and user
  }
  while (true) {
    const size_t end = std::min(query.find('&'), query.size());
    out += parameter(query.substr(0, end));
    if (end == query.size()) return out;
    out += '&';
    query.remove_prefix(end + 1);
  }
}

detect::Facts Privacy::facts(const detect::Facts& facts) const {
  detect::Facts clean;
  for (uint32_t index = 0; index < facts.size(); ++index) {
    const detect::Facts::Fact fact = facts[index];
    const std::string_view name(fact.name);
    if (fact.is_number) {
      clean.add(fact.name, fact.number);
    } else if (name == "user") {
      clean.add(fact.name, user(fact.text));
    } else if (name == "device_id") {
      clean.add(fact.name, device(fact.text));
    } else if (name == "url_path") {
      clean.add(fact.name, url(fact.text));
    } else {
      clean.add(fact.name, fact.text);
    }
  }
  return clean;
}

inspect::HttpTransaction Privacy::transaction(const inspect::HttpTransaction& transaction) const {
  inspect::HttpTransaction clean;
  const auto replace = [&](HttpField field, const std::string& text) {
    clean.set(field, as_bytes(text));
  };
  for (const HttpField field :
       {HttpField::uri_raw, HttpField::uri, HttpField::referer, HttpField::location}) {
    if (transaction.has(field)) replace(field, url(transaction.text(field)));
  }
  for (const HttpField field : {HttpField::as_user, HttpField::auth_user}) {
    if (transaction.has(field)) replace(field, user(transaction.text(field)));
  }
  if (transaction.has(HttpField::as_device_id)) {
    replace(HttpField::as_device_id, device(transaction.text(HttpField::as_device_id)));
  }
  clean.merge(transaction);  // the fields already set stay as they are
  clean.copy_facts(transaction);
  return clean;
}

}  // namespace exwire::report
