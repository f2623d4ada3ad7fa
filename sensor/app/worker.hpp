// SPDX-License-Identifier: BSD-3-Clause
// One worker owns its flows: it takes packets and runs them through the layers. What it finds
// leaves through an Outlet. What detectors know across flows of several workers
// (detect/common_memory.hpp) they reach in the order of packets; nothing else is shared.
#pragma once

#include <memory>
#include <span>
#include <string_view>

#include "sensor/app/capture_points.hpp"
#include "sensor/app/config.hpp"
#include "sensor/app/intake.hpp"
#include "sensor/app/outlet.hpp"
#include "sensor/base/memory.hpp"
#include "sensor/base/turns.hpp"
#include "sensor/detect/detector_set.hpp"
#include "sensor/detect/rules/rule_set.hpp"
#include "sensor/flow/flow_table.hpp"
#include "sensor/inspect/inspector.hpp"
#include "sensor/report/event.hpp"

namespace exwire::app {

/// A flow whose time has come.
struct Due {
  uint32_t place;  ///< among those of all workers, from 1
  uint32_t handle;
};

/// Where a worker sits among the others. All of it must outlive the worker.
struct Seat {
  Outlet& outlet;
  Budget& budget;
  Turns& turns;
  uint32_t number = 0;
};

class Worker final : private flow::FlowListener,
                     private inspect::Listener,
                     private detect::FindingSink {
 public:
  Worker(const Config& config, const inspect::DissectorHost& dissectors,
         std::shared_ptr<detect::CommonMemory> common, const Seat& seat);

  /// The time from which timers are counted: that of the first packet, whoever gets it.
  void start(Timestamp at) noexcept { flows_.start(at); }
  /// Fetches where a packet that comes soon will be looked up.
  void prefetch(const wire::Packet& packet) const noexcept { flows_.prefetch(packet); }
  /// THE SPINE: capture -> wire -> flow -> inspect -> detect -> report.
  void run(std::span<const Arrival> arrivals);

  /// All timers due by `now`, and handshakes that are over;
  void expire(Timestamp now);
  /// the same in steps, where the timers of several workers must take turns.
  void fire(std::span<const Due> due, Timestamp now);
  void sweep(Timestamp now);
  /// Packet time has come as far as `now`.
  void tick(Timestamp now);
  /// End of capture: everything still open is told;
  void drain(Timestamp now);
  /// the same in steps.
  void end(std::span<const Due> due, Timestamp now);
  void drain_half_open(Timestamp now);
  /// Everything has been told; what follows may begin at any other time.
  void restart(std::shared_ptr<detect::CommonMemory> common);

  flow::FlowTable& flows() noexcept { return flows_; }
  const flow::FlowTable& flows() const noexcept { return flows_; }
  /// Adds this worker's counters.
  void add_to(report::StatsBody& stats) const;

 private:
  void flow_ended(uint32_t handle, flow::Flow& flow, flow::EndReason why, Timestamp when) override;
  void half_open_ended(const flow::Flow& flow, flow::EndReason why, Timestamp when) override;
  void half_open_changed(const flow::HalfOpen& entry, flow::HalfOpenStage before,
                         flow::HalfOpenStage after, Timestamp began) override;
  void flow_timer(uint32_t handle, flow::Flow& flow, Timestamp now) override;
  void odd_segment(uint32_t handle, flow::Flow& flow, Direction direction,
                   flow::Oddity oddity) override;
  void request_head(flow::Flow& flow, inspect::HttpTransaction& transaction) override;
  void request_over(flow::Flow& flow, inspect::HttpTransaction& transaction) override;
  void response_head(flow::Flow& flow, inspect::HttpTransaction& transaction) override;
  void http_body(flow::Flow& flow, inspect::HttpTransaction& transaction,
                 Direction direction) override;
  void transaction_over(flow::Flow& flow, inspect::HttpTransaction& transaction) override;
  void anomaly(flow::Flow& flow, const inspect::Anomaly& anomaly) override;
  void tls_handshake(flow::Flow& flow, inspect::TlsHandshake& handshake) override;
  void tls_record(flow::Flow& flow, const inspect::TlsRecord& record) override;
  void found(const detect::FlowContext& context, const detect::Finding& finding) override;
  void observe(const detect::Observation& observation) override;
  void wake_at(const detect::FlowContext& context, Timestamp at) override;
  void still_silent(const detect::FlowContext& context) override;
  void take_turn() noexcept override;
  void leave(const detect::Deed& deed) override;

  /// Calls `tell(detector, context)` for the detectors that want `interest`.
  template <class Tell>
  void detect(detect::Interest interest, flow::Flow& flow, Tell&& tell) {
    if (detectors_.wanted(interest)) detect(interest, flow, flows_.handle_of(flow), tell);
  }
  template <class Tell>
  void detect(detect::Interest interest, flow::Flow& flow, uint32_t handle, Tell&& tell) {
    detectors_.each(interest, flow, handle, moment_, packet_, tell);
  }
  void handle(const Arrival& arrival);
  // By rules, and most sets have none for segments.
  bool payloads_wanted() const noexcept {
    return site_.rules != nullptr && site_.rules->payloads_wanted();
  }
  void tell_lost(uint32_t handle);
  void describe(flow::Flow& flow, report::FlowBody& body);
  std::string_view application_of(const flow::Flow& flow) const noexcept;
  report::Event event_of(const flow::Flow& flow, Timestamp when) const noexcept;

  const inspect::DissectorHost& dissectors_;
  const detect::Site& site_;
  Outlet& outlet_;
  Budget& budget_;
  Turns& turns_;
  const uint32_t number_;
  flow::FlowTable flows_;
  inspect::Inspector inspector_;
  FlowPoints points_;
  detect::DetectorSet detectors_;
  Timestamp moment_;     ///< time of the packet or timer being handled
  uint64_t packet_ = 0;  ///< its packet number, 0: a timer
  uint64_t half_open_told_ = 0, one_sided_ = 0;
  uint64_t alerts_beyond_ = 0;  ///< of detectors before the last restart
};

}  // namespace exwire::app
