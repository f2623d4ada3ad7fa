// SPDX-License-Identifier: BSD-3-Clause
// Options that look into no buffer: what a rule is called, whom it applies to, how often it may
// speak, and the bits rules leave for each other.
#include <algorithm>

#include "sensor/base/siphash.hpp"
#include "sensor/detect/rules/building.hpp"

namespace exwire::detect::rules {
namespace {

struct Class {
  std::string_view name, category;
  uint8_t severity;
};

// The classes of Suricata's classification.config that signatures on web and TLS traffic use.
constexpr Class kClasses[] = {
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

uint32_t read_id(const Option& option) {
  return static_cast<uint32_t>(whole_number(trimmed(option.value), 0, UINT32_MAX));
}

void read_msg(Building& building, const Option& option) {
  building.rule.message = unescaped(option.value);
}
void read_sid(Building& building, const Option& option) {
  building.rule.sid = read_id(option);
}
void read_rev(Building& building, const Option& option) {
  building.rule.revision = read_id(option);
}
void read_gid(Building& building, const Option& option) {
  building.rule.group = read_id(option);
}
void read_priority(Building& building, const Option& option) {
  building.rule.severity = static_cast<uint8_t>(whole_number(trimmed(option.value), 1, 255));
  building.severity_given = true;
}
void read_classtype(Building& building, const Option& option) {
  const auto found = std::find_if(std::begin(kClasses), std::end(kClasses),
                                  [&](const Class& one) { return one.name == option.value; });
  if (found == std::end(kClasses)) throw RuleError("'" + option.value + "' is no known class");
  building.rule.category = found->category;
  if (!building.severity_given) building.rule.severity = found->severity;
}
void read_reference(Building& building, const Option& option) {
  const size_t comma = option.value.find(',');
  if (comma == std::string::npos) throw RuleError("KIND,REFERENCE is wanted");
  const std::string_view kind = trimmed(std::string_view(option.value).substr(0, comma));
  const std::string_view what = trimmed(std::string_view(option.value).substr(comma + 1));
  std::string start(kind);
  start += ':';
  if (kind == "url") start = "https://";
  if (kind == "cve") start = "https://nvd.nist.gov/vuln/detail/CVE-";
  building.rule.notes.references.push_back(start + std::string(what));
}
void read_metadata(Building& building, const Option& option) {
  auto& all = building.rule.notes.metadata;
  for (const std::string& part : split_list(option.value)) {
    const size_t blank = part.find(' ');
    const std::string key = part.substr(0, blank);
    const std::string value =
        blank == std::string::npos ? "" : std::string(trimmed(part.substr(blank)));
    auto known = std::find_if(all.begin(), all.end(), [&](auto& one) { return one.first == key; });
    if (known == all.end()) known = all.insert(all.end(), {key, {}});
    known->second.push_back(value);
  }
}
void read_target(Building&, const Option& option) {
  if (option.value != "src_ip" && option.value != "dest_ip") {
    throw RuleError("src_ip or dest_ip is wanted");
  }
}
void read_noalert(Building& building, const Option&) {
  building.rule.silent = true;
}

// What is published was parsed from established connections or ones joined in their middle.
void read_flow(Building& building, const Option& option) {
  for (const std::string& word : split_list(option.value)) {
    if (word == "to_server" || word == "from_client") {
      building.to_client = false;
    } else if (word == "to_client" || word == "from_server") {
      building.to_client = true;
    } else if (word == "only_stream") {
      building.rule.stream_only = true;
    } else if (word == "no_stream") {
      building.rule.packets_only = true;
    } else if (word != "established" && word != "stateless") {
      throw RuleError("'" + word + "' is not supported");
    }
  }
}

void read_protocol(Building& building, const Option& option) {
  Rule& rule = building.rule;
  std::string_view name = option.value;
  if (name.starts_with('!')) {
    rule.application = application_of(trimmed(name.substr(1)));
    rule.other_application = true;
    return;
  }
  name = application_of(name);
  if (name != "http" && name != "tls") {
    throw RuleError("'" + option.value + "' is not supported");
  }
  rule.application = name;
}

// What a rule needs of its reader; one that asks for what is not here is skipped by name.
void read_requires(Building&, const Option& option) {
  for (const std::string& part : split_list(option.value)) {
    const size_t blank = part.find(' ');
    const std::string_view word = std::string_view(part).substr(0, blank);
    const std::string_view rest =
        blank == std::string::npos ? "" : trimmed(std::string_view(part).substr(blank));
    // Of features and versions nothing can be said here: the other options tell.
    if (word != "keyword") continue;
    if (!is_keyword(rest)) throw RuleError("keyword '" + std::string(rest) + "' is not supported");
  }
}

Rate::Track read_track(std::string_view word) {
  if (word == "by_src") return Rate::Track::by_src;
  if (word == "by_dst") return Rate::Track::by_dst;
  if (word == "by_both") return Rate::Track::by_both;
  if (word == "by_rule") return Rate::Track::by_rule;
  if (word == "by_flow") return Rate::Track::by_flow;
  throw RuleError("track '" + std::string(word) + "' is not supported");
}

Rate::Kind read_type(std::string_view word) {
  if (word == "limit") return Rate::Kind::limit;
  if (word == "threshold") return Rate::Kind::threshold;
  if (word == "both") return Rate::Kind::both;
  if (word == "backoff") return Rate::Kind::backoff;
  throw RuleError("type '" + std::string(word) + "' is not supported");
}

// "type both, track by_src, count 5, seconds 60" in any order.
void read_rate(Building& building, const Option& option, Rate::Kind kind) {
  Rate rate;
  rate.kind = kind;
  bool tracked = false;
  for (const std::string& part : split_list(option.value)) {
    const size_t blank = part.find_first_of(" \t");
    const std::string_view key = std::string_view(part).substr(0, blank);
    const std::string_view value =
        blank == std::string::npos ? "" : trimmed(std::string_view(part).substr(blank));
    if (key == "type" && kind != Rate::Kind::filter) {
      rate.kind = read_type(value);
    } else if (key == "track") {
      rate.track = read_track(value);
      tracked = true;
    } else if (key == "count") {
      rate.count = static_cast<uint32_t>(whole_number(value, 1, UINT32_MAX));
    } else if (key == "multiplier") {
      rate.multiplier = static_cast<uint32_t>(whole_number(value, 2, UINT32_MAX));
    } else if (key == "seconds") {
      rate.window_ns = whole_number(value, 1, 31536000) * kNanosPerSecond;
    } else {
      throw RuleError("'" + part + "' is not supported");
    }
  }
  if (rate.kind == Rate::Kind::none) throw RuleError("type is missing");
  const bool backoff = rate.kind == Rate::Kind::backoff;
  if (backoff != (rate.multiplier != 0)) throw RuleError("multiplier belongs to type backoff");
  if (!tracked || rate.count == 0 || (rate.window_ns == 0) != backoff) {
    throw RuleError("track, count and seconds are wanted, for backoff a multiplier for seconds");
  }
  if (building.rule.rate.kind != Rate::Kind::none) throw RuleError("a second rate");
  building.rule.rate = rate;
}
void read_threshold(Building& building, const Option& option) {
  read_rate(building, option, Rate::Kind::none);
}
void read_detection_filter(Building& building, const Option& option) {
  read_rate(building, option, Rate::Kind::filter);
}

Bit::Action read_action(std::string_view word) {
  if (word == "set") return Bit::Action::set;
  if (word == "unset") return Bit::Action::unset;
  if (word == "toggle") return Bit::Action::toggle;
  if (word == "isset") return Bit::Action::isset;
  if (word == "isnotset") return Bit::Action::isnotset;
  throw RuleError("'" + std::string(word) + "' is not supported");
}

uint64_t hash_of(std::string_view name) {
  SipHash13 hash{HashKey{}};
  hash.octets(name.data(), name.size());
  return hash.finish();
}

void read_flowbits(Building& building, const Option& option) {
  const std::vector<std::string> parts = split_list(option.value);
  if (parts.size() == 1 && parts[0] == "noalert") {
    building.rule.silent = true;
    return;
  }
  if (parts.size() != 2) throw RuleError("ACTION,NAME is wanted");
  Bit bit;
  bit.action = read_action(parts[0]);
  bit.name = hash_of(parts[1]);
  building.rule.bits.push_back(bit);
}

// "set,NAME,track ip_src,expire 60"
void read_xbits(Building& building, const Option& option) {
  const std::vector<std::string> parts = split_list(option.value);
  if (parts.size() < 3) throw RuleError("ACTION,NAME,track WHAT is wanted");
  Bit bit;
  bit.action = read_action(parts[0]);
  bit.name = hash_of(parts[1]);
  bit.lifetime_ns = 30 * kNanosPerSecond;
  if (parts[2] == "track ip_src") {
    bit.scope = Bit::Scope::source;
  } else if (parts[2] == "track ip_dst") {
    bit.scope = Bit::Scope::destination;
  } else if (parts[2] == "track ip_pair") {
    bit.scope = Bit::Scope::pair;
  } else {
    throw RuleError("'" + parts[2] + "' is not supported");
  }
  if (parts.size() > 3) {
    if (!parts[3].starts_with("expire ")) throw RuleError("'" + parts[3] + "' is not supported");
    bit.lifetime_ns = whole_number(trimmed(parts[3].substr(7)), 1, 31536000) * kNanosPerSecond;
  }
  building.rule.bits.push_back(bit);
}

}  // namespace

std::vector<Keyword> other_keywords() {
  return {
      {"msg", read_msg},
      {"sid", read_sid},
      {"rev", read_rev},
      {"gid", read_gid},
      {"priority", read_priority},
      {"classtype", read_classtype},
      {"reference", read_reference},
      {"metadata", read_metadata},
      {"target", read_target},
      {"noalert", read_noalert},
      {"flow", read_flow},
      {"app-layer-protocol", read_protocol},
      {"requires", read_requires},
      {"threshold", read_threshold},
      {"detection_filter", read_detection_filter},
      {"flowbits", read_flowbits},
      {"xbits", read_xbits},
  };
}

}  // namespace exwire::detect::rules
