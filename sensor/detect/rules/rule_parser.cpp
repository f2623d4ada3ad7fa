// SPDX-License-Identifier: BSD-3-Clause
#include "sensor/detect/rules/rule_parser.hpp"

#include <algorithm>

#include "sensor/detect/rules/building.hpp"

namespace exwire::detect::rules {
namespace {

const std::vector<Keyword>& keywords() {
  static const std::vector<Keyword> all = [] {
    std::vector<Keyword> table = buffer_keywords();
    for (const Keyword& one : number_keywords()) table.push_back(one);
    for (const Keyword& one : byte_keywords()) table.push_back(one);
    for (const Keyword& one : packet_keywords()) table.push_back(one);
    for (const Keyword& one : other_keywords()) table.push_back(one);
    std::sort(table.begin(), table.end(),
              [](const Keyword& a, const Keyword& b) { return a.name < b.name; });
    return table;
  }();
  return all;
}

void read_head(Rule& rule, const std::vector<std::string>& head, const Glossary& glossary) {
  static constexpr std::string_view kActions[] = {"alert",     "drop",       "reject", "rejectsrc",
                                                  "rejectdst", "rejectboth", "pass"};
  static constexpr std::string_view kProtocols[] = {"http", "http1",   "tls",        "ssl",
                                                    "tcp",  "tcp-pkt", "tcp-stream", "ip"};
  if (std::find(std::begin(kActions), std::end(kActions), head[0]) == std::end(kActions)) {
    throw RuleError("action '" + head[0] + "' is not supported");
  }
  if (std::find(std::begin(kProtocols), std::end(kProtocols), head[1]) == std::end(kProtocols)) {
    throw RuleError("protocol '" + head[1] + "' is not supported");
  }
  if (head[4] != "->" && head[4] != "<>") throw RuleError("a direction is -> or <>");
  rule.pass = head[0] == "pass";
  const std::string_view protocol = application_of(head[1]);
  if (protocol == "http" || protocol == "tls") rule.application = protocol;
  rule.packets_only = protocol == "tcp-pkt";
  rule.stream_only = protocol == "tcp-stream";
  rule.source = read_addresses(head[2], glossary);
  rule.source_port = read_ports(head[3], glossary);
  rule.both_ways = head[4] == "<>";
  rule.destination = read_addresses(head[5], glossary);
  rule.destination_port = read_ports(head[6], glossary);
}

bool of_response(Buffer buffer) noexcept {
  return buffer == Buffer::http_stat_code || buffer == Buffer::http_stat_msg ||
         buffer == Buffer::http_location || buffer == Buffer::http_server ||
         buffer == Buffer::http_response_line || buffer == Buffer::http_response_body;
}

// A file is a body, by the direction of the rule.
void resolve_files(Building& building) {
  const bool request = building.to_client == false;
  for (Check& check : building.rule.checks) {
    if (check.buffer != Buffer::file_data) continue;
    check.buffer = request ? Buffer::http_request_body : Buffer::http_response_body;
  }
}

// When everything the rule looks at is there.
Moment moment_of(const Building& building) {
  const Rule& rule = building.rule;
  if (!rule.event.empty()) {
    if (!rule.checks.empty()) throw RuleError("it looks into an event and into buffers");
    return Moment::event;
  }
  bool tls = false, http = false;
  bool response = building.to_client.value_or(false);
  for (const Check& check : rule.checks) {
    tls |= of_tls(check.buffer);
    http |= of_http(check.buffer);
    response |= of_response(check.buffer);
  }
  tls |= std::any_of(rule.numbers.begin(), rule.numbers.end(),
                     [](const NumberCheck& one) { return one.number <= Number::tls_server_hello; });
  const bool named_tls = rule.application == "tls" && !rule.other_application;
  const bool named_http = rule.application == "http" && !rule.other_application;
  if ((tls || named_tls) && (http || named_http)) {
    throw RuleError("it looks into HTTP and TLS at once");
  }
  if ((tls || http) && rule.packets_only) {
    throw RuleError("it looks at single packets and into HTTP or TLS");
  }
  if (tls && rule.uses(Buffer::payload)) throw RuleError("it looks into the payload and into TLS");
  if (tls) return Moment::handshake;
  if (rule.uses(Buffer::http_response_body)) return Moment::response_body;
  if (rule.uses(Buffer::http_request_body)) {
    if (response) throw RuleError("it looks into the body of a request and into its response");
    return Moment::request_body;
  }
  if (http) return response ? Moment::response : Moment::request;
  // Without any content a rule on HTTP or TLS speaks of messages, not of segments.
  if (rule.checks.empty() && !rule.packets_only && !rule.other_application) {
    if (named_tls) return Moment::handshake;
    if (named_http) return response ? Moment::response : Moment::request;
  }
  return Moment::payload;
}

// Suricata refuses what mixes the two ways to say where a content stands.
void check_place(const Check& check) {
  const bool absolute = check.offset != 0 || check.depth >= 0 || check.at_start ||
                        check.variables.offset != kNoVariable ||
                        check.variables.depth != kNoVariable;
  if (check.kind == Check::Kind::content && check.relative && absolute) {
    throw RuleError("a content stands at a place or relative to another one, not both");
  }
}

void complete(Building& building) {
  Rule& rule = building.rule;
  if (rule.sid == 0) throw RuleError("it has no sid");
  if (rule.message.empty()) throw RuleError("it has no msg");
  if (rule.packets_only && rule.stream_only)
    throw RuleError("it wants packets and streams at once");
  for (const Check& check : rule.checks) check_place(check);
  resolve_files(building);
  rule.moment = moment_of(building);
  rule.to_client = building.to_client.value_or(is_response(rule.moment));
  rule.either_direction = !building.to_client.has_value();
  rule.client_certificate = building.to_client == false;
  // Tests of one buffer stand together, in the order in which they were written.
  std::stable_sort(rule.checks.begin(), rule.checks.end(),
                   [](const Check& a, const Check& b) { return a.buffer < b.buffer; });
  rule.signature = {rule.sid,
                    rule.revision,
                    rule.severity,
                    rule.message.c_str(),
                    rule.category.c_str(),
                    "See the references of the rule.",
                    rule.group,
                    &rule.notes};
}

}  // namespace

bool Rule::uses(Buffer buffer) const noexcept {
  return std::any_of(checks.begin(), checks.end(),
                     [&](const Check& check) { return check.buffer == buffer; });
}

std::string_view application_of(std::string_view name) noexcept {
  if (name == "http1") return "http";
  return name == "ssl" ? "tls" : name;
}

std::unique_ptr<Rule> parse_rule(std::string_view line, const Glossary& glossary) {
  const RuleText text = split_rule(line);
  auto rule = std::make_unique<Rule>();
  read_head(*rule, text.head, glossary);
  Building building{*rule, glossary};
  for (const Option& option : text.options) {
    const auto& table = keywords();
    const auto found = std::lower_bound(
        table.begin(), table.end(), std::string_view(option.name),
        [](const Keyword& keyword, std::string_view name) { return keyword.name < name; });
    if (found == table.end() || found->name != option.name) {
      throw RuleError("keyword '" + option.name + "' is not supported");
    }
    try {
      found->read(building, option);
    } catch (const RuleError& error) {
      throw RuleError(option.name + ": " + error.what());
    }
  }
  complete(building);
  return rule;
}

bool is_keyword(std::string_view name) {
  return std::any_of(keywords().begin(), keywords().end(),
                     [&](const Keyword& one) { return one.name == name; });
}

std::vector<std::string_view> known_keywords() {
  std::vector<std::string_view> names;
  for (const Keyword& one : keywords()) names.push_back(one.name);
  return names;
}

}  // namespace exwire::detect::rules
