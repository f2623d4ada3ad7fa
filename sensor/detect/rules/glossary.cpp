// SPDX-License-Identifier: BSD-3-Clause
#include "sensor/detect/rules/glossary.hpp"

#include <algorithm>

#include "sensor/base/result.hpp"
#include "sensor/detect/rules/building.hpp"

namespace exwire::detect::rules {
namespace {

struct StandardClass {
  std::string_view name, category;
  uint8_t severity;
};

// The classes of Suricata's classification.config that signatures on web and TLS traffic use.
constexpr StandardClass kClasses[] = {
    {"not-suspicious", "Not Suspicious Traffic", 3},
    {"unknown", "Unknown Traffic", 3},
    {"bad-unknown", "Potentially Bad Traffic", 2},
    {"attempted-recon", "Attempted Information Leak", 2},
    {"successful-recon-limited", "Information Leak", 2},
    {"successful-recon-largescale", "Large Scale Information Leak", 2},
    {"attempted-dos", "Attempted Denial of Service", 2},
    {"successful-dos", "Denial of Service", 2},
    {"attempted-user", "Attempted User Privilege Gain", 1},
    {"unsuccessful-user", "Unsuccessful User Privilege Gain", 1},
    {"successful-user", "Successful User Privilege Gain", 1},
    {"attempted-admin", "Attempted Administrator Privilege Gain", 1},
    {"successful-admin", "Successful Administrator Privilege Gain", 1},
    {"shellcode-detect", "Executable code was detected", 1},
    {"suspicious-filename-detect", "A suspicious filename was detected", 2},
    {"suspicious-login", "An attempted login using a suspicious username was detected", 2},
    {"trojan-activity", "A Network Trojan was detected", 1},
    {"unusual-client-port-connection", "A client was using an unusual port", 2},
    {"network-scan", "Detection of a Network Scan", 3},
    {"denial-of-service", "Detection of a Denial of Service Attack", 2},
    {"protocol-command-decode", "Generic Protocol Command Decode", 3},
    {"web-application-activity", "access to a potentially vulnerable web application", 2},
    {"web-application-attack", "Web Application Attack", 1},
    {"misc-activity", "Misc activity", 3},
    {"misc-attack", "Misc Attack", 2},
    {"policy-violation", "Potential Corporate Privacy Violation", 1},
    {"default-login-attempt", "Attempt to login by a default username and password", 2},
    {"targeted-activity", "Targeted Malicious Activity was Detected", 1},
    {"exploit-kit", "Exploit Kit Activity Detected", 1},
    {"external-ip-check", "Device Retrieving External IP Address Detected", 2},
    {"domain-c2", "Domain Observed Used for C2 Detected", 1},
    {"pup-activity", "Possibly Unwanted Program Detected", 2},
    {"credential-theft", "Successful Credential Theft Detected", 1},
    {"social-engineering", "Possible Social Engineering Attempted", 2},
    {"coin-mining", "Crypto Currency Mining Activity Detected", 2},
    {"command-and-control", "Malware Command and Control Activity Detected", 1},
};

constexpr std::pair<std::string_view, std::string_view> kReferences[] = {
    {"url", "https://"}, {"cve", "https://nvd.nist.gov/vuln/detail/CVE-"}};

/// Calls `read` for each line that is no comment; what it throws is told with its place.
template <class Read>
void each_line(std::string_view text, const std::string& name, Read read) {
  size_t number = 0;
  for (size_t at = 0; at < text.size();) {
    const size_t end = std::min(text.find('\n', at), text.size());
    const std::string_view line = trimmed(text.substr(at, end - at));
    at = end + 1;
    ++number;
    if (line.empty() || line[0] == '#') continue;
    try {
      read(line);
    } catch (const RuleError& error) {
      throw SetupError(name + ":" + std::to_string(number) + ": " + error.what());
    }
  }
}

// What stands behind "config WORD:".
std::string_view value_of(std::string_view line, std::string_view word) {
  constexpr std::string_view kConfig = "config";
  std::string_view rest = line;
  if (rest.starts_with(kConfig)) rest = trimmed(rest.substr(kConfig.size()));
  if (rest.size() == line.size() || !rest.starts_with(word)) {
    throw RuleError("'config " + std::string(word) + ": ...' is wanted");
  }
  rest = trimmed(rest.substr(word.size()));
  if (!rest.starts_with(':')) throw RuleError("a ':' is wanted behind " + std::string(word));
  return trimmed(rest.substr(1));
}

Suppression read_suppression(const std::vector<Setting>& settings) {
  using Track = Suppression::Track;
  static constexpr std::pair<std::string_view, Track> kTracks[] = {
      {"by_src", Track::by_src}, {"by_dst", Track::by_dst}, {"by_either", Track::by_either}};
  Suppression suppression;
  bool addressed = false;
  for (const Setting& setting : settings) {
    if (setting.first == "ip") {
      addressed = true;
      continue;
    }
    const auto found = std::find_if(std::begin(kTracks), std::end(kTracks),
                                    [&](const auto& one) { return one.first == setting.second; });
    if (setting.first != "track" || found == std::end(kTracks)) {
      throw RuleError("'" + setting.first + " " + setting.second + "' is not supported");
    }
    suppression.track = found->second;
  }
  if (addressed != (suppression.track != Track::everything)) {
    throw RuleError("track and ip go together");
  }
  return suppression;
}

}  // namespace

Glossary::Glossary() {
  for (const StandardClass& one : kClasses) {
    classes.emplace(one.name, Class{std::string(one.category), one.severity});
  }
  for (const auto& [kind, start] : kReferences) references.emplace(kind, start);
}

// "config classification: misc-attack,Misc Attack,2"
void Glossary::read_classes(std::string_view text, const std::string& name) {
  text_ += text;
  each_line(text, name, [&](std::string_view line) {
    const std::vector<std::string> parts = split_list(value_of(line, "classification"));
    if (parts.size() != 3) throw RuleError("NAME,DESCRIPTION,PRIORITY is wanted");
    classes[parts[0]] = {parts[1], static_cast<uint8_t>(whole_number(parts[2], 1, 255))};
  });
}

// "config reference: cve https://cve.example/?name="
void Glossary::read_references(std::string_view text, const std::string& name) {
  text_ += text;
  each_line(text, name, [&](std::string_view line) {
    const auto [kind, prefix] = first_word(value_of(line, "reference"));
    if (prefix.empty()) throw RuleError("KIND PREFIX is wanted");
    references[std::string(kind)] = prefix;
  });
}

// "suppress gen_id 1, sig_id 2000, track by_src, ip [10.0.0.0/8,!10.1.0.0/16]" and
// "threshold gen_id 1, sig_id 2000, type limit, track by_src, count 1, seconds 60".
// rate_filter changes what is done with a packet; a sensor does nothing with packets.
void Glossary::read_thresholds(std::string_view text, const std::string& name) {
  text_ += text;
  each_line(text, name, [&](std::string_view line) {
    const FirstWord first = first_word(line);
    const std::string_view kind = first.word;
    std::vector<Setting> settings = read_settings(first.rest);
    Adjustment adjustment;
    std::string addresses;
    std::erase_if(settings, [&](const Setting& one) {
      if (one.first == "ip") addresses = one.second;
      if (one.first != "gen_id" && one.first != "sig_id") return false;
      const auto number = static_cast<uint32_t>(whole_number(one.second, 0, UINT32_MAX));
      (one.first == "gen_id" ? adjustment.group : adjustment.sid) = number;
      return true;
    });
    if (kind == "suppress") {
      Suppression suppression = read_suppression(settings);
      if (!addresses.empty()) suppression.addresses = read_addresses(addresses, *this);
      adjustment.suppressions.push_back(std::move(suppression));
    } else if (kind == "threshold" || kind == "event_filter") {
      adjustment.rate = read_rate(settings, Rate::Kind::none);
    } else if (kind == "rate_filter") {
      return;
    } else {
      throw RuleError("'" + std::string(kind) + "' is not supported");
    }
    adjustments.push_back(std::move(adjustment));
  });
}

// What a rule says itself about its rate counts more than what is said about it (Suricata).
void Glossary::adjust(Rule& rule) const {
  for (const Adjustment& one : adjustments) {
    if (!one.concerns(rule)) continue;
    rule.suppressions.insert(rule.suppressions.end(), one.suppressions.begin(),
                             one.suppressions.end());
    const bool free = rule.rate.kind == Rate::Kind::none;
    if (free && one.rate.kind != Rate::Kind::none) rule.rate = one.rate;
  }
}

const Glossary& standard_glossary() {
  static const Glossary standard;
  return standard;
}

}  // namespace exwire::detect::rules
