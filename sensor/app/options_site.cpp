// SPDX-License-Identifier: BSD-3-Clause
#include "sensor/app/options_site.hpp"

namespace exwire::app {
namespace {

using Words = std::vector<std::string>;

Option prefixes(const char* key, const char* meaning,
                std::vector<detect::Prefix> detect::Site::*member) {
  Option option{key, "[]", meaning,
                [member](Config& config, const Words& words) -> Complaint {
                  std::vector<detect::Prefix> read;
                  for (const std::string& word : words) {
                    const auto prefix = detect::Prefix::parse(word);
                    if (!prefix) return "'" + word + "' is no address or prefix";
                    read.push_back(*prefix);
                  }
                  config.site.*member = read;
                  return {};
                },
                [member](const Config& config) {
                  Words words;
                  for (const auto& prefix : config.site.*member) words.push_back(to_text(prefix));
                  return join(words);
                }};
  option.list = true;
  return option;
}

std::optional<detect::PlaintextHop> parse_hop(const std::string& text) {
  constexpr std::string_view kArrow = " -> ";
  const size_t arrow = text.find(kArrow);
  const auto proxy = detect::Prefix::parse(std::string_view(text).substr(0, arrow));
  if (!proxy) return std::nullopt;
  detect::PlaintextHop hop{*proxy, std::nullopt};
  if (arrow != std::string::npos) {
    hop.server = detect::Prefix::parse(std::string_view(text).substr(arrow + kArrow.size()));
    if (!hop.server) return std::nullopt;
  }
  return hop;
}

// "10.1.0.5 = 10.2.0.5", two or more.
std::optional<detect::OwnAddresses> parse_machine(std::string_view text) {
  constexpr std::string_view kEqual = " = ";
  detect::OwnAddresses machine;
  for (size_t equal = 0; equal != std::string_view::npos;) {
    equal = text.find(kEqual);
    const auto prefix = detect::Prefix::parse(text.substr(0, equal));
    if (!prefix) return std::nullopt;
    machine.push_back(*prefix);
    if (equal != std::string_view::npos) text.remove_prefix(equal + kEqual.size());
  }
  if (machine.size() < 2) return std::nullopt;
  return machine;
}

}  // namespace

Option servers() {
  return prefixes("site.servers",
                  "Exchange servers, as addresses or prefixes. Empty: learned from traffic.",
                  &detect::Site::servers);
}

Option gateways() {
  return prefixes(
      "site.gateways",
      "Reverse proxies and MDM gateways, as addresses or prefixes: the only ones allowed "
      "to reach the servers. Empty: nobody is told to come past a gateway.",
      &detect::Site::gateways);
}

Option allowed_agents() {
  Option option{"site.allowed_agents", "[]",
                "User agents, by their front, that may fetch mail past ActiveSync though they are "
                "of phones (compare Set-CASMailbox -EwsAllowList).",
                [](Config& config, const Words& words) -> Complaint {
                  config.site.allowed_agents = words;
                  return {};
                },
                [](const Config& config) {
                  Words words;
                  for (const std::string& agent : config.site.allowed_agents) {
                    words.push_back("\"" + agent + "\"");
                  }
                  return join(words);
                }};
  option.list = true;
  return option;
}

Option plaintext_hops() {
  Option option{"site.plaintext_hops", "[]",
                "Legs on which plaintext is accepted (SSL bridging): a proxy's address or prefix, "
                "or \"proxy -> server\".",
                [](Config& config, const Words& words) -> Complaint {
                  std::vector<detect::PlaintextHop> hops;
                  for (const std::string& word : words) {
                    const auto hop = parse_hop(word);
                    if (!hop) return "'" + word + "' is neither a prefix nor \"proxy -> server\"";
                    hops.push_back(*hop);
                  }
                  config.site.plaintext_hops = hops;
                  return {};
                },
                [](const Config& config) {
                  Words words;
                  for (const auto& hop : config.site.plaintext_hops) {
                    words.push_back(hop.server ? '"' + to_text(hop.proxy) + " -> " +
                                                     to_text(*hop.server) + '"'
                                               : to_text(hop.proxy));
                  }
                  return join(words);
                }};
  option.list = true;
  return option;
}

Option own_addresses() {
  Option option{"site.own_addresses", "[]",
                "Addresses of one server with several, as \"address = address\": what they say to "
                "each other stays within the machine.",
                [](Config& config, const Words& words) -> Complaint {
                  std::vector<detect::OwnAddresses> machines;
                  for (const std::string& word : words) {
                    const auto machine = parse_machine(word);
                    if (!machine) return "'" + word + "' is not \"address = address\"";
                    machines.push_back(*machine);
                  }
                  config.site.own_addresses = machines;
                  return {};
                },
                [](const Config& config) {
                  Words words;
                  for (const detect::OwnAddresses& machine : config.site.own_addresses) {
                    std::string word;
                    for (const detect::Prefix& prefix : machine) {
                      word += (word.empty() ? "\"" : " = ") + to_text(prefix);
                    }
                    words.push_back(word + '"');
                  }
                  return join(words);
                }};
  option.list = true;
  return option;
}

}  // namespace exwire::app
