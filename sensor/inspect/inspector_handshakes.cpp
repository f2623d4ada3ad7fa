// SPDX-License-Identifier: BSD-3-Clause
// TLS handshakes: fields are gathered while octets pass, and told as one when the dissector says
// that nothing more will come.
#include "sensor/inspect/inspector.hpp"

namespace exwire::inspect {

// False: no room.
bool Inspector::begin_handshake(Session& session, Timestamp now, uint64_t packet_number) {
  session.handshake = handshakes_.take();
  if (session.handshake == 0) return false;
  TlsHandshake& fresh = handshakes_[session.handshake];
  fresh.began = now;
  fresh.packet = packet_number;
  return true;
}

void Inspector::read_certificates(TlsHandshake& handshake, TlsField field, Bytes value,
                                  Timestamp now) {
  switch (field) {
    case TlsField::server_certificates:
      if (handshake.server_kept.number == 0) {
        handshake.server_kept = certificates_.read(value, handshake.server_chain, now);
      }
      break;
    case TlsField::client_certificates:
      if (handshake.client_kept.number == 0) {
        handshake.client_kept = certificates_.read(value, handshake.client_chain, now);
      }
      break;
    default:
      handshake.server_kept = certificates_.read_one(value, now);
      handshake.server_chain = handshake.server_kept.number != 0 ? 1 : 0;
      break;
  }
}

void Inspector::finish_handshake(flow::Flow& flow, Session& session, const ExwireHandshake& told,
                                 Timestamp now) {
  if (session.handshake == 0) return;  // joined later, or no room: nothing was gathered
  TlsHandshake& handshake = handshakes_[session.handshake];
  handshake.ended = now;
  handshake.server_certificate = certificates_.find(handshake.server_kept);
  handshake.client_certificate = certificates_.find(handshake.client_kept);
  handshake.flags = told.flags;
  handshake.hellos = static_cast<uint8_t>(told.hellos);
  handshake.alert = told.alert;
  handshake.alert_from = told.from == 0 ? Direction::to_server : Direction::to_client;
  ++counters_.handshakes;
  listener_.tls_handshake(flow, handshake);
  handshakes_.give(session.handshake);
  session.handshake = 0;
}

}  // namespace exwire::inspect
