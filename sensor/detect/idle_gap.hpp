// SPDX-License-Identifier: BSD-3-Clause
// What the flow half of the idle timeout tells the fleet half: the fates of idle gaps, under
// Topic::idle_gap.
#pragma once

#include <cstdint>

#include "sensor/detect/idle_estimator.hpp"

namespace exwire::detect {

enum class IdleGapKind : uint16_t {
  opened,     ///< the client has opened a connection (no gap)
  survived,   ///< what ended the silence was acknowledged
  suspected,  ///< what ended the silence is being retransmitted; one of the next three follows
  recovered,  ///< acknowledged after all
  dropped,    ///< never acknowledged, or answered by RST, or closed while an answer was due
  censored,   ///< suspected, and over before anything was certain
  unusable,   ///< the capture has lost octets of this connection
};

struct IdleGap {
  uint32_t length_ms = 0;
  DropMode mode = DropMode::silent;
};
static_assert(sizeof(IdleGap) <= 16);

}  // namespace exwire::detect
