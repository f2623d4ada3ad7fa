// SPDX-License-Identifier: BSD-3-Clause
// Connections whose start was not seen: is this payload one of ours, and who is the client?
#pragma once

#include <cstdint>

#include "sensor/base/bytes.hpp"
#include "sensor/flow/watch.hpp"
#include "sensor/wire/packet.hpp"

namespace exwire::flow {

/// What the first octets of a segment say about its sender.
enum class Speaker : uint8_t { unknown, client, server, either };

/// `either`: a TLS record of no particular side; `unknown`: neither TLS nor HTTP by its looks.
Speaker speaker_of(Bytes payload) noexcept;

struct Roles {
  bool client_is_lo = false;
  bool certain = true;  ///< false: guessed from the smaller port number
};

Roles roles_of(const wire::Packet& packet, const Watch& watch) noexcept;

}  // namespace exwire::flow
