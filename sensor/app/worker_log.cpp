// SPDX-License-Identifier: BSD-3-Clause
#include "sensor/app/worker_log.hpp"

#include <algorithm>

namespace exwire::app {

bool PlacedLines::write(std::string_view line) {
  text_ += line;
  lines_.push_back({std::min(turns_.place_of(number_), Turns::kDone - 1), text_.size()});
  return true;
}

uint32_t PlacedLines::next_place() const noexcept {
  return taken_ < lines_.size() ? lines_[taken_].place : Turns::kDone;
}

std::string_view PlacedLines::take_next() noexcept {
  const size_t begin = taken_ == 0 ? 0 : lines_[taken_ - 1].end;
  const size_t end = lines_[taken_++].end;
  return std::string_view(text_).substr(begin, end - begin);
}

void PlacedLines::clear() noexcept {
  text_.clear();
  lines_.clear();
  taken_ = 0;
}

template <class What>
void WorkerLog::note(const What& what) {
  uint32_t at = noted_.load(std::memory_order_relaxed);
  if (at == kMost) {
    take_turn();
    clear();
    at = 0;
  }
  notes_[at] = {place(), what};
  noted_.store(at + 1, std::memory_order_release);
}

void WorkerLog::finding(const flow::Flow& flow, const detect::Finding& finding, uint16_t point) {
  uint64_t& known = stories_[finding.story % stories_.size()];
  const bool once = finding.phase == detect::Phase::once;
  if (once && known == finding.story) {
    return note(Repetition{finding.story, finding.when, finding.occurrences});
  }
  take_turn();
  hub_.finding(flow, finding, point);
  if (once && hub_.counts(finding.story)) known = finding.story;
}

// What is left outside of batches comes last.
uint32_t WorkerLog::place() const noexcept {
  return std::min(turns_.place_of(number_), Turns::kDone - 1);
}

void WorkerLog::take_turn() {
  turns_.wait(number_);
  hub_.speak_through(&reporter_);
  all_.apply_through(place());
}

void WorkerLog::observation(const detect::Observation& observation) {
  note(observation);
}

void WorkerLog::packet_seen(uint16_t point, uint32_t payload_octets) {
  note(PacketSight{payload_octets, point});
}

void WorkerLog::seen(const Sight& sight) {
  note(sight);
}

void WorkerLog::deed(const detect::Deed& deed) {
  note(deed);
}

uint32_t WorkerLog::next_place() const noexcept {
  return applied_ < noted_.load(std::memory_order_acquire) ? notes_[applied_].place : Turns::kDone;
}

void WorkerLog::apply_next() {
  const Note& next = notes_[applied_++];
  if (const auto* packet = std::get_if<PacketSight>(&next.what)) {
    hub_.packet_seen(packet->point, packet->payload_octets);
  } else if (const auto* sight = std::get_if<Sight>(&next.what)) {
    hub_.seen(*sight);
  } else if (const auto* observation = std::get_if<detect::Observation>(&next.what)) {
    hub_.observation(*observation);
  } else if (const auto* deed = std::get_if<detect::Deed>(&next.what)) {
    (*deed)();
  } else {
    hub_.repeated(std::get<Repetition>(next.what));
  }
}

void WorkerLog::clear() noexcept {
  noted_.store(0, std::memory_order_relaxed);
  applied_ = 0;
}

WorkerLogs::WorkerLogs(Hub& hub, report::Reporter& reporter, const Turns& turns)
    : hub_(hub), reporter_(reporter) {
  for (uint32_t number = 0; number < turns.threads(); ++number) {
    logs_.emplace_back(*this, hub, reporter, turns, number);
  }
}

std::vector<Outlet*> WorkerLogs::outlets() {
  std::vector<Outlet*> outlets;
  for (WorkerLog& log : logs_) outlets.push_back(&log);
  return outlets;
}

void WorkerLogs::apply_through(uint32_t place) {
  const auto sooner = [](const WorkerLog& a, const WorkerLog& b) {
    return a.next_place() < b.next_place();
  };
  for (;;) {
    WorkerLog& next = *std::min_element(logs_.begin(), logs_.end(), sooner);
    const uint32_t until = std::min(next.next_place(), place);
    if (ended_ < ends_.size() && ends_[ended_].place < until) {
      hub_.batch_over(ends_[ended_++].now);
    } else if (next.next_place() <= place) {
      next.apply_next();
    } else {
      return;
    }
  }
}

void WorkerLogs::gather() {
  // Alerts that follow from what is left come behind the lines of the batch.
  hub_.speak_through(&logs_.front().reporter());
  apply_through(Turns::kDone - 1);
  hub_.speak_through(nullptr);
  const auto sooner = [](const WorkerLog& a, const WorkerLog& b) {
    return a.lines().next_place() < b.lines().next_place();
  };
  for (;;) {
    PlacedLines& next = std::min_element(logs_.begin(), logs_.end(), sooner)->lines();
    if (next.next_place() == Turns::kDone) break;
    reporter_.pass_on(next.take_next());
  }
  for (WorkerLog& log : logs_) {
    log.lines().clear();
    log.clear();
  }
  ends_.clear();
  ended_ = 0;
  follow_stories();
}

void WorkerLogs::follow_stories() noexcept {
  if (hub_.stories_closed() == stories_closed_) return;
  stories_closed_ = hub_.stories_closed();
  for (WorkerLog& log : logs_) log.forget_stories();
}

}  // namespace exwire::app
