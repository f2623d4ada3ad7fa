// SPDX-License-Identifier: BSD-3-Clause
// The language between front_end_requests.cpp, which sees transactions, and front_end_hops.cpp,
// which puts those of a phone and those the front end makes on its behalf side by side.
#pragma once

#include <cstdint>

namespace exwire::detect {

enum class HopKind : uint16_t {
  refused,   ///< the front end's own request, in the way that fits SSL or forms logon
  answered,  ///< the front end's own request
  failed,    ///< a phone's request: 500
};

/// Body of an observation.
struct HopBody {
  uint32_t device = 0, user = 0;  ///< digests, 0: not named
  uint32_t took_ms = 0;           ///< from request to answer
  uint16_t status = 0;
  uint8_t endpoint = 0;  ///< see protocol_of()
  bool within = false;   ///< the hop stays within one machine
};

}  // namespace exwire::detect
