// SPDX-License-Identifier: BSD-3-Clause
// A TCP header with its options (RFC 9293 3.1, RFC 7323).
#pragma once

#include "sensor/wire/network.hpp"
#include "sensor/wire/packet.hpp"

namespace exwire::wire {

/// Fills what the segment itself tells: ports and endpoints of the key, numbers, flags, options and
/// payload. The rest of the key and the hash are the caller's.
DecodeStatus open_tcp(const NetworkView& network, Packet& packet) noexcept;

}  // namespace exwire::wire
