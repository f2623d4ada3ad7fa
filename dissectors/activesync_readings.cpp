// SPDX-License-Identifier: BSD-3-Clause
// Rings of readers and of inflaters.
#include "dissectors/activesync_readings.hpp"

namespace exwire::activesync {

Readings& Readings::here() noexcept {
  static thread_local Readings readings;
  return readings;
}

uint32_t Readings::begin(bool packed) noexcept {
  if (++newest_ == 0) newest_ = 1;
  Reading& reading = readings_[newest_ % kMost];
  reading = Reading{};
  reading.ticket = newest_;
  if (packed) {
    if (++newest_packed_ == 0) newest_packed_ = 1;
    Packed& slot = packed_[newest_packed_ % kMostPacked];
    slot.ticket = reading.packed = newest_packed_;
    slot.inflater.begin();
  }
  return newest_;
}

bool Readings::feed(uint32_t ticket, Bytes octets) noexcept {
  Reading& reading = readings_[ticket % kMost];
  if (reading.ticket != ticket) return false;
  if (reading.packed == 0) return reading.reader.feed(octets);
  Packed& packed = packed_[reading.packed % kMostPacked];
  if (packed.ticket != reading.packed) return false;
  return packed.inflater.feed(octets, [&](Bytes plain) { return reading.reader.feed(plain); });
}

bool Readings::lost(uint32_t ticket) const noexcept {
  const Reading& reading = readings_[ticket % kMost];
  if (reading.ticket != ticket) return true;
  return reading.packed != 0 && packed_[reading.packed % kMostPacked].ticket != reading.packed;
}

const Body* Readings::find(uint32_t ticket) const noexcept {
  const Reading& reading = readings_[ticket % kMost];
  return reading.ticket == ticket ? &reading.reader.body() : nullptr;
}

}  // namespace exwire::activesync
