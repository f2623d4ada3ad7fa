// SPDX-License-Identifier: BSD-3-Clause
#include "sensor/detect/client_agents.hpp"

#include <algorithm>
#include <array>

#include "sensor/base/bytes.hpp"
#include "sensor/detect/site.hpp"

namespace exwire::detect {
namespace {

enum class Where : uint8_t { front, anywhere };

struct Pattern {
  std::string_view text;  ///< lower case
  Where where;
  ClientKind kind;
};

// The first that fits counts.
constexpr std::array kPatterns{
    Pattern{"outlook-ios-android/", Where::front, ClientKind::relay},
    Pattern{"outlook-ios/", Where::front, ClientKind::relay},
    Pattern{"outlook-android/", Where::front, ClientKind::relay},
    Pattern{"microsoft-server-activesync/", Where::front, ClientKind::server},
    Pattern{"exchangewebservicesproxy/", Where::front, ClientKind::server},
    Pattern{"asproxy/", Where::front, ClientKind::server},
    Pattern{"microsoft exchange", Where::front, ClientKind::server},
    Pattern{"amprobe/", Where::front, ClientKind::probe},
    Pattern{"msexchmon", Where::anywhere, ClientKind::probe},
    Pattern{"microsoft.exchange.monitoring", Where::anywhere, ClientKind::probe},
    Pattern{"testactivesyncconnectivity", Where::anywhere, ClientKind::probe},
    Pattern{"connectivity analyzer", Where::anywhere, ClientKind::probe},
    Pattern{"exchangeservicesclient/", Where::front, ClientKind::application},
    Pattern{"exchangelib/", Where::front, ClientKind::application},
    Pattern{"python-", Where::front, ClientKind::application},
    Pattern{"davmail", Where::anywhere, ClientKind::application},
    Pattern{"mac os x/", Where::front, ClientKind::desktop},
    Pattern{"macos/", Where::front, ClientKind::desktop},
    Pattern{"macoutlook/", Where::anywhere, ClientKind::desktop},
    Pattern{"microsoft-macoutlook/", Where::front, ClientKind::desktop},
    Pattern{"appleexchangewebservices/", Where::front, ClientKind::desktop},
    Pattern{"microsoft office/", Where::front, ClientKind::desktop},
    Pattern{"microsoft outlook", Where::front, ClientKind::desktop},
    Pattern{"microsoft.outlook", Where::front, ClientKind::desktop},
    Pattern{"outlook/", Where::front, ClientKind::desktop},
    Pattern{"msrpc", Where::front, ClientKind::desktop},
    Pattern{"windowsmail/", Where::front, ClientKind::desktop},
    Pattern{"evolution/", Where::front, ClientKind::desktop},
    Pattern{"sipe/", Where::front, ClientKind::desktop},
    Pattern{"oc/", Where::front, ClientKind::desktop},
    Pattern{"apple-i", Where::front, ClientKind::mobile},
    Pattern{"ios/", Where::front, ClientKind::mobile},
    Pattern{"iphone", Where::anywhere, ClientKind::mobile},
    Pattern{"ipad", Where::anywhere, ClientKind::mobile},
    Pattern{"ipod", Where::anywhere, ClientKind::mobile},
    Pattern{"android", Where::anywhere, ClientKind::mobile},
    Pattern{"-eas-", Where::anywhere, ClientKind::mobile},
    Pattern{"samsung", Where::front, ClientKind::mobile},
    Pattern{"htc-", Where::front, ClientKind::mobile},
    Pattern{"moto-", Where::front, ClientKind::mobile},
    Pattern{"motorola-", Where::front, ClientKind::mobile},
    Pattern{"lgmc-", Where::front, ClientKind::mobile},
    Pattern{"pantech-", Where::front, ClientKind::mobile},
    Pattern{"touchdown(", Where::front, ClientKind::mobile},
    Pattern{"easclient/", Where::front, ClientKind::mobile},
    Pattern{"remoba-", Where::front, ClientKind::mobile},
    Pattern{"apache-httpclient/unavailable", Where::front, ClientKind::mobile},
    Pattern{"msft-ppc/", Where::front, ClientKind::mobile},
    Pattern{"msft-sphone/", Where::front, ClientKind::mobile},
    Pattern{"msft-wp/", Where::front, ClientKind::mobile},
    Pattern{"microsoft-pocketpc/", Where::front, ClientKind::mobile},
    Pattern{"microsoft-airsync/", Where::front, ClientKind::mobile},
    Pattern{"windows phone", Where::anywhere, ClientKind::mobile},
    Pattern{"windows ce", Where::anywhere, ClientKind::mobile},
    Pattern{"zunehd", Where::anywhere, ClientKind::mobile},
    Pattern{"nokia", Where::front, ClientKind::mobile},
    Pattern{"mailforexchange", Where::anywhere, ClientKind::mobile},
    Pattern{"meego-", Where::front, ClientKind::mobile},
    Pattern{"symbian", Where::anywhere, ClientKind::mobile},
    Pattern{"palm/", Where::front, ClientKind::mobile},
    Pattern{"blackberry", Where::anywhere, ClientKind::mobile},
    Pattern{"bb10", Where::anywhere, ClientKind::mobile},
    Pattern{"rim-playbook/", Where::front, ClientKind::mobile},
    Pattern{" mobile", Where::anywhere, ClientKind::mobile},
    Pattern{"windows nt", Where::anywhere, ClientKind::desktop},
    Pattern{"macintosh", Where::anywhere, ClientKind::desktop},
    Pattern{"x11;", Where::anywhere, ClientKind::desktop},
};

// `agent` in lower case.
bool fits(const Pattern& pattern, std::string_view agent) noexcept {
  return pattern.where == Where::front ? agent.starts_with(pattern.text)
                                       : agent.find(pattern.text) != std::string_view::npos;
}

/// An IPv4 prefix: its first three octets and its length in bits.
struct Range {
  uint8_t first, second, third, bits;
};
// Exchange Online and Outlook mobile in Microsoft's published list of addresses.
constexpr std::array kRelays{
    Range{13, 107, 128, 22}, Range{40, 96, 0, 13},   Range{40, 104, 0, 15}, Range{52, 96, 0, 14},
    Range{52, 125, 128, 20}, Range{52, 127, 96, 23}, Range{132, 245, 0, 16}};

}  // namespace

const char* to_text(ClientKind kind) noexcept {
  static constexpr std::array kNames{"unknown",     "mobile", "cloud relay", "desktop",
                                     "application", "server", "probe"};
  return kNames[static_cast<size_t>(kind)];
}

ClientKind kind_of_agent(std::string_view user_agent) noexcept {
  constexpr size_t kLongest = 256;  // what stands behind it decides nothing
  user_agent = user_agent.substr(0, kLongest);
  std::array<char, kLongest> letters;
  std::transform(user_agent.begin(), user_agent.end(), letters.begin(), lower);
  const std::string_view agent(letters.data(), user_agent.size());
  const auto found = std::find_if(kPatterns.begin(), kPatterns.end(),
                                  [&](const Pattern& pattern) { return fits(pattern, agent); });
  return found == kPatterns.end() ? ClientKind::unknown : found->kind;
}

bool is_cloud_relay(const wire::Address& address, uint8_t ip_version) noexcept {
  return std::any_of(kRelays.begin(), kRelays.end(), [&](const Range& range) {
    const Prefix prefix{{range.first, range.second, range.third}, 4, range.bits};
    return prefix.covers(address, ip_version);
  });
}

}  // namespace exwire::detect
