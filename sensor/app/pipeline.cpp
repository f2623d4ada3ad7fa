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
constexpr size_t kGateBudget = size_t{16} << 20, kFleetBudget = size_t{48} << 20;

constexpr size_t kMostPathsBefore = 4096;

// Whether the packets begin before `now`, and not by a stamp that lies.
bool begins_before(const capture::Batch& batch, Timestamp now) noexcept {
  const auto is_before = [&](const capture::Frame& frame) {
    return frame.time.ns < now.ns - PacketStamps::kBehindNs;
  };
  return is_before(batch.frames[0]) && is_before(batch.frames[batch.count - 1]);
}

}  // namespace

Pipeline::Fleet::Fleet(const detect::Site& site)
    : budget(kFleetBudget),
      detectors(detect::make_fleet_detectors(site, budget, random_hash_key())) {
  for (size_t topic = 0; topic < detect::kTopics; ++topic) {
    for (const auto& detector : detectors) {
      if (detector->listens_to(static_cast<detect::Topic>(topic))) {
        listeners[topic].push_back(detector.get());
      }
    }
  }
}

Pipeline::Pipeline(const Config& config, const inspect::DissectorHost& dissectors,
                   report::Reporter& reporter)
    : reporter_(reporter),
      speaker_(&reporter),
      stats_interval_ns_(config.stats_interval_ns),
      tells_paths_(config.extended),
      vlan_mode_(config.decode.vlan),
      site_(config.site),
      gate_budget_(kGateBudget),
      gate_(gate_budget_, *this),
      fleet_(std::make_unique<Fleet>(site_)),
      turns_(config.workers),
      logs_(config.workers > 1
                ? std::make_unique<WorkerLogs>(static_cast<Hub&>(*this), reporter, turns_)
                : nullptr),
      workers_(config, dissectors, random_hash_key(), turns_, outlets(), [this] { gather(); }) {}

std::vector<Outlet*> Pipeline::outlets() {
  return logs_ ? logs_->outlets() : std::vector<Outlet*>{this};
}

void Pipeline::gather() {
  if (logs_) logs_->gather();
}

// Habits show soon: whoever captures downloads need not wait for 100 MB to be read twice.
void Pipeline::learn(capture::Source& source) {
  constexpr uint64_t kMostFrames = 65536, kMostOctets = uint64_t{16} << 20;
  const auto enough = [&] {
    const capture::CaptureCounters seen = source.counters();
    return seen.frames >= kMostFrames || seen.octets >= kMostOctets;
  };
  capture::BatchStatus status = capture::BatchStatus::frames;
  while (status == capture::BatchStatus::frames && !enough()) {
    batch_.count = 0;
    status = source.next_batch(batch_);
    workers_.intake().learn(batch_);
  }
}

bool Pipeline::step(capture::Source& source) {
  batch_.count = 0;
  batch_.tick.reset();
  const capture::BatchStatus status = source.next_batch(batch_);
  if (batch_.count > 0 && source_name_ != source.name()) {
    if (begins_before(batch_, workers_.intake().now())) begin_anew();
    source_name_ = source.name();
    workers_.intake().enter(source_name_);
  }
  workers_.take_in(batch_, *this);
  if (logs_) take_more(source);
  workers_.run(batch_);
  batch_over(workers_.intake().now());
  if (logs_) logs_->follow_stories();
  return status == capture::BatchStatus::frames;
}

// Several workers run longer in one go, as long as nothing but packets would happen between
// batches.
void Pipeline::take_more(capture::Source& source) {
  const auto nothing_due = [&](Timestamp now) {
    return first_.ns != 0 && !workers_.timers_due() && !stats_due(now) && !gate_.ends_story(now);
  };
  for (uint32_t batches = 1; batches < Intake::kMostBatches; ++batches) {
    const Timestamp now = workers_.intake().now();
    const uint32_t place = workers_.intake().last_place();
    if (!nothing_due(now) || !source.one_more_batch(batch_)) return;
    logs_->end_batch(place, now);
    workers_.take_in(batch_, *this);
  }
}

