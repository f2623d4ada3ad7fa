// SPDX-License-Identifier: BSD-3-Clause
// Sources, workers, gate and reporter put together. The thread that reads is the first worker, and
// packets are views into the mapped file. One worker hands what it finds straight on; several leave
// it in logs of their own.
#pragma once

#include <array>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "sensor/app/config.hpp"
#include "sensor/app/summary.hpp"
#include "sensor/app/worker_group.hpp"
#include "sensor/app/worker_log.hpp"
#include "sensor/capture/source.hpp"
#include "sensor/detect/finding_gate.hpp"
#include "sensor/detect/fleet_detector.hpp"
#include "sensor/detect/server_inventory.hpp"
#include "sensor/report/reporter.hpp"

namespace exwire::app {

class Pipeline final : private Hub, private detect::FleetSink, private detect::GateListener {
 public:
  Pipeline(const Config& config, const inspect::DissectorHost& dissectors,
           report::Reporter& reporter);

  /// Reads the start of a source of its own, only to learn how its senders fill in checksums
  /// and whether VLANs tell its connections apart.
  void learn(capture::Source& source);
  /// Reads one batch of a source and handles it. False when the source has finished.
  bool step(capture::Source& source);
  /// End of all sources: everything still open is told, then the last counters.
  void finish(const std::vector<std::unique_ptr<capture::Source>>& sources);
  /// An event with all counters.
  void tell_stats(const std::vector<std::unique_ptr<capture::Source>>& sources);
  /// The same, when its interval has passed.
  void tell_stats_when_due(const std::vector<std::unique_ptr<capture::Source>>& sources);

  /// Idle timeouts of all paths, those with most drops first.
  std::vector<detect::PathReport> path_reports() const;

  const Summary& summary() const noexcept { return summary_; }
  uint64_t packets() const noexcept { return workers_.intake().packets(); }
  uint64_t unknown_link() const noexcept { return workers_.intake().unknown_link(); }

 private:
  /// The detectors behind all workers.
  struct Fleet {
    explicit Fleet(const detect::Site& site);
    Budget budget;
    std::vector<std::unique_ptr<detect::FleetDetector>> detectors;
    std::array<std::vector<detect::FleetDetector*>, detect::kTopics> listeners;
  };

  void conclude();
  void begin_anew();
  void take_more(capture::Source& source);
  bool stats_due(Timestamp now) const noexcept {
    return now.ns - last_stats_.ns >= stats_interval_ns_;
  }
  void tell_vlans();
  void event(const report::Event& event) override;
  void finding(const flow::Flow& flow, const detect::Finding& finding, uint16_t point) override;
  void observation(const detect::Observation& observation) override;
  void packet_seen(uint16_t point, uint32_t payload_octets) override;
  void seen(const Sight& sight) override;
  void write(const report::Event& event, report::Reporter& reporter) const override;
  void speak_through(report::Reporter* reporter) noexcept override;
  void repeated(const Repetition& repetition) override;
  bool counts(uint64_t story) override { return gate_.counts(story); }
  void batch_over(Timestamp now) override;
  uint64_t stories_closed() const noexcept override { return gate_.closed(); }
  std::vector<Outlet*> outlets();
  void gather();
  void found(const flow::Flow& representative, const detect::Finding& finding) override;
  void passed(const flow::Flow& flow, const detect::Finding& finding) override;

  report::Reporter& reporter_;
  report::Reporter* speaker_;  ///< by which alerts leave
  int64_t stats_interval_ns_;
  bool tells_paths_;  ///< `stats` events show idle timeouts
  wire::VlanMode vlan_mode_;
  const detect::Site& site_;
  Budget gate_budget_;
  detect::FindingGate gate_;
  std::unique_ptr<Fleet> fleet_;
  detect::ServerInventory inventory_;
  Summary summary_;
  std::string source_name_;
  capture::Batch batch_;
  Turns turns_;
  std::unique_ptr<WorkerLogs> logs_;  ///< of several workers
  WorkerGroup workers_;
  const flow::Flow* offered_ = nullptr;  ///< a flow that is in a table, while its finding is judged
  uint16_t offered_point_ = 0;
  Timestamp first_, last_stats_;
  int64_t uptime_before_ns_ = 0;                  ///< of files before the last new beginning
  std::vector<detect::PathReport> paths_before_;  ///< the same
  uint64_t alerts_ = 0;
  bool vlans_told_ = false;
};

}  // namespace exwire::app
