// SPDX-License-Identifier: BSD-3-Clause
// What is remembered of a connection to know at which stage it stands: eight octets in the flow.
#pragma once

#include <cstdint>
#include <cstring>

#include "sensor/detect/detector.hpp"
#include "sensor/detect/stage.hpp"

namespace exwire::detect {

struct Standing {
  enum Mark : uint8_t {
    kLooked = 1 << 0,       ///< the first packet was seen
    kOver = 1 << 1,         ///< nothing more to judge
    kSecure = 1 << 2,       ///< TLS has begun
    kServerSpoke = 1 << 3,  ///< its first octets in a TLS handshake
    kReady = 1 << 4,        ///< the TLS handshake is complete
    kAsked = 1 << 5,        ///< application data of the client was seen
    kBody = 1 << 6,         ///< a request head is complete, its body is not known to be
    kJoined = 1 << 7,       ///< its start was not seen, nor a request head since
  };

  uint32_t since_s = 0;  ///< of the stage; at none, of the request
  Stage stage = Stage::none;
  uint8_t marks = 0;
  /// In clear: requests without a complete answer, saturating. In TLS and when joined: pieces of a
  /// request in the low two bits, handshake records after the handshake in the others, saturating.
  uint8_t count = 0;
  /// KiB already sent or taken when the stage began, or the second of the last piece; modulo 256.
  uint8_t base = 0;

  static Standing of(const FlowContext& context) noexcept {
    Standing standing;
    if (context.facts.size() < sizeof standing) {
      standing.marks = kOver;  // nowhere to keep it
    } else {
      std::memcpy(&standing, context.facts.data(), sizeof standing);
    }
    return standing;
  }
  void keep(const FlowContext& context) const noexcept {
    if (context.facts.size() >= sizeof *this) {
      std::memcpy(context.facts.data(), this, sizeof *this);
    }
  }

  bool has(Mark mark) const noexcept { return (marks & mark) != 0; }
  void set(Mark mark, bool on) noexcept {
    marks = static_cast<uint8_t>(on ? marks | mark : marks & ~mark);
  }

  /// TLS is ready, or requests in clear await their answers: further octets change nothing.
  bool awaits_nothing() const noexcept {
    if ((marks & (kLooked | kBody | kJoined)) != kLooked) return false;
    return has(kReady) || (!has(kSecure) && count != 0 && stage != Stage::head);
  }
  /// The handshake is complete, or nobody has seen it.
  bool counts_records() const noexcept { return !has(kOver) && (marks & (kReady | kJoined)) != 0; }
  bool is_over_or_joined() const noexcept { return (marks & (kOver | kJoined)) != 0; }

  /// Octets that the client's first TLS record needs; kept until TLS is ready.
  void expect(int octets) noexcept {
    if (octets > 0xffff) octets = 0xffff;
    count = static_cast<uint8_t>(octets >> 8);
    base = static_cast<uint8_t>(octets);
  }
  int expected() const noexcept { return count << 8 | base; }

  uint8_t pieces() const noexcept { return count & 3; }
  void count_piece() noexcept { ++count; }
  void clear_pieces() noexcept { count = static_cast<uint8_t>(count & ~3U); }
  uint8_t handshake_records() const noexcept { return count >> 2; }
  void count_handshake_record() noexcept {
    if (handshake_records() != 63) count = static_cast<uint8_t>(count + 4);
  }
};
static_assert(sizeof(Standing) == 8);

}  // namespace exwire::detect