void Pipeline::batch_over(Timestamp now) {
  for (const auto& detector : fleet_->detectors) detector->tick(now, *this);
  gate_.advance(now);
}

void Pipeline::conclude() {
  workers_.drain();
  const Timestamp now = workers_.intake().now();
  for (const auto& detector : fleet_->detectors) detector->drain(now, *this);
  gate_.drain();
}

// A file that begins before the last one has ended is a story of its own: connections do not go on
// in it, and timers must run from its beginning.
void Pipeline::begin_anew() {
  conclude();
  if (first_.ns != 0) uptime_before_ns_ += workers_.intake().now().ns - first_.ns;
  first_ = {};
  for (const auto& detector : fleet_->detectors) detector->report(paths_before_);
  if (paths_before_.size() > kMostPathsBefore) paths_before_.resize(kMostPathsBefore);
  if (logs_) logs_->follow_stories();
  workers_.restart();
  fleet_ = std::make_unique<Fleet>(site_);
}

void Pipeline::finish(const std::vector<std::unique_ptr<capture::Source>>& sources) {
  conclude();
  tell_stats(sources);
}

void Pipeline::tell_stats_when_due(const std::vector<std::unique_ptr<capture::Source>>& sources) {
  const Timestamp now = workers_.intake().now();
  if (first_.ns == 0) first_ = last_stats_ = now;
  if (stats_due(now)) tell_stats(sources);
}

// Told once, when it is seen first: after that it is in every `stats` event.
void Pipeline::tell_vlans() {
  const wire::VlanWatch& vlans = workers_.intake().vlans();
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
  const Timestamp now = workers_.intake().now();
  last_stats_ = now;
  const int64_t here_ns = first_.ns == 0 ? 0 : now.ns - first_.ns;
  stats.uptime_s = (uptime_before_ns_ + here_ns) / kNanosPerSecond;
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
  workers_.add_to(stats);
  stats.memory_in_use += gate_budget_.used() + fleet_->budget.used();
  detect::FleetCounters fleet;
  for (const auto& detector : fleet_->detectors) detector->count(fleet);
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
  event.body = &stats;
  reporter_.write(event);
}

std::vector<detect::PathReport> Pipeline::path_reports() const {
  std::vector<detect::PathReport> paths = paths_before_;
  for (const auto& detector : fleet_->detectors) detector->report(paths);
  std::stable_sort(paths.begin(), paths.end(), [](const auto& a, const auto& b) {
    return std::tie(a.estimate.drops, a.estimate.gaps) >
           std::tie(b.estimate.drops, b.estimate.gaps);
  });
  return paths;
}

void Pipeline::event(const report::Event& event) {
  write(event, *speaker_);
}

void Pipeline::write(const report::Event& event, report::Reporter& reporter) const {
  reporter.write(event, source_name_);
}

void Pipeline::speak_through(report::Reporter* reporter) noexcept {
  speaker_ = reporter != nullptr ? reporter : &reporter_;
}

void Pipeline::finding(const flow::Flow& flow, const detect::Finding& finding, uint16_t point) {
  offered_ = &flow;
  offered_point_ = point;
  gate_.offer(flow, finding);
  offered_ = nullptr;
}

void Pipeline::repeated(const Repetition& repetition) {
  gate_.repeat(repetition.story, repetition.when, repetition.occurrences);
}

void Pipeline::packet_seen(uint16_t point, uint32_t payload_octets) {
  workers_.intake().points().packet(point, payload_octets);
}

void Pipeline::seen(const Sight& sight) {
  workers_.intake().points().add(sight);
}

void Pipeline::observation(const detect::Observation& observation) {
  inventory_.observe(observation);
  for (detect::FleetDetector* detector :
       fleet_->listeners[static_cast<size_t>(observation.topic)]) {
    detector->observe(observation, *this);
  }
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
  CapturePoints& points = workers_.intake().points();
  const bool placed = &flow == offered_ && offered_point_ != kPointBeingRead;
  alert.quality = &points[placed ? offered_point_ : points.point(0)];
  alert.body = report::AlertBody{&finding};
  event(alert);
}

}  // namespace exwire::app
