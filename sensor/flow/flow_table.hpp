// SPDX-License-Identifier: BSD-3-Clause
// All connections of one worker: finds the flow of a packet, opens, ages and ends flows. Handshakes
// wait in the half-open table; a Flow exists once both sides have taken part, or once a midstream
// segment looks like HTTP or TLS.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "sensor/base/memory.hpp"
#include "sensor/base/time.hpp"
#include "sensor/base/timer_wheel.hpp"
#include "sensor/flow/flow.hpp"
#include "sensor/flow/flow_index.hpp"
#include "sensor/flow/half_open_table.hpp"
#include "sensor/flow/syn_payloads.hpp"
#include "sensor/flow/watch.hpp"
#include "sensor/wire/packet.hpp"

namespace exwire::flow {

struct FlowSettings {
  uint32_t most_flows = 1U << 20;
  uint32_t half_open_entries = 1U << 18;
  int64_t watched_timeout_ns = 7800 * kNanosPerSecond;  ///< 2 h 10 min: RFC 5382 REQ-5 plus slack
  int64_t other_timeout_ns = 3600 * kNanosPerSecond;
  int64_t closing_timeout_ns = 600 * kNanosPerSecond;  ///< one side has sent FIN
  int64_t closed_linger_ns = 10 * kNanosPerSecond;     ///< late retransmissions still belong here
  int64_t reset_linger_ns = 60 * kNanosPerSecond;      ///< a forged RST must not lose the flow
};

/// A packet's place in its flow. `flow` is null when there is none (yet).
struct Tracked {
  uint32_t handle = 0;
  Flow* flow = nullptr;
  Direction direction = Direction::to_server;
  int64_t offset = 0;      ///< of the payload, in the stream of its direction
  Timestamp previous;      ///< when the flow was last seen before this packet
  bool keepalive = false;  ///< RFC 9293 3.8.4: at most one octet, just before what is expected
  Bytes opening = {};      ///< of the client's SYN, taken by the server: comes before this packet
  bool opens = false;      ///< the packet that made the handshake a flow
  uint32_t acknowledged = 0;  ///< octets of the peer that no packet before has acknowledged
};

struct FlowCounters {
  uint64_t opened = 0, midstream = 0, refused = 0, reused = 0;
  uint64_t midstream_shed = 0;  ///< picked up and ended for newer ones, after a single packet
  uint64_t syn = 0, synack = 0, rst = 0, rst_ignored = 0, without_flow = 0;
  uint64_t backscatter = 0;  ///< handshakes answered without a SYN, and not taken
};

/// Segments that an attacker sends to end or to move a connection.
enum class Oddity : uint8_t {
  syn_in_connection,   ///< a SYN with another number, or with payload
  reset_out_of_place,  ///< in the window, but not exactly what is expected (RFC 5961 3.2)
  reset_ignored,       ///< a host goes on although a reset came in its name
  fin_ignored,         ///< the same with FIN
};

/// Told when a flow leaves. The record is still valid during the call.
class FlowListener {
 public:
  virtual ~FlowListener() = default;
  virtual void flow_ended(uint32_t handle, Flow& flow, EndReason why, Timestamp when) = 0;
  /// A connection that never became a flow, shown as one.
  virtual void half_open_ended(const Flow& flow, EndReason why, Timestamp when) = 0;
  /// A handshake towards a watched port has come to another stage. One that is pushed out of its
  /// table is not told, nor one that goes on when the capture ends.
  virtual void half_open_changed(const HalfOpen& /*entry*/, HalfOpenStage /*before*/,
                                 HalfOpenStage /*after*/, Timestamp /*began*/) {}
  /// Sent by the side that sends in `direction`, or in its name.
  virtual void odd_segment(uint32_t /*handle*/, Flow&, Direction /*direction*/, Oddity) {}
  /// A timer asked for with wake_at() has come.
  virtual void flow_timer(uint32_t handle, Flow& flow, Timestamp now) = 0;
};

class FlowTable {
 public:
  /// Flows picked up midstream of which no second packet has come yet; more are not kept, so that a
  /// flood of forged segments cannot fill the table.
  static constexpr uint32_t kMostSingles = 1U << 16;

  FlowTable(const FlowSettings& settings, const Watch& watch, Budget& budget,
            FlowListener& listener);

  /// Fetches where a packet that comes soon will be looked up;
  void prefetch(const wire::Packet& packet) const noexcept {
    index_.prefetch(packet.hash);
    if (packet.tcp_flags & wire::kSyn) half_open_.prefetch(packet.hash);
  }
  /// and, when that is there, what will most likely be found.
  void prefetch_found(const wire::Packet& packet) const noexcept {
    if (const uint32_t handle = index_.candidate(packet.hash)) {
      flows_.prefetch(handle);
    } else {
      half_open_.prefetch_found(packet.hash);
    }
  }
  /// The time from which timers are counted; unless told before, that of the first packet.
  void start(Timestamp at) noexcept;
  Tracked track(const wire::Packet& packet);
  /// To be called when a direction's stream has reached its FIN in order.
  void fin_reached(uint32_t handle, Direction direction);
  /// Lets flow_timer() be called at `at` or up to a tick later.
  void wake_at(uint32_t handle, Timestamp at);
  /// Moves timers; ends what is over.
  void expire(Timestamp now);
  /// Whether expire() would look at anything.
  bool is_due(Timestamp now) const noexcept {
    return started_ && (wheel_.is_behind(now) || sweeps_at(now));
  }
  /// End of capture: everything ends.
  void drain(Timestamp now);
  /// After that: what follows may begin at any other time.
  void restart() noexcept;

