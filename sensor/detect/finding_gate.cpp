// SPDX-License-Identifier: BSD-3-Clause
#include "sensor/detect/finding_gate.hpp"

#include <algorithm>

namespace exwire::detect {

FindingGate::FindingGate(Budget& budget, GateListener& listener)
    : listener_(listener), stories_(budget, kMostStories) {
  by_story_.reserve(kMostStories);
}

void FindingGate::offer(const flow::Flow& flow, const Finding& finding) {
  if (finding.phase != Phase::once) {
    listener_.passed(flow, finding.told());
    return;
  }
  const auto known = by_story_.find(finding.story);
  if (known == by_story_.end()) {
    begin(flow, finding.told());
    return;
  }
  Story& story = stories_[known->second];
  ++suppressed_;
  ++story.finding.occurrences;
  story.finding.last_seen = std::max(story.finding.last_seen, finding.when);
}

void FindingGate::begin(const flow::Flow& flow, const Finding& finding) {
  listener_.passed(flow, finding);
  uint32_t handle = stories_.take();
  if (handle == 0 && oldest_ != 0) {
    close_oldest();
    handle = stories_.take();
  }
  if (handle == 0) return;  // no memory at all: told every time rather than never
  Story& story = stories_[handle];
  story.finding = finding;
  story.finding.http = nullptr;  // gone after this call
  story.finding.tls = nullptr;
  story.flow = flow;
  story.told = finding.occurrences;
  story.older = newest_;
  (newest_ != 0 ? stories_[newest_].newer : oldest_) = handle;
  newest_ = handle;
  by_story_.emplace(finding.story, handle);
}

void FindingGate::close_oldest() {
  const uint32_t handle = oldest_;
  Story& story = stories_[handle];
  if (story.finding.occurrences > story.told) {
    story.finding.when = story.finding.last_seen;
    story.finding.packet = 0;
    listener_.passed(story.flow, story.finding);
  }
  by_story_.erase(story.finding.story);
  oldest_ = story.newer;
  (oldest_ != 0 ? stories_[oldest_].older : newest_) = 0;
  stories_.give(handle);
}

void FindingGate::advance(Timestamp now) {
  while (oldest_ != 0 && now.ns - stories_[oldest_].finding.first_seen.ns > kWindowNs) {
    close_oldest();
  }
}

void FindingGate::drain() {
  while (oldest_ != 0) close_oldest();
}

}  // namespace exwire::detect
