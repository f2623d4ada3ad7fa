// SPDX-License-Identifier: BSD-3-Clause
// Options that look into no buffer: what a rule is called, whom it applies to, how often it may
// speak, and the bits rules leave for each other.
#include <algorithm>

#include "sensor/base/siphash.hpp"
#include "sensor/detect/rules/building.hpp"

namespace exwire::detect::rules {
namespace {

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
  const auto found = building.glossary.classes.find(option.value);
  if (found == building.glossary.classes.end()) {
    throw RuleError("'" + option.value + "' is no known class");
  }
  building.rule.category = found->second.category;
  if (!building.severity_given) building.rule.severity = found->second.severity;
}
void read_reference(Building& building, const Option& option) {
  const size_t comma = option.value.find(',');
  if (comma == std::string::npos) throw RuleError("KIND,REFERENCE is wanted");
  const std::string kind(trimmed(std::string_view(option.value).substr(0, comma)));
  const std::string_view what = trimmed(std::string_view(option.value).substr(comma + 1));
  const auto found = building.glossary.references.find(kind);
  const std::string start =
      found == building.glossary.references.end() ? kind + ":" : found->second;
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
    const auto [word, rest] = first_word(part);
    // Of features and versions nothing can be said here: the other options tell.
    if (word != "keyword") continue;
    if (!is_keyword(rest)) throw RuleError("keyword '" + std::string(rest) + "' is not supported");
  }
}

void set_rate(Building& building, const Option& option, Rate::Kind kind) {
  const Rate rate = read_rate(read_settings(option.value), kind);
  if (building.rule.rate.kind != Rate::Kind::none) throw RuleError("a second rate");
  building.rule.rate = rate;
}
void read_threshold(Building& building, const Option& option) {
  set_rate(building, option, Rate::Kind::none);
}
void read_detection_filter(Building& building, const Option& option) {
  set_rate(building, option, Rate::Kind::filter);
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

// "a|b": one of them
std::vector<uint64_t> read_names(std::string_view text) {
  std::vector<uint64_t> names;
  for (size_t at = 0; at <= text.size();) {
    const size_t end = std::min(text.find('|', at), text.size());
    const std::string_view name = trimmed(text.substr(at, end - at));
    if (!name.empty()) names.push_back(hash_of(name));
    at = end + 1;
  }
  if (names.empty()) throw RuleError("a name is wanted");
  return names;
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
  bit.names = read_names(parts[1]);
  if (bit.names.size() > 1 && !bit.asks()) throw RuleError("one name is wanted");
  building.rule.bits.push_back(std::move(bit));
}

// "set,NAME,track ip_src,expire 60"
void read_xbits(Building& building, const Option& option) {
  const std::vector<std::string> parts = split_list(option.value);
  if (parts.size() < 3) throw RuleError("ACTION,NAME,track WHAT is wanted");
  Bit bit;
  bit.action = read_action(parts[0]);
  bit.names = {hash_of(parts[1])};
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
  building.rule.bits.push_back(std::move(bit));
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
