// SPDX-License-Identifier: BSD-3-Clause
// What is known of one path about its idle timeout, said also where it is no finding: how long gaps
// have survived, or why no number can be given. Shown in `stats` events and at the end of a replay.
#pragma once

#include <cstdint>
#include <string>

#include "sensor/detect/idle_estimator.hpp"

namespace exwire::detect {

struct PathReport {
  std::string client_net, server;
  uint16_t port = 0;
  IdleEstimate estimate;
  uint32_t unusable = 0;     ///< gaps the capture has spoiled
  uint32_t lost_phones = 0;  ///< that never came back
};

}  // namespace exwire::detect