  /// The steps of both, for several tables that go through their timers together. The tick of the
  /// next timers due by `now`, which stand in due() then; all of them are to be fired before the
  /// next call.
  std::optional<uint32_t> next_due(Timestamp now);
  std::span<const uint32_t> due() const noexcept { return due_; }
  void fire(uint32_t handle, Timestamp now);
  /// Handshakes that are over.
  void sweep(Timestamp now);
  /// Nothing will be looked up any more: how many flows there are, and which, oldest first; each is
  /// to be taken once, and to leave().
  uint32_t gather_all() noexcept;
  uint32_t take_gathered(uint32_t index) noexcept { return index_.take_gathered(index); }
  void leave(uint32_t handle, EndReason why, Timestamp when);
  void drain_half_open(Timestamp now);
  /// The order of timers and of the end.
  static bool older(const Flow& a, const Flow& b) noexcept;

  /// The handle of a flow in this table; 0 when it is in none.
  uint32_t handle_of(const Flow& flow) const noexcept { return flows_.handle_of(flow); }
  Flow& operator[](uint32_t handle) noexcept { return flows_[handle]; }
  uint32_t size() const noexcept { return flows_.in_use(); }
  const HalfOpenTable& half_open() const noexcept { return half_open_; }
  const FlowCounters& counters() const noexcept { return counters_; }
  int64_t timeout_of(const Flow& flow) const noexcept;

 private:
  bool sweeps_at(Timestamp now) const noexcept {
    constexpr int64_t kEveryNs = 100 * kNanosPerMilli;  // as often as a live link ticks
    return started_ && now.ns - swept_.ns >= kEveryNs;
  }
  uint32_t find(const wire::Packet& packet) noexcept;
  void count_kind(uint8_t tcp_flags) noexcept;
  bool leads_elsewhere(uint32_t handle, const wire::Packet& packet);
  bool replaced_by(uint32_t handle, const wire::Packet& packet);
  Tracked open(const wire::Packet& packet);
  void take_late_syn(HalfOpen& entry, const wire::Packet& packet);
  void on_syn(const wire::Packet& packet, HalfOpen* entry);
  Tracked on_synack(const wire::Packet& packet, HalfOpen* entry);
  Tracked on_stray(const wire::Packet& packet, HalfOpen* entry);
  HalfOpen& note(const wire::Packet& packet, uint8_t marks, bool client_is_lo);
  static void note_stray(HalfOpen& entry, const wire::Packet& packet, Direction direction) noexcept;
  Tracked promote(HalfOpen& entry, const wire::Packet& packet);
  Tracked pick_up(const wire::Packet& packet);
  void shed_single(uint32_t handle, Timestamp now);
  uint32_t add(const wire::Packet& packet);
  /// `previous`: when the flow was last seen.
  Tracked update(uint32_t handle, const wire::Packet& packet, Timestamp previous);
  static void begin_side(Flow& flow, const wire::Packet& packet) noexcept;
  void on_reset(uint32_t handle, Direction direction, const wire::Packet& packet);
  void reopen(uint32_t handle, Direction direction);
  static void turn_around(Flow& flow) noexcept;
  void set_state(uint32_t handle, TcpState state);
  void end(uint32_t handle, EndReason why, Timestamp when);
  void tell_stage(const HalfOpen& entry, HalfOpenStage before, HalfOpenStage after);
  void tell_hammered(const HalfOpen& entry, Timestamp now);
  void replace(const HalfOpen& entry, const wire::Packet& packet);
  void tell_over(const HalfOpen& entry);
  Flow summary(const HalfOpen& entry) const noexcept;

  FlowSettings settings_;
  const Watch& watch_;
  FlowListener& listener_;
  Slab<Flow> flows_;
  FlowIndex index_;
  HalfOpenTable half_open_;
  SynPayloads syn_payloads_;
  TimerWheel<Slab<Flow>> wheel_;
  struct Single {
    uint32_t handle;
    uint16_t generation;
  };
  PageArray<Single> singles_;  ///< a ring of what was picked up last
  uint32_t next_single_ = 0;
  std::vector<uint32_t> due_;  ///< at one tick, oldest first
  FlowCounters counters_;
  Timestamp swept_;
  bool started_ = false;
  uint16_t generation_ = 0;
};

}  // namespace exwire::flow
