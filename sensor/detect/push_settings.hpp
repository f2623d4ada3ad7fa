// SPDX-License-Identifier: BSD-3-Clause
// What counts as a silence, as a heartbeat and as too short, for the measurement of idle timeouts.
// The defaults are those of phones and of Exchange (MS-ASCMD Ping, events 1040 and 3033); all of
// them may be scaled, which is how a laboratory tests boxes that forget within seconds.
#pragma once

#include <cstdint>

#include "sensor/base/time.hpp"

namespace exwire::detect {

struct PushSettings {
  int64_t shortest_gap_ns = 30 * kNanosPerSecond;
  int64_t shortest_heartbeat_ns = 60 * kNanosPerSecond;  ///< of a wait under TLS
  int64_t required_ns = 1800 * kNanosPerSecond;          ///< a timeout this long is no finding
  int64_t average_ns = 540 * kNanosPerSecond;            ///< HbiAlertThreshold
  int64_t interim_ns = 900 * kNanosPerSecond;  ///< silent connections are shown this often
  uint32_t samples = 200;                      ///< HbiSampleSize
  bool tell_drops = false;                     ///< each single one (1443203)
};

}  // namespace exwire::detect
