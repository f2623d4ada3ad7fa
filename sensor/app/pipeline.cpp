// SPDX-License-Identifier: BSD-3-Clause
#include "sensor/app/pipeline.hpp"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <tuple>

#include "sensor/base/hash_key.hpp"
#include "sensor/base/result.hpp"

namespace exwire::app {
namespace {

// Of what stands behind all workers: stories of findings, populations of servers.
constexpr size_t kFleetBudget = size_t{64} << 20;

}  // namespace

Pipeline::Pipeline(const Config& config, const inspect::DissectorHost& dissectors,
                   report::Reporter& reporter, bool live)
    : reporter_(reporter),
      live_(live),
      stats_interval_ns_(config.stats_interval_ns),
      tells_paths_(config.extended),
      vlan_mode_(config.decode.vlan),
      fleet_budget_(kFleetBudget),
      gate_(fleet_budget_, *this),
      fleet_(detect::make_fleet_detectors(config.site, fleet_budget_, random_hash_key())),
      worker_(config, dissectors, random_hash_key(), *this) {}

void Pipeline::learn(capture::Source& source) {
  constexpr uint64_t kMostFrames = 65536;
  capture::BatchStatus status = capture::BatchStatus::frames;
  while (status == capture::BatchStatus::frames && source.counters().frames < kMostFrames) {
    batch_.count = 0;
    status = source.next_batch(batch_);
    worker_.learn(batch_);
  }
}

bool Pipeline::step(capture::Source& source) {
  batch_.count = 0;
  batch_.tick.reset();
  const capture::BatchStatus status = source.next_batch(batch_);
  if (source_name_ != source.name()) {
    source_name_ = source.name();
    worker_.enter(source_name_);
  }
  worker_.run(batch_);
  for (const auto& detector : fleet_) detector->tick(worker_.now(), *this);
  gate_.advance(worker_.now());
  return status == capture::BatchStatus::frames;
}

void Pipeline::finish(const std::vector<std::unique_ptr<capture::Source>>& sources) {
  worker_.drain();
  for (const auto& detector : fleet_) detector->drain(worker_.now(), *this);
  gate_.drain();
  tell_stats(sources);
}

void Pipeline::tell_stats_when_due(const std::vector<std::unique_ptr<capture::Source>>& sources) {
  const Timestamp now = worker_.now();
  if (first_.ns == 0) first_ = last_stats_ = now;
  if (now.ns - last_stats_.ns < stats_interval_ns_) return;
  tell_stats(sources);
}

// Told once, when it is seen first: after that it is in every `stats` event.
void Pipeline::tell_vlans() {
  const wire::VlanWatch& vlans = worker_.vlans();
  if (vlans_told_ || !vlans.misleads()) return;
  vlans_told_ = true;
  const uint64_t all = vlans.apart() + vlans.together();
  if (vlan_mode_ == wire::VlanMode::in_key) {
    spdlog::warn(
        "{} of {} handshakes have another VLAN in each direction: their connections look "
        "one-sided; "
        "see decode.vlan_in_flow_key",
        vlans.apart(), all);
  } else if (vlan_mode_ == wire::VlanMode::automatic) {
    spdlog::warn(
        "{} of {} handshakes have another VLAN in each direction: VLANs do not tell connections "
        "apart here",
        vlans.apart(), all);
  }
}

void Pipeline::tell_stats(const std::vector<std::unique_ptr<capture::Source>>& sources) {
  tell_vlans();
  report::StatsBody stats;
  const Timestamp now = worker_.now();
  last_stats_ = now;
  stats.uptime_s = first_.ns == 0 ? 0 : (now.ns - first_.ns) / kNanosPerSecond;
  for (const auto& source : sources) {
    const capture::CaptureCounters counters = source->counters();
    stats.kernel_packets += counters.kernel_received;
    stats.kernel_drops += counters.kernel_dropped;
    stats.interface_drops += counters.interface_dropped;
    stats.loopback_copies += counters.loopback_copies;
    stats.filtered += counters.filtered;
    stats.cut_by_snaplen += counters.cut_by_snaplen;
    stats.odd_times += counters.odd_times;
    stats.odd_lengths += counters.odd_lengths;
    stats.bad_records += counters.bad_records;
    stats.refused_by_filter += counters.refused;
    stats.skipped_files += counters.skipped;
  }
  worker_.add_to(stats);
  stats.memory_in_use += fleet_budget_.used();
  detect::FleetCounters fleet;
  for (const auto& detector : fleet_) detector->count(fleet);
  stats.stall_sources_shed = fleet.stall_sources_shed;
  stats.stall_populations_refused = fleet.stall_populations_refused;
  stats.alerts = alerts_;
  stats.findings_suppressed = gate_.suppressed();
  stats.events_lost = reporter_.lost();
  stats.servers = inventory_.servers();
  std::vector<detect::PathReport> paths;
  if (tells_paths_) paths = path_reports();  // each costs an estimate
  stats.paths = paths;
  report::Event event;
  event.time = now;
  event.body = stats;
  reporter_.write(event);
}

std::vector<detect::PathReport> Pipeline::path_reports() const {
  std::vector<detect::PathReport> paths;
  for (const auto& detector : fleet_) detector->report(paths);
  std::stable_sort(paths.begin(), paths.end(), [](const auto& a, const auto& b) {
    return std::tie(a.estimate.drops, a.estimate.gaps) >
           std::tie(b.estimate.drops, b.estimate.gaps);
  });
  return paths;
}

void Pipeline::event(const report::Event& event) {
  report::Event named = event;
  (live_ ? named.interface : named.capture_file) = source_name_;
  reporter_.write(named);
}

void Pipeline::finding(const flow::Flow& flow, const detect::Finding& finding) {
  gate_.offer(flow, finding);
}

void Pipeline::observation(const detect::Observation& observation) {
  inventory_.observe(observation);
  for (const auto& detector : fleet_) detector->observe(observation, *this);
}

void Pipeline::found(const flow::Flow& representative, const detect::Finding& finding) {
  gate_.offer(representative, finding);
}

void Pipeline::passed(const flow::Flow& flow, const detect::Finding& finding) {
  ++alerts_;
  summary_.add(flow, reporter_.shown(finding));
  report::Event alert;
  alert.time = finding.when;
  alert.flow = &flow;
  alert.packet = finding.packet;
  if (finding.http != nullptr) alert.application = "http";
  if (finding.tls != nullptr) alert.application = "tls";
  alert.quality = &worker_.quality_of(flow);
  alert.body = report::AlertBody{&finding};
  event(alert);
}

}  // namespace exwire::app
