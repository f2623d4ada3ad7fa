// SPDX-License-Identifier: BSD-3-Clause
// SOCKS5 (RFC 1928, passwords RFC 1929): the sample of a dissector in a file of its own, and worth
// having on a port of Exchange, where a proxy of this kind is no mail client's. Both sides exchange
// two or three small messages; then the connection belongs to whatever is carried through it.
#include "dissectors/api.hpp"

namespace exwire {
namespace {

constexpr uint8_t kVersion = 5, kPasswordVersion = 1;
constexpr uint8_t kNoMethod = 0xff;
constexpr uint32_t kMostMessage = 513;  // a password message: 1 + 1 + 255 + 1 + 255

constexpr const char* kFields[] = {nullptr};  // nothing of HTTP or TLS to publish

enum AnomalyKind : uint32_t { kPassword, kNoMethodAccepted, kRefused, kListens, kBadMessage };
constexpr const char* kAnomalies[] = {"socks5_password_in_clear", "socks5_no_method",
                                      "socks5_request_refused",   "socks5_not_a_connect",
                                      "socks5_bad_message",       nullptr};

// What the next message of a side is. The password message is optional; its first octet tells.
enum class Phase : uint8_t { greeting, request, over };

// Octets of a message, 0: not yet known. Messages are told apart by their first octets alone.
uint32_t greeting_size(Bytes in) {
  return in.size < 2 ? 0 : 2U + in[1];
}
uint32_t password_size(Bytes in) {
  if (in.size < 2) return 0;
  const uint32_t user = 2U + in[1];
  return in.size <= user ? 0 : user + 1 + in[user];
}
// VER CMD RSV ATYP ADDRESS PORT; the answer has the same form.
uint32_t request_size(Bytes in) {
  if (in.size < 5) return 0;
  switch (in[3]) {
    case 1:
      return 4 + 4 + 2;
    case 3:
      return 4 + 1U + in[4] + 2;
    case 4:
      return 4 + 16 + 2;
    default:
      return UINT32_MAX;  // no such kind of address
  }
}

class Socks5 {
 public:
  // Two octets are soon somebody else's, too: both sides must speak it.
  static uint8_t probe(Bytes to_server, Bytes to_client) {
    if (to_server.empty()) return kExwireProbeNo;
    if (to_server[0] != kVersion) return kExwireProbeNo;
    if (to_server.size < 2) return kExwireProbeMore;
    if (to_server[1] == 0) return kExwireProbeNo;
    const uint32_t size = greeting_size(to_server);
    if (to_server.size < size) return kExwireProbeMore;
    // Before the answer the client has nothing more to say.
    if (to_client.empty()) return to_server.size == size ? kExwireProbeMore : kExwireProbeNo;
    if (to_client[0] != kVersion) return kExwireProbeNo;
    if (to_client.size < 2) return kExwireProbeMore;
    const std::string_view offered = to_server.from(2).first(to_server[1]).text();
    const bool answers = to_client[1] == kNoMethod ||
                         offered.find(static_cast<char>(to_client[1])) != std::string_view::npos;
    return answers ? kExwireProbeYes : kExwireProbeNo;
  }

  Progress data(const Host& host, Bytes in) {
    Phase& phase = phase_[static_cast<size_t>(host.direction())];
    uint32_t at = 0;
    while (phase != Phase::over && at < in.size) {
      const Bytes rest = in.from(at);
      const uint32_t size = message_size(host, phase, rest);
      if (size > kMostMessage) {
        host.anomaly(kBadMessage);
        return finished(kExwireBroken, at);
      }
      if (size == 0 || rest.size < size) return more(at);
      message(host, phase, rest);
      at += size;
    }
    // At rest between two messages; behind the last one the octets are not ours.
    return phase == Phase::over ? finished(kExwireDone, at) : at_rest(at);
  }

  // Without its borders no message can be told from what is carried.
  bool gap(const Host&, uint64_t) { return false; }
  void end(const Host&) {}

  void sleep(uint8_t parked[16]) const {
    for (size_t side = 0; side < 2; ++side) parked[side] = static_cast<uint8_t>(phase_[side]);
  }
  void wake(const uint8_t parked[16]) {
    for (size_t side = 0; side < 2; ++side) {
      phase_[side] = parked[side] < 2 ? static_cast<Phase>(parked[side]) : Phase::over;
    }
  }

 private:
  static bool to_server(const Host& host) { return host.direction() == Direction::to_server; }

  // UINT32_MAX: no message at all.
  static uint32_t message_size(const Host& host, Phase phase, Bytes in) {
    if (phase == Phase::greeting) {
      if (in[0] != kVersion) return UINT32_MAX;
      return to_server(host) ? greeting_size(in) : 2;
    }
    if (in[0] == kPasswordVersion) return to_server(host) ? password_size(in) : 2;
    return in[0] == kVersion ? request_size(in) : UINT32_MAX;
  }

  // `in` holds the whole message.
  static void message(const Host& host, Phase& phase, Bytes in) {
    if (phase == Phase::greeting) {
      const bool refused = !to_server(host) && in[1] == kNoMethod;
      if (refused) host.anomaly(kNoMethodAccepted);
      phase = refused ? Phase::over : Phase::request;
    } else if (in[0] == kPasswordVersion) {
      if (to_server(host)) host.anomaly(kPassword);  // the password itself is nobody's business
    } else {
      if (to_server(host) && in[1] != 1) host.anomaly(kListens);
      if (!to_server(host) && in[1] != 0) host.anomaly(kRefused);
      phase = Phase::over;
    }
  }

  Phase phase_[2] = {Phase::greeting, Phase::greeting};
};

}  // namespace
}  // namespace exwire

EXPORT_DISSECTOR(socks5, exwire::Socks5,
                 {"tcp", exwire::kMostMessage, exwire::kFields, exwire::kAnomalies});
