// SPDX-License-Identifier: BSD-3-Clause
// What the user says about their own network.
#include <bitset>

#include "sensor/app/option_makers.hpp"

namespace exwire::app {
namespace {

using detect::OwnAddresses;
using detect::PlaintextHop;
using detect::Site;
using wire::Prefix;

template <class Way>
Option prefixes(const char* key, const char* meaning, Way way) {
  return list(
      key, meaning, way, [](const std::string& word) { return Prefix::parse(word); },
      [](const Prefix& prefix) { return to_text(prefix); }, "is no address or prefix");
}

Option ports(const char* key, const char* standard, const char* meaning,
             std::bitset<65536> flow::Watch::*member) {
  Option option{key, standard, meaning,
                [=](Config& config, const Words& words) -> Complaint {
                  std::bitset<65536> set;
                  for (const std::string& word : words) {
                    const auto port = parse_number<uint32_t>(word, 1, 65535);
                    if (!port) return "'" + word + "' is no port number";
                    set.set(*port);
                  }
                  config.watch.*member = set;
                  config.site.tls_ports = config.watch.tls_ports;
                  return {};
                },
                [=](const Config& config) {
                  Words words;
                  for (size_t port = 0; port < 65536; ++port) {
                    if ((config.watch.*member)[port]) words.push_back(std::to_string(port));
                  }
                  return bracketed(words);
                }};
  option.list = true;
  return option;
}

std::optional<PlaintextHop> parse_hop(const std::string& text) {
  constexpr std::string_view kArrow = " -> ";
  const size_t arrow = text.find(kArrow);
  const auto proxy = Prefix::parse(std::string_view(text).substr(0, arrow));
  if (!proxy) return std::nullopt;
  PlaintextHop hop{*proxy, std::nullopt};
  if (arrow != std::string::npos) {
    hop.server = Prefix::parse(std::string_view(text).substr(arrow + kArrow.size()));
    if (!hop.server) return std::nullopt;
  }
  return hop;
}

std::string hop_text(const PlaintextHop& hop) {
  if (!hop.server) return to_text(hop.proxy);
  return '"' + to_text(hop.proxy) + " -> " + to_text(*hop.server) + '"';
}

// "10.1.0.5 = 10.2.0.5", two or more.
std::optional<OwnAddresses> parse_machine(std::string_view text) {
  constexpr std::string_view kEqual = " = ";
  OwnAddresses machine;
  for (size_t equal = 0; equal != std::string_view::npos;) {
    equal = text.find(kEqual);
    const auto prefix = Prefix::parse(text.substr(0, equal));
    if (!prefix) return std::nullopt;
    machine.push_back(*prefix);
    if (equal != std::string_view::npos) text.remove_prefix(equal + kEqual.size());
  }
  if (machine.size() < 2) return std::nullopt;
  return machine;
}

std::string machine_text(const OwnAddresses& machine) {
  std::string text;
  for (const Prefix& prefix : machine) text += (text.empty() ? "\"" : " = ") + to_text(prefix);
  return text + '"';
}

}  // namespace

std::vector<Option> site_options() {
  return {
      prefixes("site.servers",
               "Exchange servers, as addresses or prefixes. Empty: learned from traffic.",
               at(&Config::site, &Site::servers)),
      ports("site.ports.tls", "[443, 444]", "Ports on which Exchange speaks TLS.",
            &flow::Watch::tls_ports),
      ports("site.ports.plaintext", "[80, 81]", "Ports on which Exchange speaks plaintext HTTP.",
            &flow::Watch::plaintext_ports),
      prefixes("site.gateways",
               "Reverse proxies and MDM gateways, as addresses or prefixes: the only ones allowed "
               "to reach the servers. Empty: nobody is told to come past a gateway.",
               at(&Config::site, &Site::gateways)),
      texts("site.allowed_agents",
            "User agents, by their front, that may fetch mail past ActiveSync though they are "
            "of phones (compare Set-CASMailbox -EwsAllowList).",
            at(&Config::site, &Site::allowed_agents)),
      list("site.plaintext_hops",
           "Legs on which plaintext is accepted (SSL bridging): a proxy's address or prefix, "
           "or \"proxy -> server\".",
           at(&Config::site, &Site::plaintext_hops), parse_hop, hop_text,
           "is neither a prefix nor \"proxy -> server\""),
      list("site.own_addresses",
           "Addresses of one server with several, as \"address = address\": what they say to "
           "each other stays within the machine.",
           at(&Config::site, &Site::own_addresses), parse_machine, machine_text,
           "is not \"address = address\""),
      one_of<bool>("site.loopback", "allow",
                   "Plaintext within one machine (127/8, ::1, source equal to destination, "
                   "site.own_addresses) is the normal front-end hop: allow, or report it like any "
                   "other.",
                   {{"allow", true}, {"report", false}},
                   at(&Config::site, &Site::loopback_allowed)),
  };
}

}  // namespace exwire::app
