// SPDX-License-Identifier: BSD-3-Clause
// Where a connection towards a server stands while it is the client's turn, as far as packets alone
// tell. A complete request that awaits its answer is at no stage at all: that is how
// Direct Push looks (MS-ASHTTP), however long it takes.
#pragma once

#include <cstddef>
#include <cstdint>

#include "sensor/base/time.hpp"

namespace exwire::detect {

enum class Stage : uint8_t {
  none,           ///< nothing to judge
  unanswered,     ///< a SYN without answer, not repeated: real hosts repeat within 3 s
  hammered,       ///< more SYNs on the same ports than hosts send; each counts
  aborted,        ///< SYN, SYN-ACK, and RST of the client; each counts, none is ever over
  half_open,      ///< SYN and SYN-ACK, the third packet is missing
  silent,         ///< connected, the client has sent nothing
  handshake,      ///< TLS has begun and is not finished
  no_request,     ///< TLS is ready, the client has sent nothing since
  head,           ///< octets of a request whose head is not complete
  body,           ///< the head is complete, the body arrives slowly or not at all
  pieces,         ///< a request in TLS, or one joined midway, in small pieces
  unread,         ///< a response is due and the client's window is shut
  unasked,        ///< a SYN-ACK without SYN, and nobody takes it
  backscatter,    ///< the same, repeated or refused, or a refusal without SYN; each counts
  renegotiating,  ///< handshake records beyond what is usual; each counts, none is ever over
  count_
};
/// Events rather than states: none is ever over, so many within the last seconds count.
inline bool is_rate(Stage stage) noexcept {
  return stage == Stage::hammered || stage == Stage::aborted || stage == Stage::backscatter ||
         stage == Stage::renegotiating;
}
inline constexpr size_t kStages = static_cast<size_t>(Stage::count_);

const char* to_text(Stage stage) noexcept;

/// What the capture has shown of anybody so far. Where the packets that complete a handshake are
/// never captured (a filter, one direction only), honest handshakes look like those of a flood.
enum Sight : uint8_t {
  kSightOfAnswers = 1 << 0,  ///< both sides of one connection
  kSightOfAcks = 1 << 1,     ///< a segment without SYN, FIN and RST, or a server that missed one
  kWholeSight = kSightOfAnswers | kSightOfAcks,
};

/// What an observation of topic `stage` holds: from one stage to another, or from or to none. With
/// the packet time when each was entered.
struct StageStep {
  uint32_t left_since_s = 0, entered_since_s = 0;
  Stage left = Stage::none, entered = Stage::none;
  uint8_t sight = 0;  ///< of the capture, not of this connection
};

/// After how long a stage is a stall, and how many stalled connections are worth a finding.
struct StallSettings {
  int64_t half_open_ns = 6 * kNanosPerSecond;
  int64_t handshake_ns = 10 * kNanosPerSecond;
  int64_t first_request_ns = 30 * kNanosPerSecond;
  int64_t request_head_ns = 10 * kNanosPerSecond;
  int64_t request_body_ns = 30 * kNanosPerSecond;
  int64_t response_stall_ns = 30 * kNanosPerSecond;
  uint32_t minimum = 50;

  uint32_t threshold_s(Stage stage) const noexcept;
};

inline uint32_t seconds_of(Timestamp time) noexcept {
  return time.ns < 0 ? 0 : static_cast<uint32_t>(time.ns / kNanosPerSecond);
}

}  // namespace exwire::detect
