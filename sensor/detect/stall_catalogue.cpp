// SPDX-License-Identifier: BSD-3-Clause
// The findings about stalled connections: which of them a stage raises, after how long, and what
// Windows and http.sys themselves do about such connections.
#include "sensor/detect/stall_catalogue.hpp"

#include <array>

namespace exwire::detect {
namespace {

constexpr const char* kAttempt = "Attempted Denial of Service";
constexpr const char* kBlockAdvice =
    "Limit connections per source at the firewall or reverse proxy, and block the sources named.";
constexpr Signature kHalfOpen{
    1443101,
    1,
    2,
    "EXWIRE half-open connection flood",
    kAttempt,
    "Enable SYN flood protection at the firewall; block the sources if they are not spoofed."};
constexpr Signature kSilent{1443102,  1,           2, "EXWIRE connections that send nothing",
                            kAttempt, kBlockAdvice};
constexpr Signature kHandshake{1443103,  1,           2, "EXWIRE TLS handshakes left unfinished",
                               kAttempt, kBlockAdvice};
constexpr Signature kNoRequest{1443104,  1,           2, "EXWIRE no request after TLS handshakes",
                               kAttempt, kBlockAdvice};
constexpr Signature kHead{1443105, 1, 2, "EXWIRE slow request headers", kAttempt, kBlockAdvice};
constexpr Signature kBody{1443106, 1, 2, "EXWIRE slow request body", kAttempt, kBlockAdvice};
constexpr Signature kUnread{1443107, 1, 2, "EXWIRE responses not consumed", kAttempt, kBlockAdvice};
constexpr Signature kRenegotiating{
    1443108,  1,
    2,        "EXWIRE TLS renegotiation flood",
    kAttempt, "Forbid renegotiation by clients, or allow TLS 1.3 alone; block the sources named."};

constexpr Signature kBackscatter{1443109,
                                 1,
                                 3,
                                 "EXWIRE backscatter of a SYN flood",
                                 kAttempt,
                                 "Somebody floods this server in the names of others: look for the "
                                 "SYNs on the other ways to it, or "
                                 "tell its owner that the addresses named are forged."};

}  // namespace

const char* to_text(Stage stage) noexcept {
  static constexpr std::array<const char*, kStages> kTexts{"none",
                                                           "SYN unanswered",
                                                           "SYN on the same ports",
                                                           "handshake refused by its client",
                                                           "half-open",
                                                           "no octets",
                                                           "handshake unfinished",
                                                           "no request after handshake",
                                                           "request head unfinished",
                                                           "request body unfinished",
                                                           "request in pieces",
                                                           "response not consumed",
                                                           "answer without SYN",
                                                           "answer without SYN, not taken",
                                                           "renegotiating"};
  return kTexts[static_cast<size_t>(stage)];
}

uint32_t StallSettings::threshold_s(Stage stage) const noexcept {
  const auto seconds = [](int64_t ns) { return static_cast<uint32_t>(ns / kNanosPerSecond); };
  switch (stage) {
    case Stage::unanswered:
    case Stage::half_open:
    case Stage::unasked:
      return seconds(half_open_ns);
    case Stage::handshake:
      return seconds(handshake_ns);
    case Stage::head:
      return seconds(request_head_ns);
    case Stage::body:
    case Stage::pieces:
      return seconds(request_body_ns);
    case Stage::unread:
      return seconds(response_stall_ns);
    case Stage::hammered:
    case Stage::aborted:
    case Stage::backscatter:
    case Stage::renegotiating:
      return 1;
    default:
      return seconds(first_request_ns);
  }
}

std::vector<const Signature*> stall_signatures() {
  return {&kHalfOpen, &kSilent, &kHandshake,     &kNoRequest,  &kHead,
          &kBody,     &kUnread, &kRenegotiating, &kBackscatter};
}

const Signature& signature_of(Stage stage) noexcept {
  switch (stage) {
    case Stage::silent:
      return kSilent;
    case Stage::handshake:
      return kHandshake;
    case Stage::no_request:
      return kNoRequest;
    case Stage::head:
      return kHead;
    case Stage::body:
    case Stage::pieces:
      return kBody;
    case Stage::unread:
      return kUnread;
    case Stage::unasked:
    case Stage::backscatter:
      return kBackscatter;
    case Stage::renegotiating:
      return kRenegotiating;
    default:
      return kHalfOpen;
  }
}

const char* reference_of(Stage stage) noexcept {
  switch (stage) {
    case Stage::unanswered:
    case Stage::hammered:
      return "a client repeats its SYN after 1 to 3 s";
    case Stage::aborted:
      return "hosts whose address was forged, and tools beside their kernel's TCP, answer so";
    case Stage::unasked:
    case Stage::backscatter:
      return "a server answers the forged address of a flood so; nobody there has asked";
    case Stage::half_open:
      return "Windows gives up a half-open connection after about 21 s";
    case Stage::handshake:
      return "http.sys closes a connection without a request after 120 s";
    case Stage::body:
    case Stage::pieces:
      return "http.sys begins its 120 s anew with every piece of a body";
    case Stage::unread:
      return "IIS gives a client up below 240 octets/s, once the whole response is overdue";
    case Stage::renegotiating:
      return "one renegotiation in a connection is usual, for client certificates";
    default:
      return "IIS closes a connection without a complete request after 120 s";
  }
}

}  // namespace exwire::detect
