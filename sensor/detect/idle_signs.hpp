// SPDX-License-Identifier: BSD-3-Clause
// Signs that a single packet gives about a silence: how long it was, whether both sides go on where
// they stopped, and who may have sent a FIN or RST into it.
#pragma once

#include "sensor/detect/idle_memory.hpp"
#include "sensor/flow/sequence.hpp"

namespace exwire::detect {

inline bool usable(const flow::Flow& flow) noexcept {
  return flow.has(flow::kWatched) && !flow.has(flow::kUncertainRoles) && !flow.one_sided();
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

// Both sides go on exactly where they stopped: nothing was said that the capture missed.
inline bool continues(const flow::Flow& flow, const flow::Tracked& tracked,
                      const wire::Packet& packet) noexcept {
  const flow::DirectionState& own = flow.of(tracked.direction);
  const flow::DirectionState& peer = flow.of(opposite(tracked.direction));
  const bool next = tracked.keepalive || packet.seq == own.next_seq;
  return flow.state == flow::TcpState::established && !(peer.tcp_flags & wire::kFin) && next &&
         (packet.tcp_flags & wire::kAck) && packet.ack == peer.next_seq &&
         flow::distance(own.next_seq, peer.last_ack) >= 0;
}

// What comes with another TTL than the sender's own packets was sent by somebody else.
inline bool foreign(const flow::Flow& flow, const wire::Packet& packet) noexcept {
  const int own = static_cast<int>(flow.of(flow.direction_of(packet)).ttl);
  const int other = packet.ttl;
  return own != 0 && (own - other > 1 || other - own > 1);
}

// May this FIN or RST, sent into the silence, be the timer of a box? Only while an answer is due;
// a client may have lost patience, and a server that has never answered may be under attack.
inline bool timer_like(const flow::Flow& flow, const wire::Packet& packet, const IdleMemory& memory,
                       uint32_t gap) noexcept {
  // http.sys ends connections, slow headers and slow bodies at 120 s.
  constexpr uint32_t kHousekeepingFromMs = 110'000, kHousekeepingToMs = 140'000;
  if (!memory.has(IdleMemory::kAsked)) return false;
  if (foreign(flow, packet)) return true;
  const bool from_client = flow.direction_of(packet) == Direction::to_server;
  if (from_client || !memory.has(IdleMemory::kTwoRounds)) return false;
  return gap < kHousekeepingFromMs || gap > kHousekeepingToMs;
}

}  // namespace exwire::detect
