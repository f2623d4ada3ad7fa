// SPDX-License-Identifier: BSD-3-Clause
// The awake state of a flow: what its octets need while somebody looks at them. Pooled; a flow that
// has nothing pending gives it back and keeps 16 octets (Flow::parked).
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include "sensor/flow/reassembler.hpp"
#include "sensor/inspect/dissector_host.hpp"

namespace exwire::inspect {

struct Session {
  Session() noexcept {}  // NOLINT: otherwise `Session()` clears the dissector's state as well

  alignas(16) std::array<std::byte, DissectorHost::kStateSize> state;
  std::array<flow::Reassembler, 2> stream;
  std::array<int64_t, 2> fin_at{-1, -1};     ///< stream offset of a FIN seen, -1: none
  std::array<int64_t, 2> urgent_at{-1, -1};  ///< stream offset of the urgent octet, -1: none
  std::array<uint32_t, 2> building{};        ///< transaction whose head is being published
  std::array<uint32_t, 2> head{};            ///< its text, 0: none
  uint32_t flow = 0;                         ///< handle of the owner
  uint32_t older = 0, newer = 0;             ///< sessions by last use
  uint32_t handshake = 0;                    ///< TLS facts being gathered, 0: none
  uint32_t candidate = 0;                    ///< nDPI's slot, 0: none
  std::array<bool, 2> resting{true, true};   ///< the dissector's last answer per direction
  bool dissecting = false;                   ///< `state` holds a dissector

  bool has_hole() const noexcept { return stream[0].has_hole() || stream[1].has_hole(); }
  bool awaits_fin() const noexcept { return fin_at[0] >= 0 || fin_at[1] >= 0; }
};

/// What of a flow was reported already, for flows that had an anomaly at all.
using ToldAnomalies = uint64_t;

}  // namespace exwire::inspect
