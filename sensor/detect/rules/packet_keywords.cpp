// SPDX-License-Identifier: BSD-3-Clause
// Options about the packet itself and about what dissectors found odd in it.
#include <algorithm>
#include <array>

#include "sensor/detect/rules/building.hpp"
#include "sensor/wire/packet.hpp"

namespace exwire::detect::rules {
namespace {

// "<5", "100<>200", "!1"
void read_dsize(Building& building, const Option& option) {
  std::string_view text = option.value;
  NumberCheck check{Number::payload_octets, text.starts_with('!'), {}};
  if (check.negated) text.remove_prefix(1);
  check.spans.push_back(read_span(text));
  building.rule.numbers.push_back(std::move(check));
  building.rule.packets_only = true;
}

uint8_t read_flag(char letter) {
  static constexpr std::string_view kLetters = "FSRPAUEC";  // from the lowest bit on
  if (letter == '1') return wire::kCwr;                     // as Snort 2 called the two
  if (letter == '2') return wire::kEce;
  const size_t bit = kLetters.find(letter);
  if (bit == std::string_view::npos) {
    throw RuleError(std::string("'") + letter + "' is no flag");
  }
  return static_cast<uint8_t>(1U << bit);
}

// "S,12": exactly these, whatever 1 and 2 are. "+A": these and others. "*SF": one of them.
// "!R": none of them.
void read_flags(Building& building, const Option& option) {
  const std::vector<std::string> parts = split_list(option.value);
  if (parts.empty() || parts.size() > 2) throw RuleError("FLAGS or FLAGS,IGNORED is wanted");
  FlagCheck check;
  for (const char letter : parts[0]) {
    if (letter == '+') {
      check.mode = FlagCheck::Mode::at_least;
    } else if (letter == '*') {
      check.mode = FlagCheck::Mode::any;
    } else if (letter == '!') {
      check.mode = FlagCheck::Mode::none;
    } else if (letter != '0') {
      check.wanted |= read_flag(letter);
    }
  }
  if (parts.size() == 2) {
    for (const char letter : parts[1]) check.ignored |= read_flag(letter);
  }
  // What asks for packets before a connection stands would never be asked.
  const bool opening = (check.wanted & wire::kSyn) && !(check.wanted & wire::kAck) &&
                       (check.mode == FlagCheck::Mode::exactly);
  if (opening || (check.wanted == 0 && check.mode == FlagCheck::Mode::exactly)) {
    throw RuleError("packets before a connection are not matched");
  }
  building.rule.flags.push_back(check);
  building.rule.packets_only = true;
}

struct EventName {
  std::string_view theirs, ours;
};
// Suricata's names of what our dissectors report; its others stand for checks that are not made.
constexpr std::array kEvents = {
    EventName{"http.invalid_request_chunk_len", "http_bad_chunk"},
    EventName{"http.invalid_response_chunk_len", "http_bad_chunk"},
    EventName{"http.request_field_missing_colon", "http_bad_header"},
    EventName{"http.response_field_missing_colon", "http_bad_header"},
    EventName{"http.request_header_invalid", "http_bad_header"},
    EventName{"http.response_header_invalid", "http_bad_header"},
    EventName{"http.request_field_too_long", "http_line_too_long"},
    EventName{"http.response_field_too_long", "http_line_too_long"},
    EventName{"http.too_many_headers", "http_too_many_headers"},
    EventName{"http.request_too_many_headers", "http_too_many_headers"},
    EventName{"http.host_header_ambiguous", "http_host_mismatch"},
    EventName{"http.double_encoded_path", "http_path_encoded_twice"},
    EventName{"http.request_line_invalid", "http_bad_start_line"},
    EventName{"http.response_invalid_protocol", "http_odd_version"},
    EventName{"http.invalid_transfer_encoding_value_in_request", "http_framing_ambiguous"},
    EventName{"http.invalid_content_length_field_in_request", "http_framing_ambiguous"},
    EventName{"http.duplicate_content_length_field_in_request", "http_framing_ambiguous"},
    EventName{"tls.invalid_tls_header", "tls_invalid_record"},
    EventName{"tls.invalid_record_type", "tls_invalid_record"},
    EventName{"tls.invalid_record_version", "tls_invalid_record"},
    EventName{"tls.invalid_handshake_message", "tls_invalid_hello"},
    EventName{"tls.invalid_sslv2_header", "tls_sslv2_hello"},
};

void read_event(Building& building, const Option& option) {
  static constexpr std::string_view kOwn = "exwire.";
  const std::string_view name = option.value;
  const auto known = std::find_if(kEvents.begin(), kEvents.end(),
                                  [&](const EventName& one) { return one.theirs == name; });
  if (known != kEvents.end()) {
    building.rule.event = known->ours;
  } else if (name.starts_with(kOwn) && name.size() > kOwn.size()) {
    building.rule.event = name.substr(kOwn.size());
  } else {
    throw RuleError("'" + option.value + "' is nothing that is reported here");
  }
}

}  // namespace

bool FlagCheck::holds(uint8_t flags) const noexcept {
  const auto seen = static_cast<uint8_t>(flags & ~unsigned{ignored});
  switch (mode) {
    case Mode::exactly:
      return seen == wanted;
    case Mode::at_least:
      return (seen & wanted) == wanted;
    case Mode::any:
      return (seen & wanted) != 0;
    case Mode::none:
      return (seen & wanted) == 0;
  }
  return false;
}

std::vector<Keyword> packet_keywords() {
  return {
      {"dsize", read_dsize},
      {"flags", read_flags},
      {"app-layer-event", read_event},
  };
}

}  // namespace exwire::detect::rules
