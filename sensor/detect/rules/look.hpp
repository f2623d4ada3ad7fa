// SPDX-License-Identifier: BSD-3-Clause
// What rules look at: a moment of a connection with what belongs to it, and the two ends of the
// connection as a rule's direction sees them.
#pragma once

#include "sensor/detect/detector.hpp"
#include "sensor/detect/rules/rule.hpp"

namespace exwire::detect::rules {

struct Look {
  Moment moment;
  const FlowContext& context;
  Direction direction = Direction::to_server;             ///< of the packet or the event
  const inspect::HttpTransaction* transaction = nullptr;  ///< of HTTP's moments
  const inspect::TlsHandshake* handshake = nullptr;       ///< of TLS's moment
  const wire::Packet* packet = nullptr;                   ///< of Moment::payload
};

struct Ends {
  const wire::Address& source;
  const wire::Address& destination;
  uint16_t source_port, destination_port;
};

Ends ends_of(const flow::Flow& flow, bool to_client) noexcept;
/// The ends of what a rule looks at, in the direction it has or finds.
Ends ends_of(const Rule& rule, const Look& look) noexcept;
/// The rule speaks of this connection, this direction and this application.
/// `application` is empty when it is not known.
bool applies(const Rule& rule, const Look& look, std::string_view application) noexcept;

}  // namespace exwire::detect::rules
