// SPDX-License-Identifier: BSD-3-Clause
// What is asked first of every segment, and nearly always last: whether anything about it is odd.
// The other questions stand in inspector_admission.cpp.
#pragma once

#include <cstdint>

#include "sensor/flow/doubts.hpp"
#include "sensor/flow/flow_table.hpp"
#include "sensor/inspect/reader.hpp"
#include "sensor/wire/packet.hpp"

namespace exwire::inspect {

inline constexpr int64_t kTwoWindows = int64_t{2} << 16;
inline constexpr unsigned kLeastScale = 8;  ///< hosts that scale less are given as much
inline constexpr int64_t kLeastReach = kTwoWindows << kLeastScale;

/// A segment that acknowledges and neither opens nor resets, before the end of its stream and not
/// far ahead: any host would look at its payload.
inline bool is_plain(const flow::Tracked& tracked, const wire::Packet& packet) noexcept {
  constexpr uint8_t kTelling = wire::kRst | wire::kSyn | wire::kAck;
  const flow::Flow& flow = *tracked.flow;
  const int64_t ahead =
      tracked.offset - static_cast<int64_t>(flow.of(tracked.direction).stream_octets);
  const bool over = flow.has(fin_mark(tracked.direction)) && ahead >= 0;
  return (packet.tcp_flags & kTelling) == wire::kAck && !over && ahead <= kLeastReach;
}

/// Whether a segment may have to wait for the other side's word: those of a client are to be
/// looked at, those of a server only if they answer what has not come by yet.
inline bool may_wait(const flow::Tracked& tracked, const wire::Packet& packet) noexcept {
  const flow::DirectionState& client = tracked.flow->of(Direction::to_server);
  return tracked.direction == Direction::to_server ||
         flow::acknowledges_unseen(packet, client.next_seq);
}

}  // namespace exwire::inspect
