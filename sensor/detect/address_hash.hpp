// SPDX-License-Identifier: BSD-3-Clause
// An address as a part of what a table is searched by.
#pragma once

#include <array>
#include <cstdint>
#include <cstring>

#include "sensor/base/siphash.hpp"
#include "sensor/wire/flow_key.hpp"

namespace exwire::detect {

/// The version is for the caller to add where both may stand in one table.
inline void add_address(SipHash13& hash, const wire::Address& address,
                        uint8_t ip_version) noexcept {
  std::array<uint64_t, 2> halves;
  std::memcpy(halves.data(), address.data(), sizeof halves);
  hash.word(halves[0]);
  if (ip_version == 6) hash.word(halves[1]);  // one of IPv4 stands in the first half
}

}  // namespace exwire::detect
