// SPDX-License-Identifier: BSD-3-Clause
// Signs that a single packet gives about a silence: how long it was, whether both sides go on where
// they stopped, and who may have sent a FIN or RST into it.
#pragma once

#include "sensor/detect/idle_memory.hpp"
#include "sensor/flow/sequence.hpp"

namespace exwire::detect {

inline bool usable(const flow::Flow& flow) noexcept {
  return flow.has(flow::kWatched) && !flow.has(flow::kUncertainRoles);
}

inline bool spoiled(const flow::Flow& flow) noexcept {
  return flow.has(flow::kGapToServer | flow::kGapToClient | flow::kTrackingLost);
}

inline uint32_t silence(const flow::Tracked& tracked, const wire::Packet& packet) noexcept {
  const int64_t gap = (packet.time.ns - tracked.previous.ns) / kNanosPerMilli;
  return static_cast<uint32_t>(std::clamp<int64_t>(gap, 0, UINT32_MAX));
}

inline bool is_alert(const wire::Packet& packet) noexcept {
  if (packet.payload.size == 0) return false;
  constexpr uint8_t kTlsAlert = 21, kTlsData = 23;
  constexpr uint32_t kSealedAlert = 24;  // TLS 1.3: looks like data, but is too short for any
  const uint8_t type = packet.payload.data[0];
  return type == kTlsAlert || (type == kTlsData && packet.payload_octets == kSealedAlert);
}

// Both sides go on exactly where they stopped: nothing was said that the capture missed. Where only
// one of them is seen, the other is known by what is acknowledged to it.
inline bool continues(const flow::Flow& flow, const flow::Tracked& tracked,
                      const wire::Packet& packet) noexcept {
  const flow::DirectionState& own = flow.of(tracked.direction);
  const flow::DirectionState& peer = flow.of(opposite(tracked.direction));
  const bool next = tracked.keepalive || packet.seq == own.next_seq;
  if (flow.state != flow::TcpState::established || !next || !(packet.tcp_flags & wire::kAck)) {
    return false;
  }
  return flow.one_sided() || (!(peer.tcp_flags & wire::kFin) && packet.ack == peer.next_seq &&
                              flow::distance(own.next_seq, peer.last_ack) >= 0);
}

// What comes with another TTL than the sender's own packets was sent by somebody else.
inline bool foreign(const flow::Flow& flow, const wire::Packet& packet) noexcept {
  const int own = static_cast<int>(flow.of(flow.direction_of(packet)).ttl);
  const int other = packet.ttl;
  return own != 0 && (own - other > 1 || other - own > 1);
}

// http.sys ends connections, slow headers and slow bodies at 120 s.
inline bool housekeeping(uint32_t gap_ms) noexcept {
  return gap_ms >= 110'000 && gap_ms <= 140'000;
}

}  // namespace exwire::detect
