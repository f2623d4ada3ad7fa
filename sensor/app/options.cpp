// SPDX-License-Identifier: BSD-3-Clause
#include "sensor/app/options.hpp"

#include <bitset>
#include <charconv>

#include "sensor/app/options_privacy.hpp"
#include "sensor/app/options_site.hpp"
#include "sensor/app/quantity.hpp"

namespace exwire::app {

std::string join(const std::vector<std::string>& words) {
  std::string text = "[";
  for (const std::string& word : words) {
    if (text.size() > 1) text += ", ";
    text += word;
  }
  return text + "]";
}

namespace {

using Words = std::vector<std::string>;

template <class Number>
std::optional<Number> parse_number(const std::string& text, Number least, Number most) {
  Number value{};
  const auto [rest, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || rest != text.data() + text.size()) return std::nullopt;
  if (value < least || value > most) return std::nullopt;
  return value;
}

// The makers below turn a pointer to a member into the two functions of an option's row.

template <class Part, class Number>
Option number(const char* key, const char* standard, const char* meaning, Part Config::*part,
              Number Part::*member, Number least, Number most) {
  return {key, standard, meaning,
          [=](Config& config, const Words& words) -> Complaint {
            const auto value = parse_number<Number>(words[0], least, most);
            if (!value) {
              return "a whole number from " + std::to_string(least) + " to " +
                     std::to_string(most) + " is wanted";
            }
            config.*part.*member = *value;
            return {};
          },
          [=](const Config& config) { return std::to_string(config.*part.*member); }};
}

template <class Part>
Option duration(const char* key, const char* standard, const char* meaning, Part Config::*part,
                int64_t Part::*member) {
  return {key, standard, meaning,
          [=](Config& config, const Words& words) -> Complaint {
            const auto value = parse_duration(words[0]);
            if (!value || *value == 0) return "a time with its unit is wanted, e.g. 90s or 2h10m";
            config.*part.*member = *value;
            return {};
          },
          [=](const Config& config) { return duration_to_text(config.*part.*member); }};
}

Option octets(const char* key, const char* standard, const char* meaning, uint64_t Config::*member,
              uint64_t least) {
  return {key, standard, meaning,
          [=](Config& config, const Words& words) -> Complaint {
            const auto value = parse_octets(words[0]);
            if (!value || *value < least) {
              return "a size of at least " + octets_to_text(least) + " is wanted, e.g. 768MiB";
            }
            config.*member = *value;
            return {};
          },
          [=](const Config& config) { return octets_to_text(config.*member); }};
}

/// A choice between two words, kept as a bool.
template <class Get>
Option choice(const char* key, const char* standard, const char* meaning, const char* when_true,
              const char* when_false, Get get) {
  return {key, standard, meaning,
          [=](Config& config, const Words& words) -> Complaint {
            if (words[0] != when_true && words[0] != when_false) {
              return std::string(when_true) + " or " + when_false + " is wanted";
            }
            get(config) = words[0] == when_true;
            return {};
          },
          [=](const Config& config) -> std::string {
            return get(const_cast<Config&>(config)) ? when_true : when_false;
          }};
}

/// One word of several, each with its value.
template <class Value, class Get>
Option one_of(const char* key, const char* standard, const char* meaning,
              std::vector<std::pair<const char*, Value>> values, Get get) {
  return {key, standard, meaning,
          [=](Config& config, const Words& words) -> Complaint {
            std::string wanted;
            for (const auto& [word, value] : values) {
              if (words[0] == word) {
                get(config) = value;
                return {};
              }
              wanted += (wanted.empty() ? "" : ", ") + std::string(word);
            }
            return "one of " + wanted + " is wanted";
          },
          [=](const Config& config) -> std::string {
            for (const auto& [word, value] : values) {
              if (get(const_cast<Config&>(config)) == value) return word;
            }
            return {};
          }};
}

Option checksums() {
  using wire::ChecksumMode;
  return one_of<ChecksumMode>(
      "decode.checksums", "auto",
      "Segments with a wrong checksum: ignore them unless their sender leaves the sum to its "
      "network card (auto), ignore them all but on loopback (all), or do not look (none).",
      {{"auto", ChecksumMode::automatic}, {"all", ChecksumMode::all}, {"none", ChecksumMode::none}},
      [](Config& config) -> ChecksumMode& { return config.decode.checksums; });
}

Option vlan_in_flow_key() {
  using wire::VlanMode;
  return one_of<VlanMode>(
      "decode.vlan_in_flow_key", "auto",
      "Connections of different VLANs are different ones; no, where the two directions of a "
      "connection come in different VLANs; auto, as most handshakes show.",
      {{"auto", VlanMode::automatic}, {"yes", VlanMode::in_key}, {"no", VlanMode::ignored}},
      [](Config& config) -> VlanMode& { return config.decode.vlan; });
}

Option fragments() {
  using wire::FragmentPolicy;
  return one_of<FragmentPolicy>(
      "decode.fragments", "drop",
      "IP fragments that overlap: drop the datagram as current hosts do, or join it as an older "
      "host would.",
      {{"drop", FragmentPolicy::drop},
       {"first", FragmentPolicy::first},
       {"windows-legacy", FragmentPolicy::windows_legacy},
       {"solaris", FragmentPolicy::solaris},
       {"bsd", FragmentPolicy::bsd},
       {"linux", FragmentPolicy::linux_old},
       {"last", FragmentPolicy::last}},
      [](Config& config) -> FragmentPolicy& { return config.decode.fragments; });
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
                  return join(words);
                }};
  option.list = true;
  return option;
}

