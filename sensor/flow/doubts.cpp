// SPDX-License-Identifier: BSD-3-Clause
#include "sensor/flow/doubts.hpp"

#include <cstdlib>

#include "sensor/flow/sequence.hpp"

namespace exwire::flow {
namespace {

// No clock of RFC 7323 moves so far within kLately: with the fastest, a microsecond, it is nine
// minutes.
constexpr int32_t kLeap = 1 << 29;
constexpr int64_t kLately = 60 * kNanosPerSecond;
// Routes change a hop or two; a packet meant to die before the server differs by more.
constexpr int kMostTtlChange = 5;

}  // namespace

Doubts::Doubts(Budget& budget) {
  budget.take(kEntries * sizeof(Stamp));
  stamps_ = std::make_unique<Stamp[]>(kEntries);
}

Doubt Doubts::about(const Tracked& tracked, const wire::Packet& packet, bool whole) noexcept {
  const Flow& flow = *tracked.flow;
  const Doubt stamp = about_timestamp(tracked, packet);
  if (packet.payload_octets == 0 || flow.one_sided() || flow.has(kMidstream)) return Doubt::none;
  if (packet.is_signed) return Doubt::signature;
  const DirectionState& client = flow.of(Direction::to_server);
  const DirectionState& server = flow.of(Direction::to_client);
  const unsigned scale = flow.window_scales & 15U;
  const bool outdated = distance(server.next_seq, packet.ack) < -(int32_t{65536} << scale);
  if (outdated || (whole && acknowledges_unseen(packet, server.next_seq))) {
    return Doubt::acknowledgement;
  }
  if (std::abs(int{packet.ttl} - static_cast<int>(client.ttl)) > kMostTtlChange) {
    return Doubt::odd_ttl;
  }
  return stamp;
}

Doubt Doubts::about_timestamp(const Tracked& tracked, const wire::Packet& packet) noexcept {
  if (!packet.has_timestamps) return Doubt::none;
  const Flow& flow = *tracked.flow;
  const DirectionState& client = flow.of(Direction::to_server);
  // What has overtaken others must not make them old (RFC 7323 4.3).
  const bool next = tracked.offset <= static_cast<int64_t>(client.stream_octets);
  Stamp& known = at(tracked.handle);
  if (known.handle != tracked.handle || known.generation != flow.generation) {
    if (next) known = {tracked.handle, flow.generation, false, packet.timestamp};
    return Doubt::none;
  }
  const int32_t ahead = distance(known.newest, packet.timestamp);
  const bool lately = packet.time.ns - tracked.previous.ns < kLately;
  if (!lately || (ahead >= 0 && ahead <= kLeap)) {
    if (next) known.newest = packet.timestamp;
    return Doubt::none;
  }
  const bool unclear = ahead >= -1 || packet.timestamp == 0 || known.leapt;
  return unclear ? Doubt::unclear_timestamp : Doubt::old_timestamp;
}

void Doubts::confirm(uint32_t handle, Flow& flow, const wire::Packet& packet) noexcept {
  flow.of(Direction::to_server).ttl = packet.ttl;
  Stamp& known = at(handle);
  if (!packet.has_timestamps || known.handle != handle || known.generation != flow.generation) {
    return;
  }
  known.leapt = known.leapt || distance(known.newest, packet.timestamp) > kLeap;
  known.newest = packet.timestamp;
}

}  // namespace exwire::flow
