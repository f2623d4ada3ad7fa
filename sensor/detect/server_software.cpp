// SPDX-License-Identifier: BSD-3-Clause
#include "sensor/detect/server_software.hpp"

#include <algorithm>
#include <charconv>

#include "sensor/inspect/exchange_product.hpp"

namespace exwire::detect {
namespace {

using inspect::HttpField;
using inspect::HttpTransaction;

constexpr std::string_view kIis = "Microsoft-IIS/";

// "15.2.1118.7": as many numbers as there are, up to the size of `numbers`.
template <class Numbers>
void read_version(std::string_view text, Numbers& numbers) noexcept {
  const char* at = text.data();
  const char* end = at + text.size();
  for (auto& number : numbers) {
    const auto [rest, error] = std::from_chars(at, end, number);
    if (error != std::errc{}) return;
    if (rest == end || *rest != '.') return;
    at = rest + 1;
  }
}

// "2.5,12.0,14.1": the greatest, as 141.
uint8_t newest_protocol(std::string_view list) noexcept {
  uint8_t newest = 0;
  while (!list.empty()) {
    const size_t comma = std::min(list.find(','), list.size());
    std::array<uint8_t, 2> version{};
    const size_t start = std::min(list.find_first_not_of(' '), comma);
    read_version(list.substr(start, comma - start), version);
    if (version[0] <= 16 && version[1] < 10) {
      newest = std::max(newest, static_cast<uint8_t>(version[0] * 10 + version[1]));
    }
    list.remove_prefix(std::min(comma + 1, list.size()));
  }
  return newest;
}

// MS-ASHTTP product behaviour: with which product a protocol came.
std::string_view oldest_product_with(uint8_t protocol) noexcept {
  switch (protocol) {
    case 25:
      return "Exchange 2003 or later";
    case 120:
    case 121:
      return "Exchange 2007 or later";
    case 140:
      return "Exchange 2010 or later";
    case 141:
      return "Exchange 2010 SP1 or later";
    case 160:
    case 161:
      return "Exchange 2016 or later";
    default:
      return {};
  }
}

}  // namespace

void ServerSoftware::add(const ServerSoftware& other) noexcept {
  // A longer number tells more: MS-Server-ActiveSync gives 15.2 where Outlook on the web gives all.
  if (other.build[2] != 0 || build[0] == 0) build = other.build[0] == 0 ? build : other.build;
  if (other.iis[0] != 0) iis = other.iis;
  protocol = std::max(protocol, other.protocol);
  front_end |= other.front_end;
}

// Others than IIS speak ActiveSync, too, and claim versions of Exchange.
ServerSoftware software_of(const HttpTransaction& transaction) noexcept {
  ServerSoftware software;
  const std::string_view server = transaction.text(HttpField::server);
  if (server.substr(0, kIis.size()) == kIis) {
    read_version(server.substr(kIis.size()), software.iis);
    read_version(transaction.text(HttpField::server_activesync), software.build);
    software.protocol = newest_protocol(transaction.text(HttpField::as_versions));
    software.front_end = transaction.has(HttpField::fe_server);
  }
  if (transaction.has(HttpField::owa_version)) {
    read_version(transaction.text(HttpField::owa_version), software.build);
  }
  return software;
}

std::string_view product_of(const ServerSoftware& software) noexcept {
  std::array<char, 12> text{};
  char* end = std::to_chars(text.begin(), text.end(), software.build[0]).ptr;
  *end++ = '.';
  end = std::to_chars(end, text.end(), software.build[1]).ptr;
  const std::string_view product = inspect::product_of_build(
      std::string_view(text.data(), static_cast<size_t>(end - text.data())));
  return product.empty() ? oldest_product_with(software.protocol) : product;
}

std::string build_of(const ServerSoftware& software) {
  if (software.build[0] == 0) return {};
  std::string text = std::to_string(software.build[0]) + "." + std::to_string(software.build[1]);
  if (software.build[2] == 0) return text;
  return text + "." + std::to_string(software.build[2]) + "." + std::to_string(software.build[3]);
}

std::string web_server_of(const ServerSoftware& software) {
  if (software.iis[0] == 0) return {};
  return std::string(kIis) + std::to_string(software.iis[0]) + "." +
         std::to_string(software.iis[1]);
}

std::string_view role_of(const KnownServer& server) noexcept {
  constexpr uint16_t kBackEndTls = 444, kBackEndPlain = 81;
  if (server.port == kBackEndTls || server.port == kBackEndPlain) return "back end";
  return server.software.front_end ? "front end" : "";
}

}  // namespace exwire::detect
