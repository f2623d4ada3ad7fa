// SPDX-License-Identifier: BSD-3-Clause
#include "sensor/flow/held_segments.hpp"

#include <cstring>

#include "sensor/flow/sequence.hpp"

namespace exwire::flow {

HeldSegments::HeldSegments(Budget& budget) {
  budget.take(kEntries * sizeof(Held));
  entries_ = std::unique_ptr<Held[]>(new Held[kEntries]);
}

bool HeldSegments::keep(uint32_t handle, Direction direction, const wire::Packet& packet,
                        Doubt doubt) noexcept {
  if (packet.payload.size > kMostOctets || packet.payload.size != packet.payload_octets) {
    return false;
  }
  Held* bucket = bucket_of(handle);
  for (Held* held = bucket; held != bucket + kBucket; ++held) {
    if (held->handle != 0) continue;
    held->packet = packet;
    held->packet.payload = {held->octets.data(), packet.payload.size};
    std::memcpy(held->octets.data(), packet.payload.data, packet.payload.size);
    held->handle = handle;
    held->turn = ++turns_;
    held->doubt = doubt;
    held->direction = direction;
    ++in_use_;
    return true;
  }
  return false;
}

template <class Wanted>
HeldSegments::Held* HeldSegments::first_of(uint32_t handle, Wanted&& wanted) noexcept {
  Held* bucket = bucket_of(handle);
  Held* found = nullptr;
  for (Held* held = bucket; held != bucket + kBucket; ++held) {
    if (held->handle != handle || !wanted(*held)) continue;
    if (found == nullptr || before(held->turn, found->turn)) found = held;
  }
  return found;
}

HeldSegments::Held* HeldSegments::first(uint32_t handle) noexcept {
  return first_of(handle, [](const Held&) { return true; });
}

HeldSegments::Held* HeldSegments::acknowledged(uint32_t handle, Direction direction,
                                               uint32_t ack) noexcept {
  return first_of(handle, [=](const Held& held) {
    const uint32_t end = held.packet.seq + held.packet.payload_octets;
    return held.direction == direction && distance(end, ack) >= 0;
  });
}

HeldSegments::Held* HeldSegments::answering(uint32_t handle, uint32_t client_next) noexcept {
  return first_of(handle, [=](const Held& held) {
    return held.direction == Direction::to_client && !acknowledges_unseen(held.packet, client_next);
  });
}

HeldSegments::Held* HeldSegments::overdue(uint32_t handle, Timestamp limit) noexcept {
  return first_of(handle, [=](const Held& held) {
    return held.direction == Direction::to_client && held.packet.time < limit;
  });
}

void HeldSegments::give(Held& held) noexcept {
  held.handle = 0;
  --in_use_;
}

}  // namespace exwire::flow
