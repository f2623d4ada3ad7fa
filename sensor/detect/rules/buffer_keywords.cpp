// SPDX-License-Identifier: BSD-3-Clause
// Options that look into buffers: contents with their modifiers, regular expressions and sizes.
// Buffers are chosen before a content (sticky, "http.uri; content:") or behind it ("content:...;
// http_uri;"), as Suricata 4 and Snort 2 did.
#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>

#include <algorithm>

#include "sensor/detect/rules/building.hpp"

namespace exwire::detect::rules {

void FreeRegex::operator()(pcre2_real_code_8* code) const noexcept {
  pcre2_code_free(code);
}

namespace {

constexpr int64_t kMostOffset = 65535;

// Host names are compared without regard to case whoever sent them (RFC 9110 4.2.3), and so are
// hexadecimal digits.
bool caseless(Buffer buffer) noexcept {
  return buffer == Buffer::http_host || buffer == Buffer::http_host_dotted ||
         buffer == Buffer::tls_cert_serial || buffer == Buffer::tls_cert_fingerprint ||
         buffer == Buffer::ja3_hash || buffer == Buffer::ja3s_hash;
}

void lower(Check& check) {
  check.nocase = true;
  for (char& letter : check.pattern) {
    if (letter >= 'A' && letter <= 'Z') letter = static_cast<char>(letter | 0x20);
  }
}

// A number, or the variable that holds it.
void read_position(Building& building, const Option& option, int64_t least, int32_t& number,
                   int8_t& from) {
  building.number_or_variable(trimmed(option.value), least, kMostOffset, number, from);
}

void read_content(Building& building, const Option& option) {
  if (!option.quoted) throw RuleError("a quoted text is wanted");
  Check check;
  check.buffer = building.sticky;
  check.negated = option.negated;
  check.pattern = content_octets(option.value);
  if (caseless(check.buffer)) lower(check);
  building.rule.checks.push_back(std::move(check));
}

void read_nocase(Building& building, const Option&) {
  lower(building.last_content());
}
void read_depth(Building& building, const Option& option) {
  Check& check = building.last_content();
  read_position(building, option, 1, check.depth, check.variables.depth);
  if (check.depth >= 0 && check.depth < static_cast<int32_t>(check.pattern.size())) {
    throw RuleError("the content is longer than that");
  }
}
void read_offset(Building& building, const Option& option) {
  Check& check = building.last_content();
  read_position(building, option, 0, check.offset, check.variables.offset);
}
void read_distance(Building& building, const Option& option) {
  Check& check = building.last_content();
  check.relative = true;
  read_position(building, option, -kMostOffset, check.distance, check.variables.distance);
}
void read_within(Building& building, const Option& option) {
  Check& check = building.last_content();
  check.relative = true;
  read_position(building, option, 1, check.within, check.variables.within);
  if (check.within >= 0 && check.within < static_cast<int32_t>(check.pattern.size())) {
    throw RuleError("the content is longer than that");
  }
}
void read_startswith(Building& building, const Option&) {
  building.last_content().at_start = true;
}
void read_endswith(Building& building, const Option&) {
  building.last_content().at_end = true;
}
// A hint for the search, which does not change what matches.
void read_fast_pattern(Building& building, const Option&) {
  building.last_content().fast = true;
}

void read_size(Building& building, const Option& option, Buffer buffer) {
  Check check;
  check.kind = Check::Kind::size;
  check.buffer = buffer;
  const NumberCheck::Span span = read_span(option.value);
  check.least = span.least;
  check.most = span.most;
  building.rule.checks.push_back(std::move(check));
}
void read_bsize(Building& building, const Option& option) {
  if (building.sticky == Buffer::payload) throw RuleError("no buffer was chosen before it");
  read_size(building, option, building.sticky);
}
void read_urilen(Building& building, const Option& option) {
  const std::vector<std::string> parts = split_list(option.value);
  if (parts.empty() || parts.size() > 2) throw RuleError("a size is wanted");
  const bool raw = parts.size() == 2 && parts[1] == "raw";
  if (parts.size() == 2 && !raw && parts[1] != "norm") throw RuleError("raw or norm is wanted");
  read_size(building, {option.name, parts[0]}, raw ? Buffer::http_uri_raw : Buffer::http_uri);
}

void read_isdataat(Building& building, const Option& option) {
  std::string_view text = option.value;
  Check check;
  check.kind = Check::Kind::data_at;
  if (text.starts_with('!')) {
    check.negated = true;
    text.remove_prefix(1);
  }
  const std::vector<std::string> parts = split_list(text);
  if (parts.empty()) throw RuleError("a position is wanted");
  building.number_or_variable(parts[0], 0, kMostOffset, check.offset, check.variables.offset);
  for (size_t at = 1; at < parts.size(); ++at) {
    if (parts[at] == "rawbytes") continue;  // what is matched was never decoded
    if (parts[at] != "relative") throw RuleError("'" + parts[at] + "' is not supported");
    check.relative = true;
  }
  check.buffer = building.buffer_of_next(check.relative);
  building.rule.checks.push_back(std::move(check));
}

// The letters of old rules that name a buffer.
Buffer buffer_of(char letter) noexcept {
  switch (letter) {
    case 'U':
      return Buffer::http_uri;
    case 'I':
      return Buffer::http_uri_raw;
    case 'M':
      return Buffer::http_method;
    case 'V':
      return Buffer::http_user_agent;
    case 'W':
      return Buffer::http_host;
    case 'H':
      return Buffer::http_header;
    case 'D':
      return Buffer::http_header_raw;
    case 'C':
      return Buffer::http_cookie;
    case 'Z':
      return Buffer::http_host_raw;
    case 'P':
      return Buffer::http_request_body;
    case 'Q':
      return Buffer::http_response_body;
    case 'S':
      return Buffer::http_stat_code;
    case 'Y':
      return Buffer::http_stat_msg;
    default:
      return Buffer::none;
  }
}

uint32_t pcre_option(char letter) {
  switch (letter) {
    case 'i':
      return PCRE2_CASELESS;
    case 's':
      return PCRE2_DOTALL;
    case 'm':
      return PCRE2_MULTILINE;
    case 'x':
      return PCRE2_EXTENDED;
    case 'A':
      return PCRE2_ANCHORED;
    case 'E':
      return PCRE2_DOLLAR_ENDONLY;
    case 'G':
      return PCRE2_UNGREEDY;
    default:
      throw RuleError(std::string("flag '") + letter + "' is not supported");
  }
}

Regex compile(std::string_view pattern, uint32_t options) {
  int code = 0;
  size_t at = 0;
  Regex regex(pcre2_compile(reinterpret_cast<const unsigned char*>(pattern.data()), pattern.size(),
                            options, &code, &at, nullptr));
  if (!regex) {
    std::array<unsigned char, 160> why{};
    pcre2_get_error_message(code, why.data(), why.size());
    throw RuleError(std::string(reinterpret_cast<const char*>(why.data())) + " at octet " +
                    std::to_string(at));
  }
  pcre2_jit_compile(regex.get(), PCRE2_JIT_COMPLETE);  // without it matching is slower, not wrong
  return regex;
}

void read_pcre(Building& building, const Option& option) {
  std::string text = option.value;
  const size_t last = text.rfind('/');
  if (!option.quoted || text.empty() || text[0] != '/' || last == 0) {
    throw RuleError("\"/PATTERN/flags\" is wanted");
  }
  Check check;
  check.kind = Check::Kind::regex;
  check.negated = option.negated;
  uint32_t options = 0;
  Buffer named = Buffer::none;
  for (const char letter : text.substr(last + 1)) {
    if (letter == 'R') {
      check.relative = true;
    } else if (buffer_of(letter) != Buffer::none) {
      named = buffer_of(letter);
    } else if (letter != 'O' && letter != 'B') {  // limits and decoding that are not here anyway
      options |= pcre_option(letter);
    }
  }
  check.buffer = named != Buffer::none ? named : building.buffer_of_next(check.relative);
  if (caseless(check.buffer)) options |= PCRE2_CASELESS;
  check.regex = compile(std::string_view(text).substr(1, last - 1), options);
  building.rule.checks.push_back(std::move(check));
}

template <Buffer buffer>
void choose(Building& building, const Option&) {
  building.sticky = buffer;
}

// So that ".example.com" stands for the domain and all below it.
void read_dotprefix(Building& building, const Option&) {
  if (building.sticky == Buffer::http_host) {
    building.sticky = Buffer::http_host_dotted;
  } else if (building.sticky == Buffer::tls_sni) {
    building.sticky = Buffer::tls_sni_dotted;
  } else {
    throw RuleError("only http.host and tls.sni have a form with a dot");
  }
}

// The old form: says of the content before it where to look.
template <Buffer buffer>
void place(Building& building, const Option&) {
  Check& check = building.last_content();
  check.buffer = buffer;
  if (caseless(buffer)) lower(check);
}

// A content of its own: tls.subject:"CN=..." of Suricata 1.
template <Buffer buffer>
void look_into(Building& building, const Option& option) {
  Check check;
  check.buffer = buffer;
  check.negated = option.negated;
  check.pattern = content_octets(option.value);
  if (caseless(buffer)) lower(check);
  building.rule.checks.push_back(std::move(check));
}

}  // namespace

std::vector<Keyword> buffer_keywords() {
  return {
      {"content", read_content},
      {"nocase", read_nocase},
      {"depth", read_depth},
      {"offset", read_offset},
      {"distance", read_distance},
      {"within", read_within},
      {"startswith", read_startswith},
      {"endswith", read_endswith},
      {"fast_pattern", read_fast_pattern},
      {"bsize", read_bsize},
      {"urilen", read_urilen},
      {"isdataat", read_isdataat},
      {"pcre", read_pcre},
      {"dotprefix", read_dotprefix},
      {"rawbytes", [](Building&, const Option&) {}},
      {"pkt_data", choose<Buffer::payload>},
      {"http.method", choose<Buffer::http_method>},
      {"http.uri", choose<Buffer::http_uri>},
      {"http.uri.raw", choose<Buffer::http_uri_raw>},
      {"http.host", choose<Buffer::http_host>},
      {"http.user_agent", choose<Buffer::http_user_agent>},
      {"http.referer", choose<Buffer::http_referer>},
      {"http.content_type", choose<Buffer::http_content_type>},
      {"http.protocol", choose<Buffer::http_protocol>},
      {"http.stat_code", choose<Buffer::http_stat_code>},
      {"http.stat_msg", choose<Buffer::http_stat_msg>},
      {"http.location", choose<Buffer::http_location>},
      {"http.server", choose<Buffer::http_server>},
      {"http.header", choose<Buffer::http_header>},
      {"http.header.raw", choose<Buffer::http_header_raw>},
      {"http.header_names", choose<Buffer::http_header_names>},
      {"http.cookie", choose<Buffer::http_cookie>},
      {"http.accept", choose<Buffer::http_accept>},
      {"http.accept_enc", choose<Buffer::http_accept_encoding>},
      {"http.accept_lang", choose<Buffer::http_accept_language>},
      {"http.connection", choose<Buffer::http_connection>},
      {"http.content_len", choose<Buffer::http_content_length>},
      {"http.host.raw", choose<Buffer::http_host_raw>},
      {"http.request_line", choose<Buffer::http_request_line>},
      {"http.response_line", choose<Buffer::http_response_line>},
      {"http.start", choose<Buffer::http_start>},
      {"http_header", place<Buffer::http_header>},
      {"http_raw_header", place<Buffer::http_header_raw>},
      {"http_cookie", place<Buffer::http_cookie>},
      {"http_raw_host", place<Buffer::http_host_raw>},
      {"http_accept", choose<Buffer::http_accept>},
      {"http_accept_enc", choose<Buffer::http_accept_encoding>},
      {"http_accept_lang", choose<Buffer::http_accept_language>},
      {"http_connection", choose<Buffer::http_connection>},
      {"http_content_len", choose<Buffer::http_content_length>},
      {"http_content_type", choose<Buffer::http_content_type>},
      {"http_header_names", choose<Buffer::http_header_names>},
      {"http_protocol", choose<Buffer::http_protocol>},
      {"http_referer", choose<Buffer::http_referer>},
      {"http_request_line", choose<Buffer::http_request_line>},
      {"http_response_line", choose<Buffer::http_response_line>},
      {"http_start", choose<Buffer::http_start>},
      {"http.request_body", choose<Buffer::http_request_body>},
      {"http.response_body", choose<Buffer::http_response_body>},
      {"file.data", choose<Buffer::file_data>},
      {"file_data", choose<Buffer::file_data>},
      {"http_client_body", place<Buffer::http_request_body>},
      {"http_server_body", place<Buffer::http_response_body>},
      {"tls.sni", choose<Buffer::tls_sni>},
      {"tls_sni", choose<Buffer::tls_sni>},
      {"tls.certs", choose<Buffer::tls_certs>},
      {"tls.cert_subject", choose<Buffer::tls_cert_subject>},
      {"tls_cert_subject", choose<Buffer::tls_cert_subject>},
      {"tls.cert_issuer", choose<Buffer::tls_cert_issuer>},
      {"tls_cert_issuer", choose<Buffer::tls_cert_issuer>},
      {"tls.cert_serial", choose<Buffer::tls_cert_serial>},
      {"tls_cert_serial", choose<Buffer::tls_cert_serial>},
      {"tls.cert_fingerprint", choose<Buffer::tls_cert_fingerprint>},
      {"tls_cert_fingerprint", choose<Buffer::tls_cert_fingerprint>},
      {"tls.alpn", choose<Buffer::tls_alpn>},
      {"tls.subjectaltname", choose<Buffer::tls_subject_alt_name>},
      {"tls.subject", look_into<Buffer::tls_cert_subject>},
      {"tls.issuerdn", look_into<Buffer::tls_cert_issuer>},
      {"tls.fingerprint", look_into<Buffer::tls_cert_fingerprint>},
      {"ja3.hash", choose<Buffer::ja3_hash>},
      {"ja3_hash", choose<Buffer::ja3_hash>},
      {"ja3.string", choose<Buffer::ja3_string>},
      {"ja3s.hash", choose<Buffer::ja3s_hash>},
      {"ja3s.string", choose<Buffer::ja3s_string>},
      {"ja4.hash", choose<Buffer::ja4_hash>},
      {"http_method", place<Buffer::http_method>},
      {"http_uri", place<Buffer::http_uri>},
      {"http_raw_uri", place<Buffer::http_uri_raw>},
      {"http_host", place<Buffer::http_host>},
      {"http_user_agent", place<Buffer::http_user_agent>},
      {"http_stat_code", place<Buffer::http_stat_code>},
      {"http_stat_msg", place<Buffer::http_stat_msg>},
  };
}

}  // namespace exwire::detect::rules
