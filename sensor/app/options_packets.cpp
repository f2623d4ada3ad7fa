// SPDX-License-Identifier: BSD-3-Clause
// How packets are read, what is followed and for how long, and what all of it may hold.
#include <algorithm>
#include <array>

#include "sensor/app/option_makers.hpp"

namespace exwire::app {
namespace {

using flow::FlowSettings;
using flow::OverlapPolicy;
using flow::OverlapRule;
using inspect::InspectSettings;
using wire::ChecksumMode;
using wire::DecodeSettings;
using wire::FragmentPolicy;
using wire::VlanMode;

constexpr std::array<std::pair<const char*, OverlapPolicy>, 4> kOverlapPolicies{
    {{"first", OverlapPolicy::first},
     {"windows-legacy", OverlapPolicy::windows_legacy},
     {"linux", OverlapPolicy::linux},
     {"last", OverlapPolicy::last}}};

// "10.0.0.0/8 linux"
std::optional<OverlapRule> parse_overlap(std::string_view text) {
  const size_t space = text.find(' ');
  if (space == std::string_view::npos) return std::nullopt;
  const auto prefix = wire::Prefix::parse(text.substr(0, space));
  if (!prefix) return std::nullopt;
  for (const auto& [word, policy] : kOverlapPolicies) {
    if (text.substr(space + 1) == word) return OverlapRule{*prefix, policy};
  }
  return std::nullopt;
}

std::string overlap_text(const OverlapRule& rule) {
  const auto* named = std::find_if(kOverlapPolicies.begin(), kOverlapPolicies.end(),
                                   [&](const auto& row) { return row.second == rule.policy; });
  return '"' + to_text(rule.receivers) + " " + named->first + '"';
}

std::vector<Option> decode_options() {
  return {
      one_of<ChecksumMode>(
          "decode.checksums", "auto",
          "Segments with a wrong checksum: ignore them unless their sender leaves the sum to its "
          "network card (auto), ignore them all but on loopback (all), or do not look (none).",
          {{"auto", ChecksumMode::automatic},
           {"all", ChecksumMode::all},
           {"none", ChecksumMode::none}},
          at(&Config::decode, &DecodeSettings::checksums)),
      one_of<FragmentPolicy>(
          "decode.fragments", "drop",
          "IP fragments that overlap: drop the datagram as current hosts do, or join it as an "
          "older host would.",
          {{"drop", FragmentPolicy::drop},
           {"first", FragmentPolicy::first},
           {"windows-legacy", FragmentPolicy::windows_legacy},
           {"solaris", FragmentPolicy::solaris},
           {"bsd", FragmentPolicy::bsd},
           {"linux", FragmentPolicy::linux_old},
           {"last", FragmentPolicy::last}},
          at(&Config::decode, &DecodeSettings::fragments)),
      one_of<VlanMode>(
          "decode.vlan_in_flow_key", "auto",
          "Connections of different VLANs are different ones; no, where the two directions of a "
          "connection come in different VLANs; auto, as most handshakes show.",
          {{"auto", VlanMode::automatic}, {"yes", VlanMode::in_key}, {"no", VlanMode::ignored}},
          at(&Config::decode, &DecodeSettings::vlan)),
      yes_or_no("decode.remove_duplicates", "yes",
                "Drop the second copy of a packet that a span port shows within a millisecond.",
                at(&Config::decode, &DecodeSettings::remove_duplicates)),
  };
}

std::vector<Option> flow_options() {
  return {
      list("flow.overlap",
           "Which copy of an octet a receiver keeps when TCP segments disagree, as "
           "\"prefix policy\": first (the default, all current Windows), windows-legacy, "
           "linux or last. Name front ends that end TCP themselves.",
           at(&Config::inspect, &InspectSettings::overlap), parse_overlap, overlap_text,
           "is no prefix with a policy"),
      number("flow.most", "1048576", "Connections followed at once, 192 octets each.",
             at(&Config::flow, &FlowSettings::most_flows), 1024U, 1U << 26),
      number("flow.half_open", "262144", "Handshakes watched at once, 64 octets each.",
             at(&Config::flow, &FlowSettings::half_open_entries), 1024U, 1U << 26),
      duration("flow.timeout.watched", "2h10m",
               "Silence after which a connection to one of site.ports is over.",
               at(&Config::flow, &FlowSettings::watched_timeout_ns)),
      duration("flow.timeout.other", "1h", "The same for all other connections.",
               at(&Config::flow, &FlowSettings::other_timeout_ns)),
      duration("flow.timeout.closing", "10m", "The same once one side has closed.",
               at(&Config::flow, &FlowSettings::closing_timeout_ns)),
      duration("flow.interim", "15m", "Silent connections are shown by a flow event this often.",
               at(&Config::site, &detect::Site::push, &detect::PushSettings::interim_ns),
               kNanosPerSecond),
  };
}

std::vector<Option> inspect_options() {
  return {
      number("inspect.sessions", "32768", "Connections looked into at one moment.",
             at(&Config::inspect, &InspectSettings::most_sessions), 16U, 65535U),
      number("inspect.transactions", "16384", "HTTP requests that may wait for their answer.",
             at(&Config::inspect, &InspectSettings::most_transactions), 16U, 1U << 22),
      one_of<bool>("inspect.ndpi", "unknown",
                   "Ask nDPI for a label of connections no dissector knows, or not at all.",
                   {{"unknown", true}, {"off", false}},
                   at(&Config::inspect, &InspectSettings::label_unknown)),
      texts("inspect.dissectors",
            "Dissectors from files of their own (dissectors/README.md); one that bears the "
            "name of a built-in one replaces it.",
            at(&Config::dissectors)),
      octets("memory.limit", "768MiB", "What all tables together may hold.",
             at(&Config::memory_limit), uint64_t{64} << 20),
      octets("capture.buffer", "64MiB", "Kernel buffer per interface of a live capture.",
             at(&Config::capture_buffer), uint64_t{1} << 20),
  };
}

}  // namespace

std::vector<Option> packet_options() {
  std::vector<Option> rows = decode_options();
  for (auto& row : flow_options()) rows.push_back(std::move(row));
  for (auto& row : inspect_options()) rows.push_back(std::move(row));
  return rows;
}

}  // namespace exwire::app
