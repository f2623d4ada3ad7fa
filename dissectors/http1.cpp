// SPDX-License-Identifier: BSD-3-Clause
// HTTP/1 (RFC 9110, RFC 9112), both directions of a connection: start lines, header fields,
// framing, pairing of responses with requests. Lines are consumed as they become whole; bodies are
// never looked at. A broken message never blocks the flow: the next plausible start line is found
// again. Passwords and cookies are not published; HTTP/2 is recognised and left alone.
#include <array>
#include <cstring>

#include "dissectors/api.hpp"
#include "dissectors/http1_credentials.hpp"
#include "dissectors/http1_grammar.hpp"
#include "dissectors/http1_headers.hpp"
#include "dissectors/iis_path.hpp"

namespace exwire {
namespace {

using namespace http1;

constexpr const char* kFieldNames[] = {"http.method",
                                       "http.uri.raw",
                                       "http.uri",
                                       "http.protocol",
                                       "http.host",
                                       "http.user_agent",
                                       "http.referer",
                                       "http.content_type",
                                       "http.x_forwarded_for",
                                       "http.via",
                                       "http.auth_scheme",
                                       "http.auth_user",
                                       "http.ms_asprotocolversion",
                                       "http.x_ms_policykey",
                                       "http.x_requesttype",
                                       "http.x_clientapplication",
                                       "http.stat_code",
                                       "http.stat_msg",
                                       "http.response_protocol",
                                       "http.location",
                                       "http.server",
                                       "http.response_content_type",
                                       "http.www_authenticate",
                                       "http.ms_server_activesync",
                                       "http.ms_asprotocolversions",
                                       "http.x_feserver",
                                       "http.x_beserver",
                                       "http.x_owa_version",
                                       "http.x_powered_by",
                                       "http.retry_after",
                                       nullptr};

enum AnomalyKind : uint32_t {
  kFramingAmbiguous,
  kLineTooLong,
  kTooManyHeaders,
  kBadStartLine,
  kBadHeader,
  kBadChunk,
  kHttp2,
  kHttp09,
  kTooManyTransactions,
  kHostMismatch,
  kWrongDirection,
};
constexpr const char* kAnomalyNames[] = {"http_framing_ambiguous",
                                         "http_line_too_long",
                                         "http_too_many_headers",
                                         "http_bad_start_line",
                                         "http_bad_header",
                                         "http_bad_chunk",
                                         "http2_not_inspected",
                                         "http_09",
                                         "http_too_many_transactions",
                                         "http_host_mismatch",
                                         "http_wrong_direction",
                                         nullptr};

constexpr uint32_t kLongestLine = 65536;
constexpr uint32_t kMostHeaders = 256, kMostHeaderOctets = 65536;
constexpr uint32_t kMostLive = 128;   // transactions whose kind is remembered
constexpr uint32_t kParkedKinds = 8;  // of which a sleeping flow keeps so many

enum class Phase : uint8_t {
  start_line,  ///< before a message
  headers,
  body,        ///< `left` octets, then the message is over
  last_octet,  ///< all but the last octet of a body were skipped
  chunk_size,
  trailers,
  until_close,
  long_line,  ///< inside a line that is too long to be kept
};

enum Kind : uint8_t { kOrdinary = 0, kHead = 1, kConnect = 2 };

struct Side {
  uint64_t left = 0, body = 0;
  uint32_t scanned = 0;  ///< octets of the pending line known to hold no line end
  uint32_t headers = 0, header_octets = 0;
  uint32_t transaction = 0;
  Phase phase = Phase::start_line, after_long_line = Phase::start_line;
  bool lost = false;  ///< looking for the next start line
  bool chunked = false, has_length = false, has_coding = false, odd_framing = false;
  bool upgrade_h2c = false, finished = false;
};

class Http1 {
 public:
  static uint8_t probe(Bytes to_server, Bytes to_client);
  Progress data(const Host& host, Bytes in);
  bool gap(const Host& host, uint64_t missing);
  void end(const Host& host);
  void sleep(uint8_t parked[16]) const;
  void wake(const uint8_t parked[16]);

