// SPDX-License-Identifier: BSD-3-Clause
// Sequence number arithmetic modulo 2^32 (RFC 9293 3.4).
#pragma once

#include <cstdint>

namespace exwire::flow {

/// Signed distance from `from` to `to`; right while they are less than 2 GiB apart.
constexpr int32_t distance(uint32_t from, uint32_t to) noexcept {
  return static_cast<int32_t>(to - from);
}
constexpr bool before(uint32_t a, uint32_t b) noexcept {
  return distance(a, b) > 0;
}

}  // namespace exwire::flow
