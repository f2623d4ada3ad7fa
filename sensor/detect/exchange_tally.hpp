// SPDX-License-Identifier: BSD-3-Clause
// The language between activesync_admission.cpp, which sees transactions, and exchange_tally.cpp,
// which counts them across connections. The body of an observation is one digest.
#pragma once

#include <cstdint>

namespace exwire::detect {

enum class TallyKind : uint16_t {
  logon_refused,       ///< body: digest of the user
  logon_accepted,      ///< the same
  provisioning_asked,  ///< body: digest of the device
  served,              ///< the same
  hop_refused,         ///< body: HTTP status
  hop_answered,
};

}  // namespace exwire::detect
