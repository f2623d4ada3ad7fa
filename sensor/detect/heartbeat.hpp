// SPDX-License-Identifier: BSD-3-Clause
// What a Ping or a hanging Sync in clear text tells the fleet half of Direct Push, under
// Topic::direct_push.
#pragma once

#include <cstdint>

namespace exwire::detect {

struct Heartbeat {
  uint64_t device = 0;   ///< digest of its id, 0: not known
  uint32_t seconds = 0;  ///< asked for; 0: the body is empty, the device's last one holds
  uint32_t status = 0;   ///< of the answer; 1: the heartbeat has passed without mail
};
static_assert(sizeof(Heartbeat) <= 16);

}  // namespace exwire::detect