using flow::OverlapPolicy;
constexpr std::pair<const char*, OverlapPolicy> kOverlapPolicies[] = {
    {"first", OverlapPolicy::first},
    {"windows-legacy", OverlapPolicy::windows_legacy},
    {"linux", OverlapPolicy::linux},
    {"last", OverlapPolicy::last}};

// "10.0.0.0/8 linux"
std::optional<flow::OverlapRule> parse_overlap(std::string_view text) {
  const size_t space = text.find(' ');
  if (space == std::string_view::npos) return std::nullopt;
  const auto prefix = detect::Prefix::parse(text.substr(0, space));
  if (!prefix) return std::nullopt;
  for (const auto& [word, policy] : kOverlapPolicies) {
    if (text.substr(space + 1) == word) {
      return flow::OverlapRule{*prefix, policy};
    }
  }
  return std::nullopt;
}

Option overlaps() {
  Option option{"flow.overlap", "[]",
                "Which copy of an octet a receiver keeps when TCP segments disagree, as "
                "\"prefix policy\": first (the default, all current Windows), windows-legacy, "
                "linux or last. Name front ends that end TCP themselves.",
                [](Config& config, const Words& words) -> Complaint {
                  std::vector<flow::OverlapRule> rules;
                  for (const std::string& word : words) {
                    const auto rule = parse_overlap(word);
                    if (!rule) return "'" + word + "' is no prefix with a policy";
                    rules.push_back(*rule);
                  }
                  config.inspect.overlap = rules;
                  return {};
                },
                [](const Config& config) {
                  Words words;
                  for (const auto& rule : config.inspect.overlap) {
                    for (const auto& [word, policy] : kOverlapPolicies) {
                      if (policy != rule.policy) continue;
                      words.push_back('"' + to_text(rule.receivers) + " " + word + '"');
                    }
                  }
                  return join(words);
                }};
  option.list = true;
  return option;
}

Option dissectors() {
  Option option{"inspect.dissectors", "[]",
                "Dissectors from files of their own (dissectors/README.md); one that bears the "
                "name of a built-in one replaces it.",
                [](Config& config, const Words& words) -> Complaint {
                  config.dissectors = words;
                  return {};
                },
                [](const Config& config) {
                  Words words;
                  for (const std::string& path : config.dissectors) {
                    words.push_back('"' + path + '"');
                  }
                  return join(words);
                }};
  option.list = true;
  return option;
}

Option sensor_name() {
  return {"outputs.sensor_name", "\"\"",
          "Name of this sensor in every event (`host`); empty: none.",
          [](Config& config, const Words& words) -> Complaint {
            if (words[0].size() > 255) return "at most 255 octets are wanted";
            config.sensor_name = words[0];
            return {};
          },
          [](const Config& config) { return '"' + config.sensor_name + '"'; }};
}

