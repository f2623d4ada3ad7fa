// SPDX-License-Identifier: BSD-3-Clause
#include "sensor/flow/held_segments.hpp"

#include <cstring>

#include "sensor/flow/sequence.hpp"

namespace exwire::flow {

HeldSegments::HeldSegments(Budget& budget) {
  budget.take(kEntries * sizeof(Held));
  entries_ = std::unique_ptr<Held[]>(new Held[kEntries]);
}

bool HeldSegments::keep(uint32_t handle, const wire::Packet& packet, Doubt doubt) noexcept {
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
    if (held->handle != handle || !wanted(held->packet)) continue;
    if (found == nullptr || before(held->turn, found->turn)) found = held;
  }
  return found;
}

HeldSegments::Held* HeldSegments::first(uint32_t handle) noexcept {
  return first_of(handle, [](const wire::Packet&) { return true; });
}

HeldSegments::Held* HeldSegments::acknowledged(uint32_t handle, uint32_t ack) noexcept {
  return first_of(handle, [ack](const wire::Packet& packet) {
    return distance(packet.seq + packet.payload_octets, ack) >= 0;
  });
}

void HeldSegments::give(Held& held) noexcept {
  held.handle = 0;
  --in_use_;
}

}  // namespace exwire::flow
