// SPDX-License-Identifier: BSD-3-Clause
// The language between activesync_admission.cpp, which sees transactions, and exchange_tally.cpp,
// which counts them across connections.
#pragma once

#include <array>
#include <cstdint>

namespace exwire::detect {

enum class TallyKind : uint16_t {
  logon_refused,       ///< subject: digest of the user, 0: of a form, nobody knows
  logon_accepted,      ///< the same
  provisioning_asked,  ///< subject: digest of the device
  served,              ///< the same
  user_called,         ///< body: TallyName, told before refusals only
  device_called,       ///< the same: device, type and command, separated by tabs
};

/// Body of an observation.
struct TallyBody {
  uint32_t subject = 0;
  uint16_t status = 0;
  uint16_t endpoint = 0;  ///< see protocol_of()
};

/// A piece of the name behind a digest.
struct TallyName {
  static constexpr uint32_t kPieces = 6, kOctets = 11;
  uint32_t subject = 0;
  uint8_t piece = 0;
  std::array<char, kOctets> text{};  ///< filled up with zeros
};

}  // namespace exwire::detect
