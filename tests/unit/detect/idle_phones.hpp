// SPDX-License-Identifier: BSD-3-Clause
// Phones whose TLS conversations are written as they go, for the bench of idle timeouts.
#pragma once

#include <string>

#include "tests/unit/detect/idle_bench.hpp"

namespace exwire::test::idle {

constexpr int64_t kSecond = kNanosPerSecond;
inline const std::string kHello(517, 'h'), kFlight(1400, 'f'), kRequest(441, 'q'),
    kAnswer(163, 'a'), kGoodbye = std::string(1, '\x15') + std::string(30, 'g');

// A phone's TLS connection; times in whole seconds from the start.
inline Talk secured(int number, int64_t at_s, uint16_t port, bool ipv6 = false) {
  test::Segment side;
  side.source = "192.0.2." + std::to_string(number);
  if (ipv6) {  // each in a network of its own, as carriers have it
    side.source = "2001:db8:1:" + std::to_string(number) + "::5";
    side.destination = "2001:db8:2::20";
  }
  side.source_port = port;
  side.destination_port = 443;
  Talk talk(side);
  talk.now.ns += at_s * kSecond;
  talk.handshake().client(kHello).server(kFlight).client(std::string(93, 'k')).server_ack();
  return talk;
}
// The same with one answered request on it.
inline Talk phone(int number, int64_t at_s, uint16_t port = 50000, bool ipv6 = false) {
  return secured(number, at_s, port, ipv6).client(kRequest).server(kAnswer).client("", wire::kAck);
}

inline Talk& ping(Talk& talk) {
  return talk.client(kRequest).server_ack();
}
inline Talk& answered(Talk& talk, int64_t after_s) {
  return talk.wait(after_s * kSecond).server(kAnswer).client("", wire::kAck);
}
// The answer, again and again, and nobody there.
inline Talk& unanswered(Talk& talk, int64_t after_s, int repeats = 5) {
  talk.wait(after_s * kSecond).server(kAnswer);
  for (int repeat = 0; repeat < repeats; ++repeat) {
    talk.wait((int64_t{1} << repeat) * 300 * kNanosPerMilli);
    talk.server_seq -= static_cast<uint32_t>(kAnswer.size());
    talk.server(kAnswer);
  }
  return talk;
}
// What a capture shows that sees only one direction.
inline Talk only(Talk talk, Direction seen) {
  constexpr size_t kSourcePort = 34;
  std::erase_if(talk.frames, [&](const test::TestFrame& frame) {
    const bool from_server =
        frame.octets[kSourcePort] == 443 >> 8 && frame.octets[kSourcePort + 1] == (443 & 0xff);
    return from_server != (seen == Direction::to_client);
  });
  return talk;
}
inline Talk& server_reset(Talk& talk) {
  return talk.server("", wire::kRst | wire::kAck);
}

}  // namespace exwire::test::idle
