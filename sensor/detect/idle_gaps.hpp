// SPDX-License-Identifier: BSD-3-Clause
// The idle gaps of a connection, packet by packet, and the fate of each. The segment that ends a
// gap is its probe: acknowledged, the gap has survived; retransmitted and never acknowledged, it
// was dropped in silence; answered by RST at once, a box or a peer had forgotten the connection.
// RST and FIN without a probe count only while an answer is due and only where they cannot be a
// client that gave up or a server that keeps house (IIS: 120 s). Where only one side is seen, the
// other is known by what is acknowledged to it.
#pragma once

#include "sensor/detect/idle_gap.hpp"
#include "sensor/detect/idle_memory.hpp"
#include "sensor/detect/push_shape.hpp"

namespace exwire::detect {

class IdleGaps {
 public:
  IdleGaps(const PushSettings& settings, PushShape& push)
      : least_gap_ms_(static_cast<uint32_t>(settings.shortest_gap_ns / kNanosPerMilli)),
        push_(push) {}

  /// Every packet of an established connection, before its octets are counted.
  void segment(const FlowContext& context, const flow::Tracked& tracked, const wire::Packet& packet,
               IdleMemory& memory, FindingSink& sink) const;
  /// The flow's timer: has the probe waited long enough?
  void timer(const FlowContext& context, IdleMemory& memory, FindingSink& sink) const;
  void ended(const FlowContext& context, IdleMemory& memory, FindingSink& sink) const;

 private:
  void consider(const FlowContext& context, const flow::Tracked& tracked,
                const wire::Packet& packet, IdleMemory& memory, FindingSink& sink) const;
  void unseen_spoke(const FlowContext& context, const flow::Tracked& tracked, uint32_t length,
                    IdleMemory& memory, FindingSink& sink) const;
  bool closes(const FlowContext& context, const wire::Packet& packet, IdleMemory& memory,
              uint32_t length, FindingSink& sink) const;
  void reset(const FlowContext& context, const flow::Tracked& tracked, const wire::Packet& packet,
             IdleMemory& memory, FindingSink& sink) const;

  const uint32_t least_gap_ms_;
  PushShape& push_;
};

/// Tells the fleet half what has become of a gap.
void tell(const FlowContext& context, IdleGapKind kind, const IdleGap& gap, FindingSink& sink);

}  // namespace exwire::detect
