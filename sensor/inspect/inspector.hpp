// SPDX-License-Identifier: BSD-3-Clause
// Looks into flows: reassembly, identification, dissectors, HTTP transactions. Wakes a flow when
// octets come that somebody must see, and puts it to sleep when nothing is pending.
#pragma once

#include <boost/unordered/unordered_flat_map.hpp>
#include <cstdint>
#include <memory>
#include <vector>

#include "sensor/base/memory.hpp"
#include "sensor/flow/doubts.hpp"
#include "sensor/flow/flow_table.hpp"
#include "sensor/flow/held_segments.hpp"
#include "sensor/flow/recent_segments.hpp"
#include "sensor/inspect/dissector_host.hpp"
#include "sensor/inspect/head_texts.hpp"
#include "sensor/inspect/inspect_settings.hpp"
#include "sensor/inspect/label.hpp"
#include "sensor/inspect/listener.hpp"
#include "sensor/inspect/session.hpp"
#include "sensor/inspect/transaction_table.hpp"

namespace exwire::inspect {

class Inspector {
 public:
  class Reader;  ///< reader.hpp

  Inspector(const InspectSettings& settings, const DissectorHost& dissectors,
            flow::FlowTable& flows, Budget& budget, Listener& listener);
  ~Inspector();
  Inspector(const Inspector&) = delete;
  Inspector& operator=(const Inspector&) = delete;

  /// One segment of a flow, as FlowTable placed it.
  void inspect(const flow::Tracked& tracked, const wire::Packet& packet);
  /// What the flow table saw in a segment that it does not hand on, or not only.
  void odd_segment(uint32_t handle, flow::Flow& flow, Direction direction, flow::Oddity oddity);
  /// A timer of the flow: a hole nobody fills is given up here.
  void timer(uint32_t handle, flow::Flow& flow, Timestamp now);
  /// The flow is about to leave the table.
  void close(uint32_t handle, flow::Flow& flow, Timestamp now);

  const InspectCounters& counters() const noexcept { return counters_; }
  uint32_t awake() const noexcept { return sessions_.in_use(); }
  /// Octets set aside for buffers that are not used.
  size_t spare_octets() const noexcept { return buffer_budget_.limit() - buffer_budget_.used(); }
  const char* label_name(uint16_t label) const noexcept {
    return labeller_ ? labeller_->name(label) : "";
  }

 private:
  friend class Reader;
  bool bodies_wanted() const noexcept {
    return settings_.bodies_wanted != nullptr && *settings_.bodies_wanted;
  }
  bool heads_wanted() const noexcept {
    return settings_.heads_wanted == nullptr || *settings_.heads_wanted;
  }

  /// Set in the owner of transactions that a copy of its own holds.
  static constexpr uint32_t kOtherCopy = 1U << 31;

