// SPDX-License-Identifier: BSD-3-Clause
// One worker owns its flows: it takes batches of frames and runs them through the layers. What it
// finds leaves through an Outlet; nothing else is shared.
#pragma once

#include <string_view>

#include "sensor/app/capture_points.hpp"
#include "sensor/app/config.hpp"
#include "sensor/base/memory.hpp"
#include "sensor/base/packet_stamps.hpp"
#include "sensor/capture/source.hpp"
#include "sensor/detect/detector_set.hpp"
#include "sensor/flow/flow_table.hpp"
#include "sensor/inspect/inspector.hpp"
#include "sensor/report/event.hpp"
#include "sensor/wire/decode.hpp"

namespace exwire::app {

/// Where a worker's events and findings go: to one place behind all workers.
class Outlet {
 public:
  virtual ~Outlet() = default;
  virtual void event(const report::Event& event) = 0;
  virtual void finding(const flow::Flow& flow, const detect::Finding& finding) = 0;
  virtual void observation(const detect::Observation& observation) = 0;
};

class Worker final : private flow::FlowListener,
                     private inspect::Listener,
                     private detect::FindingSink {
 public:
  Worker(const Config& config, const inspect::DissectorHost& dissectors, HashKey secret,
         Outlet& outlet);

  /// THE SPINE: capture -> wire -> flow -> inspect -> detect -> report.
  void run(const capture::Batch& batch);
  /// The batches that follow come from this source.
  void enter(const std::string& source) { points_.enter(source); }
  /// Learns from frames that will be replayed what their senders do with checksums.
  void learn(const capture::Batch& batch);
  /// End of capture: everything still open is told.
  void drain();
  /// The same, and what follows may begin at any other time.
  void restart();

  Timestamp now() const noexcept { return clock_.now(); }
  /// Adds this worker's counters.
  void add_to(report::StatsBody& stats) const;
  uint64_t packets() const noexcept { return decoder_.counters().packets; }
  /// Packets of link types that nothing here can open.
  uint64_t unknown_link() const noexcept { return decoder_.counters().unknown_link; }
  /// Of where a flow was seen; of the source being read when it is none of this worker's.
  const report::CaptureQuality& quality_of(const flow::Flow& flow) const noexcept {
    return points_.of(flows_.handle_of(flow));
  }
  const wire::VlanWatch& vlans() const noexcept { return decoder_.vlans(); }

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

  /// Calls `tell(detector, context)` for the detectors that want `interest`.
  template <class Tell>
  void detect(detect::Interest interest, flow::Flow& flow, Tell&& tell);
  void tell_notices();
  void describe(flow::Flow& flow, report::FlowBody& body);
  std::string_view application_of(const flow::Flow& flow) const noexcept;
  report::Event event_of(const flow::Flow& flow, Timestamp when) const noexcept;

  const inspect::DissectorHost& dissectors_;
  const detect::Site& site_;
  Outlet& outlet_;
  Budget budget_;
  PacketStamps stamps_;
  PacketClock clock_;
  wire::Decoder decoder_;
  flow::FlowTable flows_;
  inspect::Inspector inspector_;
  CapturePoints points_;
  detect::DetectorSet detectors_;
  Timestamp moment_;     ///< time of the packet or timer being handled
  uint64_t packet_ = 0;  ///< its packet number, 0: a timer
  uint64_t half_open_told_ = 0, one_sided_ = 0, notices_told_ = 0;
  uint64_t alerts_beyond_ = 0;  ///< of detectors before the last restart
};

}  // namespace exwire::app
