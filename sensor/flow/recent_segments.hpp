// SPDX-License-Identifier: BSD-3-Clause
// Digests of the segments handed on last, so that a later copy that says something else is noticed
// although its octets can no longer change anything (insertion attacks, Ptacek and Newsham 1998).
// A fixed table shared by all flows of a worker: 24 octets per segment instead of a copy of it. The
// digest is seeded with the keyed hash of the flow, which no sender knows.
#pragma once

#include <cstdint>
#include <memory>

#include "sensor/base/bytes.hpp"
#include "sensor/base/memory.hpp"

namespace exwire::flow {

class RecentSegments {
 public:
  static constexpr uint32_t kEntries = 1U << 15;
  /// Copies of what lies further back are not compared.
  static constexpr int64_t kWindow = 65536;

  explicit RecentSegments(Budget& budget);

  void remember(uint64_t flow_hash, uint32_t seq, Bytes octets) noexcept;
  /// True when a segment from the same number on was handed on and its octets were others. A copy
  /// that is shorter is compared in its first 16 octets; one that starts elsewhere not at all.
  bool differs(uint64_t flow_hash, uint32_t seq, Bytes octets) const noexcept;

 private:
  struct Entry {
    uint64_t key = 0;
    uint64_t digest = 0;
    uint32_t size = 0;
    uint32_t start = 0;  ///< digest of the first 16 octets
  };
  static uint64_t key_of(uint64_t flow_hash, uint32_t seq) noexcept;

  std::unique_ptr<Entry[]> entries_;
};

}  // namespace exwire::flow
