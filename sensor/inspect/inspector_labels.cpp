// SPDX-License-Identifier: BSD-3-Clause
// What nDPI is asked about connections that no dissector knows: packet by packet, from both sides,
// and for its last word when the connection ends.
#include "sensor/inspect/inspector.hpp"
#include "sensor/inspect/tls_start.hpp"

namespace exwire::inspect {

// Nobody here knows the connection, which took octets of both sides to find out: those of the other
// side came first and tell nDPI most.
void Inspector::label_both(flow::Flow& flow, const wire::Packet& packet, const Session& session) {
  const Direction other =
      packet.from_lo == flow.has(flow::kClientIsLo) ? Direction::to_client : Direction::to_server;
  label_pending(flow, session, other, packet.time);
  if (flow.work == flow::kWorkIdentify) look_for_label(flow, packet);
}

// What one side has said so far, as if it had come in one packet.
void Inspector::label_pending(flow::Flow& flow, const Session& session, Direction direction,
                              Timestamp now) {
  wire::Packet packet;
  packet.time = now;
  packet.key = flow.key;
  packet.from_lo = (direction == Direction::to_server) == flow.has(flow::kClientIsLo);
  packet.payload = session.stream[static_cast<size_t>(direction)].pending();
  packet.payload_octets = packet.payload.size;
  packet.seq = flow.of(direction).next_seq - packet.payload.size;
  packet.ack = flow.of(opposite(direction)).next_seq;
  packet.tcp_flags = wire::kAck | wire::kPsh;
  look_for_label(flow, packet);
}

// The connection ends before anybody knows what it is: there is no more to come.
void Inspector::label_at_end(flow::Flow& flow, Timestamp now) {
  if (labeller_ == nullptr || flow.session == 0 || !(flow.work & flow::kWorkIdentify)) return;
  Session& session = sessions_[flow.session];
  if (flow.work == kLookAnew) {
    label_pending(flow, session, Direction::to_server, now);
    if (flow.session != 0) label_pending(flow, session, Direction::to_client, now);
  }
  if (flow.session == 0 || session.candidate == 0) return;
  flow.label = labeller_->last_word(session.candidate);
  counters_.labelled += flow.label != 0;
  session.candidate = 0;
}

void Inspector::look_for_label(flow::Flow& flow, const wire::Packet& packet) {
  if (packet.payload.empty()) return;
  Session* session = flow.session != 0 ? &sessions_[flow.session] : nullptr;
  if (session != nullptr && session->candidate == 0) session->candidate = labeller_->open();
  const bool decided = session == nullptr || session->candidate == 0 ||
                       labeller_->look(session->candidate, packet, flow.label);
  if (!decided) return;
  counters_.labelled += flow.label != 0;
  flow.work = 0;
  if (session != nullptr) {
    session->candidate = 0;
    release(flow);
  }
}

}  // namespace exwire::inspect
