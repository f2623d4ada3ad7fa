// SPDX-License-Identifier: BSD-3-Clause
// Records, messages and extensions of TLS (RFC 8446 4 and 5), put together octet by octet for the
// cases no real client makes, and what the dissector says of them.
#pragma once

#include <catch2/catch.hpp>
#include <string>
#include <vector>

#include "tests/support/dissector_harness.hpp"

extern "C" const ExwireDissectorApi dissector_tls;

namespace exwire::test {

using Octets = std::string;

inline Octets number(size_t value, int octets) {
  Octets text;
  for (int shift = 8 * (octets - 1); shift >= 0; shift -= 8) {
    text += static_cast<char>(value >> shift & 0xff);
  }
  return text;
}
inline Octets vector(const Octets& content, int length_octets) {
  return number(content.size(), length_octets) + content;
}
inline Octets record(int type, const Octets& fragment) {
  return number(static_cast<size_t>(type), 1) + "\x03\x03" + vector(fragment, 2);
}
inline Octets message(int type, const Octets& body) {
  return number(static_cast<size_t>(type), 1) + vector(body, 3);
}
inline Octets extension(size_t type, const Octets& content) {
  return number(type, 2) + vector(content, 2);
}
inline Octets server_name(const Octets& name, int type = 0) {
  return extension(0, vector(number(static_cast<size_t>(type), 1) + vector(name, 2), 2));
}
inline Octets client_hello(const Octets& extensions,
                           const Octets& ciphers = Octets("\x13\x01\xc0\x30")) {
  return message(1, "\x03\x03" + Octets(32, 'r') + vector("", 1) + vector(ciphers, 2) +
                        vector(Octets(1, '\0'), 1) + vector(extensions, 2));
}
inline Octets retry_request() {
  static constexpr unsigned char kRetry[] = {0xcf, 0x21, 0xad, 0x74, 0xe5, 0x9a, 0x61, 0x11,
                                             0xbe, 0x1d, 0x8c, 0x02, 0x1e, 0x65, 0xb8, 0x91,
                                             0xc2, 0xa2, 0x11, 0x16, 0x7a, 0xbb, 0x8c, 0x5e,
                                             0x07, 0x9e, 0x09, 0xe2, 0xc8, 0xa8, 0x33, 0x9c};
  return message(2, "\x03\x03" + Octets(kRetry, kRetry + 32) + vector("", 1) + "\x13\x01" +
                        Octets(1, '\0') + vector(extension(43, "\x03\x04"), 2));
}

/// What is said of one client's octets, the same whole and octet by octet.
inline std::string log_of(const Octets& octets) {
  const auto talk = [&](uint32_t cut) {
    DissectorHarness harness(dissector_tls, {});
    const Bytes all = as_bytes(octets);
    for (uint32_t at = 0; at < all.size; at += cut) {
      harness.feed(Direction::to_server, all.from(at).first(cut));
    }
    harness.end(Direction::to_server);
    harness.end(Direction::to_client);
    CHECK_FALSE(harness.violated());
    return harness.log();
  };
  const std::string whole = talk(static_cast<uint32_t>(octets.size()));
  CHECK(talk(1) == whole);
  return whole;
}

inline size_t count(const std::string& log, const std::string& text) {
  size_t found = 0;
  for (size_t at = 0; (at = log.find(text, at)) != std::string::npos; ++at) ++found;
  return found;
}
inline bool is_odd(const std::string& log) {
  return count(log, "anomaly tls_invalid_hello") > 0;
}

/// What is said of octets of both sides, in turns, the client's first.
inline std::string log_of_talk(const std::vector<Octets>& turns) {
  DissectorHarness harness(dissector_tls, {});
  Direction direction = Direction::to_server;
  for (const Octets& turn : turns) {
    harness.feed(direction, as_bytes(turn));
    direction = opposite(direction);
  }
  harness.end(Direction::to_server);
  harness.end(Direction::to_client);
  CHECK_FALSE(harness.violated());
  return harness.log();
}

inline uint32_t flags_of(const std::string& log) {
  constexpr std::string_view kName = "handshake flags ";
  const size_t at = log.find(kName);
  return at == std::string::npos ? 0
                                 : static_cast<uint32_t>(std::stoul(log.substr(at + kName.size())));
}

inline Octets server_hello(const Octets& extensions, int version = 3, const Octets& session = "") {
  return message(2, '\x03' + number(static_cast<size_t>(version), 1) + Octets(32, 's') +
                        vector(session, 1) + "\xc0\x30" + Octets(1, '\0') +
                        (extensions.empty() ? "" : vector(extensions, 2)));
}
inline Octets certificates(const std::vector<Octets>& chain) {
  Octets list;
  for (const Octets& one : chain) list += vector(one, 3);
  return message(11, vector(list, 3));
}
/// A hello of `size` octets in all, its message's header included.
inline Octets hello_of(size_t size) {
  const Octets name = server_name("mail.exwire.example");
  const size_t bare = client_hello(name + extension(21, "")).size();
  return client_hello(name + extension(21, Octets(size - bare, '\0')));
}
inline Octets in_records(const Octets& messages, size_t most) {
  Octets octets;
  for (size_t at = 0; at < messages.size(); at += most) {
    octets += record(22, messages.substr(at, most));
  }
  return octets;
}
inline bool tells_name(const std::string& log) {
  return count(log, "tls.sni=mail.exwire.example\n") == 1 && count(log, "handshake flags") == 1;
}

}  // namespace exwire::test