 private:
  /// A line at the start of `in`, its end included; empty when it is not whole yet. With `folded`,
  /// lines that continue it belong to it.
  Bytes line(const Host& host, Side& side, Bytes in, bool folded, bool& unfit);
  Progress finish(const Side& side, uint32_t consumed, uint64_t skip = 0) const;
  void start_line(const Host& host, Side& side, std::string_view text);
  void request_line(const Host& host, Side& side, const RequestLine& request);
  void status_line(const Host& host, Side& side, const StatusLine& status);
  void publish_target(const Host& host, std::string_view target, std::string_view method);
  void header(const Host& host, Side& side, std::string_view text);
  void framing_header(const Host& host, Side& side, const Header& header, std::string_view value);
  void end_of_headers(const Host& host, Side& side);
  void begin_body(const Host& host, Side& side, uint64_t octets);
  void end_of_message(const Host& host, Side& side);
  void lose(Side& side);

  Side& side_of(const Host& host) noexcept { return sides_[static_cast<size_t>(host.direction())]; }
  Kind kind_of(uint32_t transaction) const noexcept {
    const uint32_t slot = transaction % kMostLive;
    return static_cast<Kind>(kinds_[slot / 4] >> (slot % 4 * 2) & 3);
  }
  void set_kind(uint32_t transaction, Kind kind) noexcept {
    const uint32_t slot = transaction % kMostLive;
    uint8_t& octet = kinds_[slot / 4];
    const uint32_t shift = slot % 4 * 2;
    octet = static_cast<uint8_t>((octet & ~(3U << shift)) | static_cast<uint32_t>(kind) << shift);
  }
  bool fits_parked() const noexcept { return requests_ - responses_ <= kParkedKinds; }