  void inspect_opening(const flow::Tracked& tracked, const wire::Packet& packet);
  void reopen(const flow::Tracked& tracked);
  bool may_look_anew(uint32_t handle);
  void compare_repeated(const flow::Tracked& tracked, const wire::Packet& packet);
  void report_conflict(uint32_t handle, flow::Flow& flow, Direction direction);
  void inspect_other_copy(uint32_t handle, flow::Flow& flow, Direction direction, int64_t offset,
                          Bytes octets, Timestamp now, uint64_t packet_number);
  void read_other_copy(uint32_t handle, flow::Flow& flow, uint32_t taken, uint8_t dissector,
                       Bytes text, Timestamp now, uint64_t packet_number);
  bool takes_odd_payload(const flow::Tracked& tracked, const wire::Packet& packet);
  void inspect_segment(const flow::Tracked& tracked, const wire::Packet& packet);
  bool hold(const flow::Tracked& tracked, const wire::Packet& packet);
  bool hold_answer(const flow::Tracked& tracked, const wire::Packet& packet);
  void settle_held(const flow::Tracked& tracked, const wire::Packet& packet);
  void settle_answers(uint32_t handle, flow::Flow& flow);
  void take_held(uint32_t handle, flow::Flow& flow, const flow::HeldSegments::Held& held,
                 bool acknowledged);
  void take_all_held(uint32_t handle, flow::Flow& flow);
  void take_in(const flow::Tracked& tracked, const wire::Packet& packet);
  void report_stream(uint32_t handle, flow::Flow& flow, Direction direction, uint32_t bit);
  void hand_on(const flow::Tracked& tracked, const wire::Packet& packet, Session& session);
  void pass_uninspected(const flow::Tracked& tracked, const wire::Packet& packet);
  bool pass_asleep(const flow::Tracked& tracked, const wire::Packet& packet);
  /// A stream of the flow waits for octets that others have overtaken.
  bool has_hole(const flow::Flow& flow) const noexcept {
    return flow.session != 0 && sessions_[flow.session].has_hole();
  }
  /// A FIN was seen that does not count yet.
  bool awaits_fin(const flow::Flow& flow) const noexcept {
    return flow.session != 0 && sessions_[flow.session].awaits_fin();
  }
  void check_fin(const flow::Tracked& tracked, const wire::Packet& packet);
  bool settle_fins(uint32_t handle, flow::Flow& flow, Timestamp now);
  void end_direction(uint32_t handle, flow::Flow& flow, Direction direction, Timestamp now);
  void give_up_answered(const flow::Tracked& tracked, const wire::Packet& packet, Session& session);
  void consider_hole(uint32_t handle, flow::Flow& flow, Timestamp now, uint64_t packet_number);
  void look_for_label(flow::Flow& flow, const wire::Packet& packet);
  void label_both(flow::Flow& flow, const wire::Packet& packet, const Session& session);
  void label_pending(flow::Flow& flow, const Session& session, Direction direction, Timestamp now);
  void label_at_end(flow::Flow& flow, Timestamp now);

  uint32_t wake(uint32_t handle, flow::Flow& flow);
  void sleep_if_idle(flow::Flow& flow);
  void shed_oldest();
  void shed_holes(Timestamp now, uint64_t packet_number);
  void release(flow::Flow& flow);
  void touch(uint32_t session) noexcept;
  void unlink(uint32_t session) noexcept;
  void start_dissector(flow::Flow& flow, Session& session, uint8_t dissector);
  void stop_dissector(flow::Flow& flow, Session& session);

  void report(uint32_t handle, flow::Flow& flow, uint32_t bit, const Anomaly& anomaly);
  uint32_t building(Session& session, Direction direction);
  void on_message(flow::Flow& flow, Session& session, const ExwireMessage& message, Timestamp time,
                  uint64_t packet_number);
  void finish_transaction(flow::Flow& flow, uint32_t transaction);
  void abandon_building(flow::Flow& flow, Session& session, Direction direction, Timestamp now);
  bool begin_handshake(Session& session, Timestamp now, uint64_t packet_number);
  void read_certificates(TlsHandshake& handshake, TlsField field, Bytes value, Timestamp now);
  void finish_handshake(flow::Flow& flow, Session& session, const ExwireHandshake& told,
                        Timestamp now);
  void finish_all(uint32_t handle, flow::Flow& flow);

  InspectSettings settings_;
  const DissectorHost& dissectors_;
  flow::FlowTable& flows_;
  Listener& listener_;
  Budget buffer_budget_;  ///< of its own: what streams hold must not keep others from beginning
  BufferPool buffers_;
  uint64_t refusals_ = 0;  ///< of buffers, seen so far
  flow::RecentSegments recent_;
  flow::Doubts doubts_;
  flow::HeldSegments held_;
  Slab<Session> sessions_;
  TransactionTable transactions_;
  HeadTexts heads_;
  std::string_view body_{};  ///< published in this call, until its moment
  Slab<TlsHandshake> handshakes_;
  Certificates certificates_;
  std::unique_ptr<Labeller> labeller_;  ///< null: nobody asks nDPI
  InspectCounters counters_;
  uint32_t oldest_ = 0, newest_ = 0;
  struct HashHandle {
    size_t operator()(uint32_t handle) const noexcept {
      return handle * size_t{0x9e3779b97f4a7c15};
    }
  };
  size_t most_told_;  ///< flows whose anomalies are remembered
  boost::unordered_flat_map<uint32_t, ToldAnomalies, HashHandle> told_;
};

}  // namespace exwire::inspect
