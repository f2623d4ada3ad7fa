// SPDX-License-Identifier: BSD-3-Clause
// Tells each story once and counts its repetitions: the first finding passes at once; what repeats
// within an hour of packet time is summed up in one further finding with the exact number, when the
// hour is over or the capture ends. More stories than may leave are held back and counted exactly,
// by signature, in one finding every ten seconds. Findings with a phase limit themselves and pass.
// Stands behind all workers, so that its answer does not depend on which of them saw a flow.
#pragma once

#include <cstdint>

#include "sensor/base/memory.hpp"
#include "sensor/detect/alert_rate.hpp"
#include "sensor/detect/finding.hpp"
#include "sensor/detect/keyed_queue.hpp"
#include "sensor/wire/prefix.hpp"

namespace exwire::detect {

/// Told about findings that may leave. `flow` is the first flow of the story.
class GateListener {
 public:
  virtual ~GateListener() = default;
  virtual void passed(const flow::Flow& flow, const Finding& finding) = 0;
};

class FindingGate {
 public:
  static constexpr int64_t kWindowNs = 3600 * kNanosPerSecond;
  static constexpr int64_t kCrowdWindowNs = 10 * kNanosPerSecond;
  static constexpr uint32_t kMostStories = 4096, kMostCrowds = 1024;
  static constexpr uint32_t kAmple = 1024;  ///< stories that no batch begins

  FindingGate(Budget& budget, GateListener& listener);

  void offer(const flow::Flow& flow, const Finding& finding);
  /// What offer() does with a finding whose story is known. Of one that has been displaced since,
  /// it is only counted.
  void repeat(uint64_t story, Timestamp when, uint64_t occurrences);
  /// Its repetitions will only be counted, as long as closed() stays the same.
  bool counts(uint64_t story) { return room() >= kAmple && stories_.find(story) != nullptr; }
  uint64_t closed() const noexcept { return closed_; }
  uint64_t room() const noexcept { return kMostStories - (begun_ - closed_); }
  /// Sums up what is due by `now`; cheap when nothing is.
  void advance(Timestamp now);
  /// Whether stories come to their end by then.
  bool ends_story(Timestamp now) {
    return !stories_.empty() && now.ns - stories_.front().finding.first_seen.ns > kWindowNs;
  }
  /// End of capture: sums up everything.
  void drain();
  /// Findings without a line of their own; all are counted in other lines.
  uint64_t suppressed() const noexcept { return suppressed_; }

 private:
  struct Story {
    Finding finding;
    flow::Flow flow;
    uint64_t told = 0;  ///< occurrences as of the last finding that left

    uint64_t untold() const noexcept { return finding.occurrences - told; }
  };
  /// What was held back of one signature, whoever did it.
  struct Crowd {
    Story sum;
    wire::Prefix clients, servers;  ///< the smallest networks that hold all of them
    Timestamp due;
  };

  void begin(const flow::Flow& flow, const Finding& finding);
  void count(Story& story, Timestamp when, uint64_t occurrences);
  static void remember(Story& story, const flow::Flow& flow, const Finding& finding);
  void sum_up(Story& story);
  void close_oldest();
  void hold_back(const flow::Flow& flow, const Finding& finding, uint64_t occurrences);
  void gather(Crowd& crowd, uint64_t key, const flow::Flow& flow, const Finding& finding) const;
  void tell_oldest_crowd();
  void close_oldest_crowd();
  void advance_crowds();

  GateListener& listener_;
  KeyedQueue<Story> stories_;
  KeyedQueue<Crowd> crowds_;
  AlertRate rate_;
  Timestamp seen_;  ///< latest of advance()
  uint64_t suppressed_ = 0;
  uint64_t begun_ = 0, closed_ = 0;
};

}  // namespace exwire::detect
