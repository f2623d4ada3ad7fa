// SPDX-License-Identifier: BSD-3-Clause
// The language between activesync_admission.cpp, which sees transactions, and exchange_tally.cpp,
// which counts them across connections.
#pragma once

#include <cstdint>

namespace exwire::detect {

enum class TallyKind : uint16_t {
  logon_refused,       ///< subject: digest of the user
  logon_accepted,      ///< the same
  provisioning_asked,  ///< subject: digest of the device
  served,              ///< the same
  hop_refused,         ///< no subject
  hop_answered,
};

/// Body of an observation.
struct TallyBody {
  uint64_t subject = 0;
  uint16_t status = 0;
  uint16_t endpoint = 0;  ///< see endpoint_at()
};

}  // namespace exwire::detect
