// SPDX-License-Identifier: BSD-3-Clause
// Tells each story once and counts its repetitions: the first finding passes at once; what repeats
// within an hour of packet time is summed up in one further finding with the exact number, when the
// hour is over or the capture ends. Findings with a phase limit themselves and pass. Stands behind
// all workers, so that its answer does not depend on which of them saw a flow.
#pragma once

#include <boost/unordered/unordered_flat_map.hpp>
#include <cstdint>

#include "sensor/base/memory.hpp"
#include "sensor/detect/finding.hpp"

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
  static constexpr uint32_t kMostStories = 4096;

  FindingGate(Budget& budget, GateListener& listener);

  void offer(const flow::Flow& flow, const Finding& finding);
  /// Sums up what is due by `now`; cheap when nothing is.
  void advance(Timestamp now);
  /// End of capture: sums up everything.
  void drain();
  uint64_t suppressed() const noexcept { return suppressed_; }

 private:
  /// Stories in the order in which their windows began.
  struct Story {
    Finding finding;
    flow::Flow flow;
    uint32_t older = 0, newer = 0;
    uint64_t told = 0;  ///< occurrences as of the last finding that left
  };
  void begin(const flow::Flow& flow, const Finding& finding);
  void close_oldest();

  GateListener& listener_;
  Slab<Story> stories_;
  boost::unordered_flat_map<uint64_t, uint32_t> by_story_;  // keyed by SipHash already
  uint32_t oldest_ = 0, newest_ = 0;
  uint64_t suppressed_ = 0;
};

}  // namespace exwire::detect