Option stats_interval() {
  return {"outputs.stats_interval", "30s", "How often counters are told, in packet time.",
          [](Config& config, const Words& words) -> Complaint {
            const auto value = parse_duration(words[0]);
            if (!value || *value < kNanosPerSecond) return "at least 1s is wanted, e.g. 30s";
            config.stats_interval_ns = *value;
            return {};
          },
          [](const Config& config) { return duration_to_text(config.stats_interval_ns); }};
}

Option community_id_seed() {
  return {"outputs.community_id_seed", "0",
          "Seed of the Community ID; the same on all sensors whose events are joined.",
          [](Config& config, const Words& words) -> Complaint {
            const auto value = parse_number<uint16_t>(words[0], 0, 65535);
            if (!value) return "a whole number from 0 to 65535 is wanted";
            config.community_id_seed = *value;
            return {};
          },
          [](const Config& config) { return std::to_string(config.community_id_seed); }};
}

Option stall_limit(const char* key, const char* standard, const char* meaning,
                   int64_t detect::StallSettings::*member) {
  return {key, standard, meaning,
          [=](Config& config, const Words& words) -> Complaint {
            const auto value = parse_duration(words[0]);
            if (!value || *value < kNanosPerSecond || *value > 512 * kNanosPerSecond) {
              return "a time from 1s to 512s is wanted, e.g. 30s";
            }
            config.site.stalled.*member = *value;
            return {};
          },
          [=](const Config& config) { return duration_to_text(config.site.stalled.*member); }};
}

Option stall_minimum() {
  return {"stalled.minimum", "50", "Stalled connections of one server that are worth a finding.",
          [](Config& config, const Words& words) -> Complaint {
            const auto value = parse_number<uint32_t>(words[0], 2, 1000000);
            if (!value) return "a whole number from 2 to 1000000 is wanted";
            config.site.stalled.minimum = *value;
            return {};
          },
          [](const Config& config) { return std::to_string(config.site.stalled.minimum); }};
}

Option push_time(const char* key, const char* standard, const char* meaning,
                 int64_t detect::PushSettings::*member) {
  return {key, standard, meaning,
          [=](Config& config, const Words& words) -> Complaint {
            const auto value = parse_duration(words[0]);
            if (!value || *value < kNanosPerSecond) return "a time of at least 1s is wanted";
            config.site.push.*member = *value;
            return {};
          },
          [=](const Config& config) { return duration_to_text(config.site.push.*member); }};
}

Option push_samples() {
  return {"direct_push.samples", "200", "Newest heartbeats the average is taken of.",
          [](Config& config, const Words& words) -> Complaint {
            const auto value = parse_number<uint32_t>(words[0], 5, 1000);
            if (!value) return "a whole number from 5 to 1000 is wanted";
            config.site.push.samples = *value;
            return {};
          },
          [](const Config& config) { return std::to_string(config.site.push.samples); }};
}

