// SPDX-License-Identifier: BSD-3-Clause
// Options that compare numbers: versions and certificates of TLS, age and size of the flow.
#include <algorithm>
#include <limits>

#include "sensor/detect/rules/building.hpp"

namespace exwire::detect::rules {
namespace {

constexpr int64_t kLargest = std::numeric_limits<int64_t>::max();
constexpr int64_t kSmallest = kNoNumber + 1;

struct Version {
  std::string_view name;
  int64_t number;
};
constexpr Version kVersions[] = {
    {"sslv2", 0x0002},  {"sslv3", 0x0300}, {"tls1.0", 0x0301}, {"1.0", 0x0301},
    {"tls1.1", 0x0302}, {"1.1", 0x0302},   {"tls1.2", 0x0303}, {"1.2", 0x0303},
    {"tls1.3", 0x0304}, {"1.3", 0x0304},
};

int64_t read_version(std::string_view text) {
  const auto found = std::find_if(std::begin(kVersions), std::end(kVersions),
                                  [&](const Version& one) { return one.name == text; });
  if (found == std::end(kVersions)) throw RuleError("'" + std::string(text) + "' is no version");
  return found->number;
}

// "tls1.0,tls1.1", "1.2", "!tls1.3"; the sign holds for the whole list.
void read_versions(Building& building, const Option& option) {
  NumberCheck check;
  for (const std::string& part : split_list(option.value)) {
    std::string_view text = part;
    const bool negated = text.starts_with('!');
    if (negated) text.remove_prefix(1);
    if (!check.spans.empty() && negated != check.negated) {
      throw RuleError("either all versions are negated or none");
    }
    check.negated = negated;
    const int64_t version = read_version(text);
    check.spans.push_back({version, version});
  }
  if (check.spans.empty()) throw RuleError("a version is wanted");
  building.rule.numbers.push_back(std::move(check));
}

void require(Building& building, Number number, NumberCheck::Span span) {
  building.rule.numbers.push_back({number, false, {span}});
}

void read_state(Building& building, const Option& option) {
  if (option.value == "client_hello") return require(building, Number::tls_client_hello, {1, 1});
  if (option.value == "server_hello") return require(building, Number::tls_server_hello, {1, 1});
  throw RuleError("'" + option.value + "' is not supported");
}

void read_expired(Building& building, const Option&) {
  require(building, Number::tls_seconds_left, {kSmallest, -1});
}
void read_valid(Building& building, const Option&) {
  require(building, Number::tls_seconds_left, {0, kLargest});
  require(building, Number::tls_seconds_valid, {0, kLargest});
}

template <Number number>
void compare(Building& building, const Option& option) {
  require(building, number, read_span(option.value));
}

// "toserver,>5": Suricata 8.
template <Number to_server, Number to_client>
void compare_side(Building& building, const Option& option) {
  const std::vector<std::string> parts = split_list(option.value);
  if (parts.size() != 2) throw RuleError("DIRECTION,NUMBER is wanted");
  const NumberCheck::Span span = read_span(parts[1]);
  if (parts[0] == "toserver") return require(building, to_server, span);
  if (parts[0] == "toclient") return require(building, to_client, span);
  throw RuleError("'" + parts[0] + "' is not supported");
}

// "server,<,6": `server` is what the server has sent.
void read_stream_size(Building& building, const Option& option) {
  const std::vector<std::string> parts = split_list(option.value);
  if (parts.size() != 3) throw RuleError("SIDE,OPERATOR,NUMBER is wanted");
  NumberCheck check{Number::stream_to_client, false, {}};
  if (parts[1] == "!=") {
    check.negated = true;
    check.spans.push_back(read_span(parts[2]));
  } else {
    check.spans.push_back(read_span(parts[1] == "=" ? parts[2] : parts[1] + parts[2]));
  }
  const bool both = parts[0] == "both";
  if (!both && parts[0] != "server" && parts[0] != "client") {
    throw RuleError("'" + parts[0] + "' is not supported");
  }
  if (both || parts[0] == "server") building.rule.numbers.push_back(check);
  check.number = Number::stream_to_server;
  if (both || parts[0] == "client") building.rule.numbers.push_back(check);
}

}  // namespace

NumberCheck::Span read_span(std::string_view text) {
  constexpr int64_t kMost = int64_t{1} << 48;
  const auto number = [&](size_t from) {
    return whole_number(trimmed(trimmed(text).substr(from)), 0, kMost);
  };
  text = trimmed(text);
  const auto split = [&](size_t at, size_t width) -> NumberCheck::Span {
    return {whole_number(trimmed(text.substr(0, at)), 0, kMost),
            whole_number(trimmed(text.substr(at + width)), 0, kMost)};
  };
  NumberCheck::Span span{0, kLargest};
  if (const size_t between = text.find("<>"); between != std::string_view::npos) {
    span = split(between, 2);
    span = {span.least + 1, span.most - 1};
  } else if (text.starts_with("<=")) {
    span.most = number(2);
  } else if (text.starts_with(">=")) {
    span.least = number(2);
  } else if (text.starts_with('<')) {
    span.most = number(1) - 1;
  } else if (text.starts_with('>')) {
    span.least = number(1) + 1;
  } else if (const size_t dash = text.find('-'); dash != std::string_view::npos) {
    span = split(dash, 1);
  } else {
    span.least = span.most = number(0);
  }
  return span;
}

bool NumberCheck::holds(int64_t value) const noexcept {
  if (value == kNoNumber) return false;
  const bool within = std::any_of(spans.begin(), spans.end(), [&](const Span& span) {
    return value >= span.least && value <= span.most;
  });
  return within != negated;
}

std::vector<Keyword> number_keywords() {
  return {
      {"tls.version", read_versions},
      {"ssl_version", read_versions},
      {"ssl_state", read_state},
      {"tls_cert_expired", read_expired},
      {"tls_cert_valid", read_valid},
      {"tls.cert_chain_len", compare<Number::tls_chain_length>},
      {"flow.age", compare<Number::flow_age_s>},
      {"flow.pkts_toserver", compare<Number::packets_to_server>},
      {"flow.pkts_toclient", compare<Number::packets_to_client>},
      {"flow.bytes_toserver", compare<Number::octets_to_server>},
      {"flow.bytes_toclient", compare<Number::octets_to_client>},
      {"flow.pkts", compare_side<Number::packets_to_server, Number::packets_to_client>},
      {"flow.bytes", compare_side<Number::octets_to_server, Number::octets_to_client>},
      {"stream_size", read_stream_size},
  };
}

}  // namespace exwire::detect::rules
