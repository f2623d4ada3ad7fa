// SPDX-License-Identifier: BSD-3-Clause
#include "sensor/wire/duplicates.hpp"

namespace exwire::wire {

// Filled up with zeros to kCompared: the number of octets is a mark of its own.
Duplicates::Hash::Wide Duplicates::add_few(Hash::Wide sum, Bytes octets) const noexcept {
  std::array<uint8_t, kCompared> filled_up{};
  std::memcpy(filled_up.data(), octets.data, octets.size);
  return add_octets(sum, kHeadWords, filled_up.data());
}

}  // namespace exwire::wire
