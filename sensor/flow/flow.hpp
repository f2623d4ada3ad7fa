// SPDX-License-Identifier: BSD-3-Clause
// One TCP connection in 192 octets: a plain record in a slab, no pointers. A parked flow costs this
// and 8 octets of index; that is what makes a million silent phones cheap. What must be remembered
// while octets are being looked at lives in inspect::Session instead.
#pragma once

#include <array>
#include <cstdint>
#include <type_traits>

#include "sensor/base/time.hpp"
#include "sensor/wire/flow_key.hpp"
#include "sensor/wire/packet.hpp"

namespace exwire::flow {

enum class TcpState : uint8_t {
  established,  ///< handshake seen or picked up midstream
  closing,      ///< one side has sent FIN
  closed,       ///< both FINs seen and in order
  reset,        ///< a valid RST was seen
};

/// Facts about a flow that hold for its whole life.
enum FlowMark : uint16_t {
  kClientIsLo = 1 << 0,  ///< key.lo is the client
  kMidstream = 1 << 1,   ///< the handshake was not seen
  kSawToServer = 1 << 2,
  kSawToClient = 1 << 3,
  kAlerted = 1 << 4,
  kTrackingLost = 1 << 5,  ///< pending octets were shed under pressure
  kGapToServer = 1 << 6,   ///< octets of this direction were lost to the capture
  kGapToClient = 1 << 7,
  kFinToServer = 1 << 8,  ///< FIN reached in order
  kFinToClient = 1 << 9,
  kResetByServer = 1 << 10,
  kResetByClient = 1 << 11,
  kWatched = 1 << 12,         ///< server port or address is one the site watches
  kReused = 1 << 13,          ///< ended by a new connection on the same ports
  kUncertainRoles = 1 << 14,  ///< who is the client was guessed from ports
  kSynPending = 1 << 15,      ///< a SYN for a new connection on these ports waits for its answer
};

/// Work still wanted on a flow; an empty mask means "count only".
enum FlowWork : uint8_t {
  kWorkIdentify = 1 << 0,
  kWorkDissectToServer = 1 << 1,
  kWorkDissectToClient = 1 << 2,
};

/// One direction. Times are milliseconds since the start of the flow.
struct DirectionState {
  uint32_t next_seq = 0;  ///< next sequence number expected in order
  uint32_t last_ack = 0;  ///< highest acknowledgement this side has sent
  uint32_t last_ms = 0;
  uint32_t packets = 0;
  uint64_t wire_octets : 48 = 0;
  uint64_t window : 16 = 0;
  uint64_t stream_octets : 48 = 0;  ///< position in the stream: octets in order, gaps included
  uint64_t tcp_flags : 8 = 0;       ///< all flags ever seen
  uint64_t ttl : 8 = 0;

  /// Moves the position on: octets in order, or given up.
  void advance(uint64_t octets) noexcept {
    stream_octets = (stream_octets + octets) & kLargest48;
    next_seq += static_cast<uint32_t>(octets);
  }
  /// Moves it back, to octets that arrived late and must be read; at most to the start.
  void step_back(uint64_t octets) noexcept {
    const uint64_t back = octets < stream_octets ? octets : stream_octets;
    stream_octets = (stream_octets - back) & kLargest48;
    next_seq -= static_cast<uint32_t>(back);
  }
  static constexpr uint64_t kLargest48 = (uint64_t{1} << 48) - 1;
};
static_assert(sizeof(DirectionState) == 32);

struct Flow {
  static constexpr uint8_t kNoDissector = 0xff;

  Flow() noexcept {}  // NOLINT: otherwise `Flow()` is cleared by a slow instruction first

  wire::FlowKey key;
  int64_t start_ns = 0;
  std::array<DirectionState, 2> direction;  ///< indexed by exwire::Direction
  uint32_t hash = 0;
  uint32_t wheel_previous = 0, wheel_next = 0, deadline = 0;  ///< timer wheel, in its ticks
  std::array<uint32_t, 2> skip_left{};  ///< body octets a sleeping dissector still passes over
  std::array<uint8_t, 16> parked{};     ///< memory of the sleeping dissector
  std::array<uint8_t, 24> facts{};      ///< slots of the flow detectors, laid out at start-up
  uint16_t generation = 0;              ///< tells a reused slot from the one a handle meant
  uint16_t session = 0;                 ///< 0: parked
  uint16_t label = 0;                   ///< nDPI protocol number, 0: unknown
  uint16_t marks = 0;
  TcpState state = TcpState::established;
  uint8_t work = 0;
  uint8_t dissector = kNoDissector;
  uint8_t window_scales = 0;                 ///< low nibble: client's, high nibble: server's
  std::array<uint8_t, 2> retransmissions{};  ///< saturating
  std::array<uint8_t, 2> keepalives{};       ///< saturating

  bool has(uint16_t mark) const noexcept { return (marks & mark) != 0; }
  void mark(uint16_t mark) noexcept { marks = static_cast<uint16_t>(marks | mark); }
  DirectionState& of(Direction which) noexcept { return direction[static_cast<size_t>(which)]; }
  const DirectionState& of(Direction which) const noexcept {
    return direction[static_cast<size_t>(which)];
  }
  const wire::Address& client() const noexcept { return has(kClientIsLo) ? key.lo : key.hi; }
  const wire::Address& server() const noexcept { return has(kClientIsLo) ? key.hi : key.lo; }
  uint16_t client_port() const noexcept { return has(kClientIsLo) ? key.lo_port : key.hi_port; }
  uint16_t server_port() const noexcept { return has(kClientIsLo) ? key.hi_port : key.lo_port; }
  bool one_sided() const noexcept { return !has(kSawToServer) || !has(kSawToClient); }
  Timestamp last_seen() const noexcept {
    const uint32_t ms =
        direction[0].last_ms > direction[1].last_ms ? direction[0].last_ms : direction[1].last_ms;
    return {start_ns + static_cast<int64_t>(ms) * kNanosPerMilli};
  }
  Direction direction_of(const wire::Packet& packet) const noexcept {
    return packet.from_lo == has(kClientIsLo) ? Direction::to_server : Direction::to_client;
  }
};
static_assert(sizeof(Flow) == 192);
static_assert(std::is_trivially_copyable_v<Flow>);

/// Why a flow left the table; the words are EVE's `flow.reason`.
enum class EndReason : uint8_t { timeout, forced, shutdown, tcp_reuse };

/// The identifier in events: 51 bits of (first packet in microseconds, endpoints), so that
/// JavaScript keeps it exact and the same capture gives the same one.
uint64_t flow_id(const Flow& flow) noexcept;

}  // namespace exwire::flow
