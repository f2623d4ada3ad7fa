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
  closed,     ///< by one side while an answer was due: this side itself, or a box
  captured,   ///< no gap: how much of a connection the capture has (CaptureShare)
};

struct IdleGap {
  enum Mark : uint8_t {
    kTowardsClient = 1 << 0,  ///< where the box is, seen from the capture, if there is one
    kForeign = 1 << 1,        ///< RST or FIN with another TTL than its pretended sender
    kWait = 1 << 2,           ///< looks like a heartbeat: a request that waited for a small answer
    kTimer = 1 << 3,          ///< RST or FIN that nothing has provoked: the length is the timeout
  };
  uint32_t length_ms = 0;
  uint32_t since_probe_ms = 0;  ///< at the time of the observation
  DropMode mode = DropMode::silent;
  uint8_t marks = 0;
};
static_assert(sizeof(IdleGap) <= 16);

/// Told once of each connection: at the first octets the capture has missed, or at its end.
struct CaptureShare {
  uint32_t packets = 0;  ///< of both directions until then
  uint32_t holes = 0;    ///< 0 or 1
};

}  // namespace exwire::detect