std::vector<Option> make_options() {
  using flow::FlowSettings;
  using inspect::InspectSettings;
  return {
      servers(),
      ports("site.ports.tls", "[443, 444]", "Ports on which Exchange speaks TLS.",
            &flow::Watch::tls_ports),
      ports("site.ports.plaintext", "[80, 81]", "Ports on which Exchange speaks plaintext HTTP.",
            &flow::Watch::plaintext_ports),
      gateways(),
      allowed_agents(),
      plaintext_hops(),
      own_addresses(),
      choice("site.loopback", "allow",
             "Plaintext within one machine (127/8, ::1, source equal to destination, "
             "site.own_addresses) is the normal front-end hop: allow, or report it like any other.",
             "allow", "report",
             [](Config& config) -> bool& { return config.site.loopback_allowed; }),
      stall_limit("stalled.half_open", "6s",
                  "A SYN without answer, or an answer without the third packet, is a stall after.",
                  &detect::StallSettings::half_open_ns),
      stall_limit("stalled.handshake", "10s", "A TLS handshake that is not finished is one after.",
                  &detect::StallSettings::handshake_ns),
      stall_limit("stalled.first_request", "30s",
                  "A connection on which the client has sent no request is one after.",
                  &detect::StallSettings::first_request_ns),
      stall_limit("stalled.request_head", "10s",
                  "A request head that has begun and is not complete is one after.",
                  &detect::StallSettings::request_head_ns),
      stall_limit("stalled.request_body", "30s",
                  "A request of which less than 16 KiB arrive within this time is one.",
                  &detect::StallSettings::request_body_ns),
      stall_limit(
          "stalled.response_stall", "30s",
          "A client with a shut window that takes less than 16 KiB within this time is one.",
          &detect::StallSettings::response_stall_ns),
      stall_minimum(),
      push_time("direct_push.shortest_gap", "30s",
                "Silence of a connection that tells something about the boxes on its way.",
                &detect::PushSettings::shortest_gap_ns),
      push_time("direct_push.shortest_heartbeat", "1m",
                "A wait for an answer under TLS that may be a heartbeat.",
                &detect::PushSettings::shortest_heartbeat_ns),
      push_time("direct_push.required", "30m", "Idle timeouts at least this long are no finding.",
                &detect::PushSettings::required_ns),
      push_time("direct_push.average", "9m",
                "Average of the newest heartbeats that is too short (Exchange: "
                "HeartbeatAlertThreshold).",
                &detect::PushSettings::average_ns),
      push_samples(),
      choice("direct_push.tell_drops", "no", "Tell every connection dropped while idle.", "yes",
             "no", [](Config& config) -> bool& { return config.site.push.tell_drops; }),
      checksums(),
      fragments(),
      vlan_in_flow_key(),
      choice("decode.remove_duplicates", "yes",
             "Drop the second copy of a packet that a span port shows within a millisecond.", "yes",
             "no", [](Config& config) -> bool& { return config.decode.remove_duplicates; }),
      overlaps(),
      number("flow.most", "1048576", "Connections followed at once, 192 octets each.",
             &Config::flow, &FlowSettings::most_flows, 1024U, 1U << 26),
      number("flow.half_open", "262144", "Handshakes watched at once, 64 octets each.",
             &Config::flow, &FlowSettings::half_open_entries, 1024U, 1U << 26),
      duration("flow.timeout.watched", "2h10m",
               "Silence after which a connection to one of site.ports is over.", &Config::flow,
               &FlowSettings::watched_timeout_ns),
      duration("flow.timeout.other", "1h", "The same for all other connections.", &Config::flow,
               &FlowSettings::other_timeout_ns),
      duration("flow.timeout.closing", "10m", "The same once one side has closed.", &Config::flow,
               &FlowSettings::closing_timeout_ns),
      push_time("flow.interim", "15m", "Silent connections are shown by a flow event this often.",
                &detect::PushSettings::interim_ns),
      number("inspect.sessions", "32768", "Connections looked into at one moment.",
             &Config::inspect, &InspectSettings::most_sessions, 16U, 65535U),
      number("inspect.transactions", "16384", "HTTP requests that may wait for their answer.",
             &Config::inspect, &InspectSettings::most_transactions, 16U, 1U << 22),
      choice("inspect.ndpi", "unknown",
             "Ask nDPI for a label of connections no dissector knows, or not at all.", "unknown",
             "off", [](Config& config) -> bool& { return config.inspect.label_unknown; }),
      dissectors(),
      octets("memory.limit", "768MiB", "What all tables together may hold.", &Config::memory_limit,
             uint64_t{64} << 20),
      octets("capture.buffer", "64MiB", "Kernel buffer per interface of a live capture.",
             &Config::capture_buffer, uint64_t{1} << 20),
      sensor_name(),
      community_id_seed(),
      choice("outputs.extended", "no",
             "Adds a top-level `exchange` object to events; leaves the strict EVE schema.", "yes",
             "no", [](Config& config) -> bool& { return config.extended; }),
      choice("outputs.pcap_filename", "no", "Adds the capture file's name to events.", "yes", "no",
             [](Config& config) -> bool& { return config.pcap_filename; }),
      stats_interval(),
      privacy_users(),
      privacy_devices(),
      privacy_key_file(),
  };
}

}  // namespace

const std::vector<Option>& options() {
  static const std::vector<Option> all = make_options();
  return all;
}

}  // namespace exwire::app
