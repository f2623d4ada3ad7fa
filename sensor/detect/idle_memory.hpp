// SPDX-License-Identifier: BSD-3-Clause
// What the measurement of idle timeouts remembers of a connection, in the 14 octets it has of each
// flow: who spoke last, the probe that has ended the last silence, and how requests have waited.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>

#include "sensor/detect/detector.hpp"

namespace exwire::detect {

struct IdleMemory {
  static constexpr uint8_t kOctets = 14;
  static constexpr uint32_t kProbeUnitMs = 128;
  static constexpr uint32_t kLongest = (1U << 13) - 1, kLongestHeartbeat = (1U << 12) - 1;

  enum State : uint8_t {
    kSeen = 1 << 0,
    kInFlight = 1 << 1,  ///< octets waited for their acknowledgement after the last packet
    kAsked = 1 << 2,     ///< the client spoke last, and said enough for a request
    kOneRound = 1 << 3,  ///< requests answered so far
    kTwoRounds = 1 << 4,
    kFromServer = 1 << 5,  ///< sender of the probe
    kPending = 1 << 6,     ///< the fate of the probe is open
    kOver = 1 << 7,        ///< nothing more to learn here
  };

  enum Probe : uint8_t {
    kRepeats = 0x03,     ///< counter, saturating
    kGivingUp = 1 << 2,  ///< a bare FIN of a client that was owed an answer
    kWait = 1 << 3,      ///< it is the small answer to a request that waited
    kKeepalive = 1 << 4,
    kClosing = 1 << 5,    ///< FIN or a TLS alert: the sender wants to leave
    kPeerSpoke = 1 << 6,  ///< the peer lives, but has not acknowledged
    kSuspected = 1 << 7,
  };

  uint64_t gap_ms : 24;     ///< of the gap the probe has ended
  uint64_t probe_end : 24;  ///< low bits of the sequence number after the probe
  uint64_t probe_at : 14;   ///< when the probe was sent, in units of 128 ms since the flow's start
  uint64_t holed : 1;       ///< octets are known to be missing, and it has been told
  uint64_t patient : 1;     ///< a request has waited through a gap, and was answered
  uint32_t longest_s : 13;  ///< silence of this connection
  uint32_t waits : 3;       ///< long waits for a small answer, saturating
  uint32_t heartbeat_s : 12;
  uint32_t requested : 1;  ///< since the last of these waits
  uint32_t kind : 3;       ///< WaitKind
  uint8_t state, probe;

  bool has(uint8_t mark) const noexcept { return (state & mark) != 0; }
  bool probe_has(uint8_t mark) const noexcept { return (probe & mark) != 0; }
  void set(uint8_t mark, bool to) noexcept {
    state = to ? with(state, mark) : without(state, mark);
  }
  static uint8_t with(uint8_t state, uint8_t mark) noexcept {
    return static_cast<uint8_t>(state | mark);
  }
  static uint8_t without(uint8_t state, uint8_t mark) noexcept {
    return static_cast<uint8_t>(state & ~mark);
  }
  WaitKind wait_kind() const noexcept { return static_cast<WaitKind>(kind); }
  uint8_t repeats() const noexcept { return probe & kRepeats; }
  // How far a sequence number is beyond the end of the probe.
  int32_t beyond_probe(uint32_t seq) const noexcept {
    return static_cast<int32_t>((seq - static_cast<uint32_t>(probe_end)) << 8) >> 8;
  }
  uint32_t waited_ms(uint32_t now_ms) const noexcept {
    return ((now_ms / kProbeUnitMs - static_cast<uint32_t>(probe_at)) & 0x3fffU) * kProbeUnitMs;
  }

  static IdleMemory of(const FlowContext& context) noexcept {
    IdleMemory memory{};
    std::memcpy(&memory, context.facts.data(), kOctets);
    return memory;
  }
  /// The state alone, where it lies.
  static uint8_t& state_in(const FlowContext& context) noexcept {
    return context.facts[offsetof(IdleMemory, state)];
  }
  void store(const FlowContext& context) const noexcept {
    std::memcpy(context.facts.data(), this, kOctets);
  }
};

inline uint32_t age_ms(const flow::Flow& flow, Timestamp now) noexcept {
  const int64_t age = (now.ns - flow.start_ns) / kNanosPerMilli;
  return static_cast<uint32_t>(std::clamp<int64_t>(age, 0, UINT32_MAX));
}

}  // namespace exwire::detect
