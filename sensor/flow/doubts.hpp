// SPDX-License-Identifier: BSD-3-Clause
// Segments of a client that lie in place but that its server may refuse: by its acknowledgement
// (RFC 9293 3.10.7.4, RFC 5961 5.2), an unagreed signature (RFC 2385, RFC 5925), an old time stamp
// (RFC 7323 5.3), or because a packet with so odd a TTL may never get there. Hosts differ in most
// of these; whether this one took the octets is told by what it acknowledges.
#pragma once

#include <cstdint>
#include <memory>

#include "sensor/base/memory.hpp"
#include "sensor/flow/flow_table.hpp"
#include "sensor/flow/sequence.hpp"
#include "sensor/wire/packet.hpp"

namespace exwire::flow {

enum class Doubt : uint8_t {
  none,
  acknowledgement,    ///< of what the server has not sent, or sent more than a window ago
  signature,          ///< TCP-MD5 or TCP-AO
  odd_ttl,            ///< far from the usual one of this sender
  unclear_timestamp,  ///< just before the newest, zero, or a leap ahead: hosts differ
  old_timestamp,      ///< no host takes it
  unseen_request,     ///< of a server: it answers what has not come by yet
};

/// A FIN counts one number, and is no octet that could be missing.
inline bool acknowledges_unseen(const wire::Packet& packet, uint32_t peer_next) noexcept {
  constexpr int32_t kFin = 1;
  return distance(peer_next, packet.ack) > kFin;
}

class Doubts {
 public:
  static constexpr uint32_t kEntries = 1U << 16;

  explicit Doubts(Budget& budget);

  /// What speaks against a segment of the client. `whole`: nothing is known to be missing of what
  /// the server has sent.
  Doubt about(const Tracked& tracked, const wire::Packet& packet, bool whole) noexcept;
  /// The server has taken a doubtful segment: what it said is the measure of the next ones.
  void confirm(uint32_t handle, Flow& flow, const wire::Packet& packet) noexcept;

 private:
  /// The newest time stamp of a client, by the handle of its flow.
  struct Stamp {
    uint32_t handle = 0;
    uint16_t generation = 0;
    bool leapt = false;  ///< by so much that what looks old may be honest
    uint32_t newest = 0;
  };
  Doubt about_timestamp(const Tracked& tracked, const wire::Packet& packet) noexcept;
  Stamp& at(uint32_t handle) noexcept { return stamps_[handle & (kEntries - 1)]; }

  std::unique_ptr<Stamp[]> stamps_;
};

}  // namespace exwire::flow