  std::array<Side, 2> sides_;
  uint32_t requests_ = 0;   ///< number of the next request
  uint32_t responses_ = 0;  ///< number of the next response
  uint32_t host_digest_ = 0;
  int status_ = 0;
  bool tunnel_ = false;        ///< CONNECT or an upgrade went through: no HTTP any more
  bool lost_pairing_ = false;  ///< octets were lost: the next request starts pairing anew
  std::array<uint8_t, kMostLive / 4> kinds_{};
};

// ---- identification
// ------------------------------------------------------------------------------

uint8_t probe_request(std::string_view text) noexcept {
  constexpr size_t kMostUndecided = 512, kLongestMethod = 20;
  while (!text.empty() && (text[0] == '\r' || text[0] == '\n')) text.remove_prefix(1);
  const size_t space = text.find(' ');
  const std::string_view method = text.substr(0, std::min(space, kLongestMethod));
  const bool letters = std::all_of(method.begin(), method.end(), [](char letter) {
    return (letter >= 'A' && letter <= 'Z') || letter == '_' || letter == '-';
  });
  if (!letters || (space == std::string_view::npos && text.size() > kLongestMethod)) {
    return kExwireProbeNo;
  }
  if (space == std::string_view::npos || space + 1 == text.size()) return kExwireProbeMore;
  static constexpr std::array<std::string_view, 16> kKnown{
      "GET",      "POST",      "HEAD",   "PUT",         "DELETE",       "OPTIONS",
      "PROPFIND", "PROPPATCH", "SEARCH", "RPC_IN_DATA", "RPC_OUT_DATA", "SUBSCRIBE",
      "POLL",     "MKCOL",     "PATCH",  "TRACE"};
  const char target = text[space + 1];
  const bool known = std::find(kKnown.begin(), kKnown.end(), method) != kKnown.end();
  if (known && (target == '/' || target == '*')) return kExwireProbeYes;
  const size_t end = text.find('\n');
  if (text.substr(0, end).find(" HTTP/") != std::string_view::npos) return kExwireProbeYes;
  return end == std::string_view::npos && text.size() < kMostUndecided ? kExwireProbeMore
                                                                       : kExwireProbeNo;
}

uint8_t probe_response(std::string_view text) noexcept {
  constexpr std::string_view kStart = "HTTP/1.";
  if (text.substr(0, kStart.size()) == kStart) return kExwireProbeYes;
  return kStart.substr(0, text.size()) == text ? kExwireProbeMore : kExwireProbeNo;
}

uint8_t Http1::probe(Bytes to_server, Bytes to_client) {
  uint8_t best = kExwireProbeNo;
  for (const Bytes octets : {to_server, to_client}) {
    if (octets.empty()) continue;
    // Roles of a midstream flow may be guessed wrong: both forms are looked for on both sides.
    best = std::max({best, probe_request(octets.text()), probe_response(octets.text())});
  }
  return best;
}

// ---- lines
// ---------------------------------------------------------------------------------------

Bytes Http1::line(const Host& host, Side& side, Bytes in, bool folded, bool& unfit) {
  unfit = false;
  // A line is too long whether it came in one piece or in many.
  const auto whole = [&](uint32_t end) {
    side.scanned = 0;
    unfit = end > kLongestLine;
    if (unfit) host.anomaly(kLineTooLong);
    return unfit ? Bytes{} : in.first(end);
  };
  uint32_t from = side.scanned;
  while (from < in.size) {
    const void* found = std::memchr(in.data + from, '\n', in.size - from);
    if (found == nullptr) break;
    const auto end = static_cast<uint32_t>(static_cast<const uint8_t*>(found) - in.data) + 1;
    const bool blank = trim(in.first(end).text()).empty();
    if (!folded || blank) return whole(end);
    // Whether the next line continues this one shows with its first octet (RFC 9112 5.2).
    if (end == in.size) {
      side.scanned = end - 1;
      return {};
    }
    if (in[end] != ' ' && in[end] != '\t') return whole(end);
    from = end;
  }
  side.scanned = in.size;
  if (folded && in.size > 0 && in[in.size - 1] == '\n') side.scanned = in.size - 1;
  if (in.size > kLongestLine) {
    host.anomaly(kLineTooLong);
    unfit = true;
  }
  return {};
}

Progress Http1::finish(const Side& side, uint32_t consumed, uint64_t skip) const {
  const bool resting = (side.phase == Phase::start_line || side.phase == Phase::last_octet ||
                        side.phase == Phase::chunk_size) &&
                       !side.lost && side.body <= 0xffffffffU && fits_parked();
  Progress progress = resting ? at_rest(consumed) : more(consumed);
  progress.skip = skip;
  return progress;
}

Progress Http1::data(const Host& host, Bytes in) {
  Side& side = side_of(host);
  if (tunnel_ || side.finished) return finished(kExwireDone, in.size);
  uint32_t consumed = 0;
  while (consumed < in.size) {
    const Bytes rest = in.from(consumed);
    switch (side.phase) {
      case Phase::body:
      case Phase::last_octet: {
        if (rest.size < side.left) {
          // All but the last octet pass unseen; it brings the end of the message with it.
          const uint64_t skip = side.left - 1;
          side.left = 1;
          side.phase = Phase::last_octet;
          return finish(side, consumed, skip);
        }
        consumed += static_cast<uint32_t>(side.left);
        end_of_message(host, side);
        continue;
      }
      case Phase::until_close:
        side.body += rest.size;
        return more(in.size);
      case Phase::long_line: {
        const size_t end = rest.text().find('\n');
        if (end == std::string_view::npos) return more(in.size);
        consumed += static_cast<uint32_t>(end + 1);
        side.phase = side.after_long_line;
        continue;
      }
      default:
        break;
    }
    bool unfit = false;
    const Bytes whole = line(host, side, rest, side.phase == Phase::headers, unfit);
    if (unfit) {
      side.after_long_line = side.phase;
      side.phase = Phase::long_line;
      side.scanned = 0;
      continue;
    }
    if (whole.empty()) return more(consumed, rest.size + 1);
    consumed += whole.size;
    const std::string_view text = whole.text();
    if (side.phase == Phase::start_line) {
      start_line(host, side, text);
    } else if (side.phase == Phase::headers) {
      if (trim(text).empty()) {
        end_of_headers(host, side);
      } else {
        header(host, side, text);
      }
    } else if (side.phase == Phase::trailers) {
      if (trim(text).empty()) end_of_message(host, side);
    } else if (const auto size = parse_chunk_size(text); !size) {
      host.anomaly(kBadChunk);
      end_of_message(host, side);
      lose(side);
    } else if (*size == 0) {
      side.phase = Phase::trailers;
    } else {
      side.body += *size;
      const uint64_t data = *size + 2;  // and the line end behind it
      const uint32_t here = in.size - consumed;
      if (here < data) return finish(side, in.size, data - here);
      consumed += static_cast<uint32_t>(data);
    }
    if (tunnel_ || side.finished) return finished(kExwireDone, in.size);
  }
  return finish(side, consumed);
}

// ---- messages
// ------------------------------------------------------------------------------------

void Http1::start_line(const Host& host, Side& side, std::string_view text) {
  if (trim(text).empty()) return;  // servers pass empty lines before a message
  const bool to_server = host.direction() == Direction::to_server;
  if (text.substr(0, 16) == "PRI * HTTP/2.0\r\n") {
    host.anomaly(kHttp2);
    side.finished = tunnel_ = true;
    return;
  }
  if (to_server) {
    if (const auto request = parse_request_line(text)) {
      request_line(host, side, *request);
      return;
    }
  } else if (const auto status = parse_status_line(text)) {
    status_line(host, side, *status);
    return;
  }
  const bool swapped = to_server ? parse_status_line(text).has_value()
                                 : parse_request_line(text) && text.find(" HTTP/") != text.npos;
  if (swapped) {
    host.anomaly(kWrongDirection);
  } else if (!side.lost) {
    host.anomaly(kBadStartLine);
  }
  lose(side);
}

void Http1::lose(Side& side) {
  side = Side{};
  side.lost = true;
  lost_pairing_ = true;
}

void Http1::request_line(const Host& host, Side& side, const RequestLine& request) {
  side = Side{};
  if (lost_pairing_) {
    responses_ = requests_;  // what was open before the loss stays unanswered
    lost_pairing_ = false;
  }
  side.transaction = requests_++;
  if (requests_ - responses_ > kMostLive) host.anomaly(kTooManyTransactions);
  set_kind(side.transaction, request.method == "HEAD"      ? kHead
                             : request.method == "CONNECT" ? kConnect
                                                           : kOrdinary);
  host.field(kMethod, request.method);
  publish_target(host, request.target, request.method);
  if (request.protocol.empty()) {
    host.anomaly(kHttp09);
    host.message(kExwireRequestHead, side.transaction);
    host.message(kExwireRequestEnd, side.transaction);
    return;
  }
  host.field(kProtocol, request.protocol);
  side.phase = Phase::headers;
}

// Absolute form, RFC 9112 3.2.2: the target's authority is the host, whatever the Host header says.
void Http1::publish_target(const Host& host, std::string_view target, std::string_view method) {
  constexpr size_t kLongestNormalised = 2048;
  host_digest_ = 0;
  host.field(kUriRaw, target);
  std::string_view local = target;
  if (const size_t scheme = target.find("://");
      scheme != std::string_view::npos && scheme < 10 && target[0] != '/') {
    const size_t end = std::min(target.find_first_of("/?#", scheme + 3), target.size());
    const std::string_view authority = target.substr(scheme + 3, end - scheme - 3);
    const size_t at = authority.rfind('@');
    const std::string_view name = authority.substr(at == std::string_view::npos ? 0 : at + 1);
    host.field(kHost, name);
    for (const char letter : name) {
      host_digest_ = host_digest_ * 31 + static_cast<uint8_t>(lower(letter)) + 1;
    }
    if (at != std::string_view::npos) {
      host.field(kAuthScheme, "URI");
      host.field(kAuthUser, authority.substr(0, std::min(authority.find(':'), at)));
    }
    local = target.substr(end);
    if (local.empty()) local = "/";
  } else if (method == "CONNECT") {
    host.field(kHost, target);
  }
  std::array<char, 2 * kLongestNormalised> buffer;
  const std::string_view kept = local.substr(0, kLongestNormalised);
  const IisPath normal = normalise_iis_path(kept, buffer.data());
  const size_t query = local.find_first_of("?#");
  if (normal.path.data() != buffer.data()) {
    host.field(kUri, local);
    return;
  }
  // The query follows the normalised path unchanged.
  size_t size = normal.path.size();
  if (query != std::string_view::npos) {
    const std::string_view tail = local.substr(query, buffer.size() - size);
    std::memcpy(buffer.data() + size, tail.data(), tail.size());
    size += tail.size();
  }
  host.field(kUri, std::string_view(buffer.data(), size));
}

void Http1::status_line(const Host& host, Side& side, const StatusLine& status) {
  side = Side{};
  status_ = status.status;
  side.phase = Phase::headers;
  if (status.status >= 100 && status.status < 200 && status.status != 101) return;  // interim
  if (responses_ == requests_) ++requests_;  // answers a request that was not seen
  side.transaction = responses_++;
  host.field(kResponseProtocol, status.protocol);
  host.field(kStatusCode, status.code);
  host.field(kStatusMessage, status.reason);
}

void Http1::header(const Host& host, Side& side, std::string_view text) {
  side.header_octets += static_cast<uint32_t>(text.size());
  if (++side.headers > kMostHeaders || side.header_octets > kMostHeaderOctets) {
    host.anomaly(kTooManyHeaders);
    return;  // passed over, not kept
  }
  const size_t colon = text.find(':');
  const std::string_view name = text.substr(0, colon);
  if (colon == std::string_view::npos || !is_token(trim(name))) {
    host.anomaly(kBadHeader);
    return;
  }
  const Header* known = find_header(trim(name));
  if (known == nullptr) return;
  const bool framing = known->role == Role::length || known->role == Role::coding;
  if (framing && name != trim(name)) side.odd_framing = true;  // space before the colon
  std::string_view value = trim(text.substr(colon + 1));
  std::array<char, 4096> unfolded;
  if (value.find('\n') != std::string_view::npos) {  // RFC 9112 5.2: a fold is white space
    value = value.substr(0, unfolded.size());
    std::transform(value.begin(), value.end(), unfolded.begin(),
                   [](char letter) { return letter == '\r' || letter == '\n' ? ' ' : letter; });
    value = {unfolded.data(), value.size()};
  }
  const bool to_server = host.direction() == Direction::to_server;
  const bool interim = !to_server && status_ >= 100 && status_ < 200 && status_ != 101;
  if (interim) return;
  switch (known->role) {
    case Role::length:
    case Role::coding:
    case Role::upgrade:
      framing_header(host, side, *known, value);
      return;
    case Role::credentials:
      if (to_server) {
        const Credentials credentials(value);
        if (!credentials.scheme().empty()) host.field(kAuthScheme, credentials.scheme());
        if (!credentials.user().empty()) host.field(kAuthUser, credentials.user());
      }
      return;
    case Role::challenge:
      if (!to_server) host.field(kWwwAuthenticate, value.substr(0, value.find(' ')));
      return;
    case Role::host: {
      if (!to_server) return;
      uint32_t digest = 0;
      for (const char letter : value) {
        digest = digest * 31 + static_cast<uint8_t>(lower(letter)) + 1;
      }
      if (host_digest_ != 0 && digest != host_digest_) host.anomaly(kHostMismatch);
      if (host_digest_ == 0) host.field(kHost, value);
      host_digest_ = digest;
      return;
    }
    default:
      break;
  }
  const Field field = to_server ? known->request : known->response;
  if (field != kNone) host.field(field, value);
}

void Http1::framing_header(const Host& host, Side& side, const Header& header,
                           std::string_view value) {
  (void)host;
  if (header.role == Role::upgrade) {
    side.upgrade_h2c |= starts_ignoring_case(value, "h2c");
  } else if (header.role == Role::length) {
    bool odd = false;
    const auto length = parse_content_length(value, odd);
    side.odd_framing |= odd || !length || (side.has_length && side.left != *length);
    if (length && !side.has_length) side.left = *length;
    side.has_length |= length.has_value();
  } else {
    // RFC 9112 6.1: only when chunked is the last coding does it frame the message.
    const size_t comma = value.rfind(',');
    const std::string_view last = trim(comma == value.npos ? value : value.substr(comma + 1));
    side.odd_framing |= side.has_coding || !equal_ignoring_case(last, "chunked");
    side.has_coding = true;
    side.chunked |= equal_ignoring_case(last, "chunked");
  }
}

void Http1::end_of_headers(const Host& host, Side& side) {
  // Both a length and a coding: the coding wins (RFC 9112 6.3), and somebody may see it otherwise.
  if (side.odd_framing || (side.chunked && side.has_length)) host.anomaly(kFramingAmbiguous);
  side.body = 0;
  if (host.direction() == Direction::to_server) {
    host.message(kExwireRequestHead, side.transaction);
    if (side.chunked) {
      side.phase = Phase::chunk_size;
    } else {
      begin_body(host, side, side.has_length ? side.left : 0);
    }
    return;
  }
  if (status_ >= 100 && status_ < 200 && status_ != 101) {
    side = Side{};
    return;
  }
  host.message(kExwireResponseHead, side.transaction);
  const Kind kind = kind_of(side.transaction);
  const bool upgraded = status_ == 101 || (kind == kConnect && status_ / 100 == 2);
  if (upgraded) {
    if (side.upgrade_h2c) host.anomaly(kHttp2);
    host.message(kExwireResponseEnd, side.transaction);
    tunnel_ = true;
  } else if (kind == kHead || status_ == 204 || status_ == 304) {
    begin_body(host, side, 0);
  } else if (side.chunked) {
    side.phase = Phase::chunk_size;
  } else if (side.has_length && !side.has_coding) {
    begin_body(host, side, side.left);
  } else {
    side.phase = Phase::until_close;
  }
}

void Http1::begin_body(const Host& host, Side& side, uint64_t octets) {
  side.left = side.body = octets;
  side.phase = Phase::body;
  if (octets == 0) end_of_message(host, side);
}

void Http1::end_of_message(const Host& host, Side& side) {
  const bool to_server = host.direction() == Direction::to_server;
  host.message(to_server ? kExwireRequestEnd : kExwireResponseEnd, side.transaction, side.body);
  side = Side{};
}

bool Http1::gap(const Host& host, uint64_t missing) {
  Side& side = side_of(host);
  if (side.phase == Phase::until_close) {
    side.body += missing;
    return true;
  }
  if (side.phase == Phase::body && missing < side.left) {
    side.left -= missing;
    return true;
  }
  lose(side);
  return true;
}

void Http1::end(const Host& host) {
  Side& side = side_of(host);
  if (side.phase == Phase::until_close) end_of_message(host, side);
  side.finished = true;
}

// ---- sleep
// ---------------------------------------------------------------------------------------

// Layout: next request (4), open transactions (1), phases and marks (1), kinds of the open ones
// (2), body octets so far of each side (4 + 4). Transactions of a body being read are the newest
// request and the last response begun.
void Http1::sleep(uint8_t parked[16]) const {
  const auto open = static_cast<uint8_t>(requests_ - responses_);
  uint16_t kinds = 0;
  for (uint32_t index = 0; index < open; ++index) {
    kinds = static_cast<uint16_t>(kinds | kind_of(responses_ + index) << (2 * index));
  }
  uint8_t marks = 0;
  for (size_t which = 0; which < 2; ++which) {
    const Phase phase = sides_[which].phase;
    const unsigned code = phase == Phase::last_octet ? 1U : phase == Phase::chunk_size ? 2U : 0U;
    marks = static_cast<uint8_t>(marks | code << (2 * which));
    const auto body = static_cast<uint32_t>(sides_[which].body);
    std::memcpy(parked + 8 + 4 * which, &body, sizeof body);
  }
  marks = static_cast<uint8_t>(marks | (tunnel_ ? 16 : 0) | (lost_pairing_ ? 32 : 0) |
                               (sides_[0].finished ? 64 : 0) | (sides_[1].finished ? 128 : 0));
  std::memcpy(parked, &requests_, sizeof requests_);
  parked[4] = open;
  parked[5] = marks;
  std::memcpy(parked + 6, &kinds, sizeof kinds);
}

void Http1::wake(const uint8_t parked[16]) {
  std::memcpy(&requests_, parked, sizeof requests_);
  responses_ = requests_ - parked[4];
  uint16_t kinds;
  std::memcpy(&kinds, parked + 6, sizeof kinds);
  for (uint32_t index = 0; index < parked[4]; ++index) {
    set_kind(responses_ + index, static_cast<Kind>(kinds >> (2 * index) & 3));
  }
  const uint8_t marks = parked[5];
  tunnel_ = marks & 16;
  lost_pairing_ = marks & 32;
  for (size_t which = 0; which < 2; ++which) {
    Side& side = sides_[which];
    uint32_t body;
    std::memcpy(&body, parked + 8 + 4 * which, sizeof body);
    side.body = body;
    side.transaction = (which == 0 ? requests_ : responses_) - 1;
    side.finished = marks & (which == 0 ? 64 : 128);
    const unsigned code = marks >> (2 * which) & 3;
    side.phase = code == 1 ? Phase::last_octet : code == 2 ? Phase::chunk_size : Phase::start_line;
    if (side.phase == Phase::last_octet) side.left = 1;
  }
}

}  // namespace
}  // namespace exwire

EXPORT_DISSECTOR(http1, exwire::Http1,
                 {"tcp", exwire::kLongestLine + 4096, exwire::kFieldNames, exwire::kAnomalyNames});
