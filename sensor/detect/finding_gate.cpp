// SPDX-License-Identifier: BSD-3-Clause
#include "sensor/detect/finding_gate.hpp"

#include <algorithm>
#include <vector>

#include "sensor/base/siphash.hpp"

namespace exwire::detect {
namespace {

// Lines that new stories leave to the sums of crowds.
constexpr int64_t kReserved = 5;

uint64_t crowd_of(const flow::Flow& flow, const Finding& finding) noexcept {
  SipHash13 hash{HashKey{}};  // of nothing that comes from the wire
  hash.word(finding.signature->group);
  hash.word(finding.signature->sid);
  hash.word(flow.key.ip_version);
  return hash.finish();
}

wire::Prefix just(const wire::Address& address, uint8_t version) noexcept {
  return {address, version, static_cast<uint8_t>(version == 4 ? 32 : 128)};
}

}  // namespace

FindingGate::FindingGate(Budget& budget, GateListener& listener)
    : listener_(listener), stories_(budget, kMostStories), crowds_(budget, kMostCrowds) {}

void FindingGate::offer(const flow::Flow& flow, const Finding& finding) {
  rate_.advance(finding.when);
  if (finding.phase != Phase::once) {
    rate_.charge();
    listener_.passed(flow, finding.told());
    return;
  }
  if (Story* story = stories_.find(finding.story)) {
    count(*story, finding.when, finding.occurrences);
  } else if (rate_.take(kReserved)) {
    begin(flow, finding.told());
  } else {
    suppressed_ += finding.occurrences;
    hold_back(flow, finding, finding.occurrences);
  }
}

void FindingGate::repeat(uint64_t known, Timestamp when, uint64_t occurrences) {
  rate_.advance(when);
  if (Story* story = stories_.find(known)) return count(*story, when, occurrences);
  suppressed_ += occurrences;
}

void FindingGate::count(Story& story, Timestamp when, uint64_t occurrences) {
  suppressed_ += occurrences;
  story.finding.occurrences += occurrences;
  story.finding.last_seen = std::max(story.finding.last_seen, when);
}

void FindingGate::begin(const flow::Flow& flow, const Finding& finding) {
  listener_.passed(flow, finding);
  Story* story = stories_.add(finding.story);
  if (story == nullptr && !stories_.empty()) {
    close_oldest();
    story = stories_.add(finding.story);
  }
  if (story == nullptr) return;  // no memory at all: not known when it comes again
  ++begun_;
  remember(*story, flow, finding);
  story->told = finding.occurrences;
}

void FindingGate::remember(Story& story, const flow::Flow& flow, const Finding& finding) {
  story.finding = finding;
  story.finding.http = nullptr;  // gone after this call
  story.finding.tls = nullptr;
  story.finding.source = nullptr;
  story.flow = flow;
}

// What repeated itself and may not leave now is counted with others of its signature.
void FindingGate::sum_up(Story& story) {
  if (story.untold() == 0) return;
  if (!rate_.take(kReserved)) return hold_back(story.flow, story.finding, story.untold());
  story.finding.when = story.finding.last_seen;
  story.finding.packet = 0;
  listener_.passed(story.flow, story.finding);
}

void FindingGate::close_oldest() {
  ++closed_;
  sum_up(stories_.front());
  stories_.drop_front();
}

void FindingGate::hold_back(const flow::Flow& flow, const Finding& finding, uint64_t occurrences) {
  const uint64_t key = crowd_of(flow, finding);
  Crowd* crowd = crowds_.find(key);
  if (crowd == nullptr) {
    crowd = crowds_.add(key);
    if (crowd == nullptr && !crowds_.empty()) {
      close_oldest_crowd();
      crowd = crowds_.add(key);
    }
    if (crowd == nullptr) {  // no memory at all: told, rather than lost
      listener_.passed(flow, finding.told());
      return;
    }
    gather(*crowd, key, flow, finding);
  }
  Finding& sum = crowd->sum.finding;
  sum.occurrences += occurrences;
  sum.severity = std::min(sum.severity, finding.severity);
  sum.last_seen = std::max(sum.last_seen, finding.last_seen);
  crowd->clients.widen_to(flow.client());
  crowd->servers.widen_to(flow.server());
}

void FindingGate::gather(Crowd& crowd, uint64_t key, const flow::Flow& flow,
                         const Finding& finding) const {
  remember(crowd.sum, flow, finding);
  crowd.sum.finding.story = key;
  crowd.sum.finding.occurrences = 0;
  crowd.clients = just(flow.client(), flow.key.ip_version);
  crowd.servers = just(flow.server(), flow.key.ip_version);
  crowd.due.ns = rate_.now().ns + kCrowdWindowNs;
}

void FindingGate::tell_oldest_crowd() {
  Crowd& crowd = crowds_.front();
  Finding& sum = crowd.sum.finding;
  sum.when = sum.last_seen;
  sum.packet = 0;
  sum.facts = {};
  sum.facts.add("held_back", static_cast<int64_t>(sum.occurrences));
  sum.facts.add("client_network", wire::to_text(crowd.clients));
  sum.facts.add("server_network", wire::to_text(crowd.servers));
  crowd.sum.told = sum.occurrences;
  rate_.charge();
  listener_.passed(crowd.sum.flow, sum);
}

void FindingGate::close_oldest_crowd() {
  if (crowds_.front().sum.untold() > 0) tell_oldest_crowd();
  crowds_.drop_front();
}

void FindingGate::advance(Timestamp now) {
  // Stands still while a replay is in a file older than the last one; findings move it there.
  const bool moves = now > seen_;
  seen_ = std::max(seen_, now);
  if (moves && now > rate_.now()) rate_.advance(now);
  advance_crowds();
  while (!stories_.empty()) {
    const Story& oldest = stories_.front();
    if (now.ns - oldest.finding.first_seen.ns <= kWindowNs) break;
    if (oldest.untold() > 0 && !rate_.allows(kReserved)) break;
    close_oldest();
  }
}

// A crowd that grew is told again; one that did not is over.
void FindingGate::advance_crowds() {
  while (!crowds_.empty()) {
    Crowd& oldest = crowds_.front();
    const int64_t left = oldest.due.ns - rate_.now().ns;
    if (left > 0 && left <= kCrowdWindowNs) break;
    if (oldest.sum.untold() == 0) {
      crowds_.drop_front();
      continue;
    }
    if (!rate_.allows(0)) break;
    tell_oldest_crowd();
    oldest.due.ns = rate_.now().ns + kCrowdWindowNs;
    crowds_.send_front_to_back();
  }
}

// The sums carry the times of their last repetitions: lines are rationed along these.
void FindingGate::drain() {
  std::vector<Story*> left;
  stories_.each([&](Story& story) { left.push_back(&story); });
  const auto last_seen = [](const Story* story) { return story->finding.last_seen; };
  std::stable_sort(left.begin(), left.end(), [&](const Story* one, const Story* other) {
    return last_seen(one) < last_seen(other);
  });
  if (!left.empty()) rate_.rewind(last_seen(left.front()));
  for (Story* story : left) {
    rate_.advance(last_seen(story));
    sum_up(*story);
  }
  while (!stories_.empty()) stories_.drop_front();
  while (!crowds_.empty()) close_oldest_crowd();
}

}  // namespace exwire::detect
