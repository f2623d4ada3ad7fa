// SPDX-License-Identifier: BSD-3-Clause
// Another connection on the ports of a flow: a SYN with another number never moves a live flow, but
// waits for an answer that proves it (RFC 9293 3.5, RFC 5961 4).
#include "sensor/flow/flow_table.hpp"

namespace exwire::flow {
namespace {

// Sequence number of the first octet of a direction's stream.
uint32_t first_seq(const DirectionState& side) noexcept {
  return side.next_seq - static_cast<uint32_t>(side.stream_octets);
}

}  // namespace

// A SYN, or any packet while one waits for its answer: true when it does not belong to the flow.
bool FlowTable::leads_elsewhere(uint32_t handle, const wire::Packet& packet) {
  if (replaced_by(handle, packet)) return true;
  if (!(packet.tcp_flags & wire::kSyn)) return false;
  Flow& flow = flows_[handle];
  const Direction direction = flow.direction_of(packet);
  if (!(packet.tcp_flags & (wire::kAck | wire::kRst)) &&
      packet.seq + 1 != first_seq(flow.of(direction))) {
    // A SYN with another number must never move a live flow (it may be forged); it waits in the
    // half-open table until the server's answer tells.
    flow.mark(kSynPending);
    listener_.odd_segment(handle, flow, direction, Oddity::syn_in_connection);
    return true;
  }
  if (packet.payload_octets > 0) {
    listener_.odd_segment(handle, flow, direction, Oddity::syn_in_connection);
  }
  return false;
}

// True when the packet proves that the connection has been replaced by a new one on the same ports.
// The old flow has been ended then.
bool FlowTable::replaced_by(uint32_t handle, const wire::Packet& packet) {
  Flow& flow = flows_[handle];
  const Direction direction = flow.direction_of(packet);
  const bool over = flow.state == TcpState::closed || flow.state == TcpState::reset;
  const bool syn = packet.tcp_flags & wire::kSyn, ack = packet.tcp_flags & wire::kAck;
  // The same SYN once more, or another answer to the SYN that has opened this flow: where several
  // hosts share an address, one of them may go on repeating its own.
  const DirectionState& side = flow.of(direction);
  const bool repeated = syn && (packet.seq + 1 == first_seq(side) ||
                                (ack && (side.tcp_flags & wire::kSyn) &&
                                 packet.ack == first_seq(flow.of(opposite(direction)))));
  bool replaced = over && syn && !repeated;
  if (!replaced && flow.has(kSynPending)) {
    const HalfOpen* candidate = half_open_.find(packet.key, packet.hash);
    if (candidate == nullptr) {
      flow.marks = static_cast<uint16_t>(flow.marks & ~kSynPending);
    } else if (candidate->has(kSyn)) {
      const bool from_client = packet.from_lo == candidate->has(kClientLo);
      const bool answered = candidate->has(kSynAck) || flow.one_sided();
      replaced = from_client ? answered && !syn && ack && packet.seq == candidate->client_next
                             : syn && ack && packet.ack == candidate->client_next;
    }
  }
  if (replaced) {
    ++counters_.reused;
    flow.mark(kReused);
    end(handle, EndReason::tcp_reuse, packet.time);
  }
  return replaced;
}

}  // namespace exwire::flow
