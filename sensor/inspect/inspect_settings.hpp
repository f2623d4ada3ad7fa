// SPDX-License-Identifier: BSD-3-Clause
// What the inspector is told at its start, and what it counts.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "sensor/flow/overlap.hpp"
#include "sensor/flow/reassembler.hpp"

namespace exwire::inspect {

struct InspectSettings {
  uint32_t most_sessions = 32768;
  uint32_t most_transactions = 16384;
  uint32_t most_handshakes = 16384;        ///< TLS handshakes whose facts are gathered at once
  const bool* bodies_wanted = nullptr;     ///< somebody looks at the front of HTTP bodies
  const bool* heads_wanted = nullptr;      ///< likewise at their heads; null: yes
  bool label_unknown = true;               ///< ask nDPI about what no dissector knows
  bool label_at_once = true;               ///< false: nDPI is initialised by the first to ask
  std::vector<flow::OverlapRule> overlap;  ///< by receiver; others keep the first copy
};

struct InspectCounters {
  flow::ReassemblyCounters reassembly;
  uint64_t sessions_shed = 0, transactions_shed = 0, transactions = 0;
  uint64_t anomalies = 0, anomalies_suppressed = 0;
  uint64_t unknown = 0, labelled = 0, contract_broken = 0, handshakes = 0;
  uint64_t out_of_window = 0;
  uint64_t bodies_shed = 0;   ///< unread because their readers were all in use
  uint64_t other_copies = 0;  ///< copies read on their own because they disagreed
  static constexpr size_t kDissectors = 16;
  std::array<uint64_t, kDissectors> identified{};  ///< flows, by number of the dissector
};

}  // namespace exwire::inspect
