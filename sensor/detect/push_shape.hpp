// SPDX-License-Identifier: BSD-3-Clause
// Direct Push by its shape and by its words: requests that wait long for a small answer, again and
// again (TLS), or Pings and hanging Syncs that can be read (MS-ASCMD). The longest of these waits
// is the heartbeat of the connection.
#pragma once

#include "sensor/detect/idle_memory.hpp"
#include "sensor/detect/push_settings.hpp"

namespace exwire::detect {

class PushShape {
 public:
  explicit PushShape(const PushSettings& settings)
      : least_wait_ms_(static_cast<uint32_t>(settings.shortest_heartbeat_ns / kNanosPerMilli)) {}

  /// The server speaks after a silence: is it the small answer to a request that has waited?
  bool waited(const wire::Packet& answer, uint32_t length_ms, IdleMemory& memory) const noexcept;
  /// A request that could be read, and all of its answer.
  void read(const FlowContext& context, const inspect::HttpTransaction& transaction,
            IdleMemory& memory, FindingSink& sink) const;
  void describe(const IdleMemory& memory, FlowNumbers& numbers) const noexcept;

 private:
  const uint32_t least_wait_ms_;
};

}  // namespace exwire::detect
