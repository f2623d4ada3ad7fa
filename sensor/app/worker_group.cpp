// SPDX-License-Identifier: BSD-3-Clause
#include "sensor/app/worker_group.hpp"

#include <pthread.h>

#include <algorithm>
#include <csignal>
#include <optional>

#include "sensor/detect/common_memory.hpp"

namespace exwire::app {
namespace {

// At the end, and at crowded ticks.
constexpr uint32_t kMostAtOnce = 4096;

Config share_of(Config config, size_t workers) {
  const auto count = static_cast<uint32_t>(workers);
  config.memory_limit /= count;
  config.flow.most_flows = std::max(config.flow.most_flows / count, 1024U);
  config.flow.half_open_entries = std::max(config.flow.half_open_entries / count, 1024U);
  config.inspect.most_sessions = std::max(config.inspect.most_sessions / count, 16U);
  config.inspect.most_transactions = std::max(config.inspect.most_transactions / count, 16U);
  return config;
}

// The last packets are rarely long ago; where they are, nobody waits at the processor's expense.
void wait_for(sem_t& asked) noexcept {
  for (uint32_t look = 0; look < Turns::kPatience; ++look) {
    if (sem_trywait(&asked) == 0) return;
    Turns::pause();
  }
  while (sem_wait(&asked) != 0) {
  }
}

// Signals are for the thread that reads.
std::thread without_signals(std::function<void()> run) {
  sigset_t all, before;
  sigfillset(&all);
  for (const int fault : {SIGBUS, SIGSEGV, SIGFPE, SIGILL}) sigdelset(&all, fault);
  pthread_sigmask(SIG_BLOCK, &all, &before);
  std::thread thread(std::move(run));
  pthread_sigmask(SIG_SETMASK, &before, nullptr);
  return thread;
}

}  // namespace

WorkerGroup::Lane::Lane(const Config& config, const inspect::DissectorHost& dissectors,
                        const std::shared_ptr<detect::CommonMemory>& common, Outlet& outlet,
                        Turns& turns, uint32_t place)
    : budget(config.memory_limit),
      worker(config, dissectors, common, Seat{outlet, budget, turns, place}),
      number(place) {
  arrivals.reserve(capture::Batch::kCapacity);
  sem_init(&asked, 0, 0);
}

WorkerGroup::Lane::~Lane() {
  sem_destroy(&asked);
}

std::deque<WorkerGroup::Lane> WorkerGroup::make_lanes(const Config& share,
                                                      const inspect::DissectorHost& dissectors,
                                                      Turns& turns,
                                                      std::span<Outlet* const> outlets) {
  std::deque<Lane> lanes;
  const auto common = std::make_shared<detect::CommonMemory>(share.site);
  for (Outlet* outlet : outlets) {
    const auto number = static_cast<uint32_t>(lanes.size());
    lanes.emplace_back(share, dissectors, common, *outlet, turns, number);
  }
  return lanes;
}

WorkerGroup::WorkerGroup(const Config& config, const inspect::DissectorHost& dissectors,
                         HashKey secret, Turns& turns, std::span<Outlet* const> outlets,
                         std::function<void()> gather)
    : share_(share_of(config, outlets.size())),
      turns_(turns),
      gather_(std::move(gather)),
      lanes_(make_lanes(share_, dissectors, turns, outlets)),
      intake_(secret, config.decode, lanes_.front().budget) {
  // The first lane runs in the thread that reads.
  for (size_t index = 1; index < lanes_.size(); ++index) {
    Lane& lane = lanes_[index];
    lane.thread = without_signals([this, &lane] { serve(lane); });
  }
}

WorkerGroup::~WorkerGroup() {
  task_ = Task::stop;
  for (Lane& lane : lanes_) {
    if (!lane.thread.joinable()) continue;
    sem_post(&lane.asked);
    lane.thread.join();
  }
}

void WorkerGroup::take_in(const capture::Batch& batch, Outlet& outlet) {
  Lane* const only = alone() ? &lanes_.front() : nullptr;
  intake_.take_in(batch, outlet, [&](const Arrival& arrival) {
    if (arrival.place == 1) {
      for (Lane& lane : lanes_) lane.worker.start(arrival.packet->time);
    }
    Lane& lane = only ? *only : lane_of(*arrival.packet);
    if (lane.number == 0) lane.worker.prefetch(*arrival.packet);  // by whoever will need it
    lane.arrivals.push_back(arrival);
  });
}

void WorkerGroup::run(const capture::Batch& last) {
  run_all(Task::packets, intake_.now());
  for (Lane& lane : lanes_) lane.arrivals.clear();
  intake_.release(last);
  expire(intake_.now());
}

// Among several. Half of the hash that finds the flow in its worker's tables is left to them.
WorkerGroup::Lane& WorkerGroup::lane_of(const wire::Packet& packet) noexcept {
  return lanes_[((packet.hash >> 32) * lanes_.size()) >> 32];
}

void WorkerGroup::serve(Lane& lane) {
  for (;;) {
    wait_for(lane.asked);
    if (task_ == Task::stop) return;
    work(lane);
  }
}

void WorkerGroup::work(Lane& lane) {
  switch (task_) {
    case Task::packets:
      if (lane.number != 0) {
        for (const Arrival& one : lane.arrivals) lane.worker.prefetch(*one.packet);
      }
      lane.worker.run(lane.arrivals);
      break;
    case Task::timers:
      lane.worker.fire(lane.due, now_);
      break;
    case Task::ends:
      lane.worker.end(lane.due, now_);
      break;
    case Task::stop:
      break;
  }
  turns_.reach(lane.number, Turns::kDone);
}

void WorkerGroup::run_all(Task task, Timestamp now) {
  task_ = task;
  now_ = now;
  const auto has_work = [&](const Lane& lane) {
    return task == Task::packets ? !lane.arrivals.empty() : !lane.due.empty();
  };
  for (const Lane& lane : lanes_) {
    if (has_work(lane)) turns_.reach(lane.number, 0);
  }
  for (Lane& lane : lanes_) {
    if (lane.number == 0 || !has_work(lane)) continue;
    sem_post(&lane.asked);
  }
  if (has_work(lanes_.front())) work(lanes_.front());
  turns_.wait_for_all(0);
  if (gather_) gather_();
}

template <class Take>
void WorkerGroup::run_by_age(Task task, Timestamp now, Take&& take) {
  const auto oldest = [&]() -> Lane* {
    Lane* found = nullptr;
    for (Lane& lane : lanes_) {
      if (lane.waiting == 0 && lane.next < lane.flows) lane.waiting = take(lane, lane.next++);
      if (lane.waiting == 0) continue;
      const bool first =
          found == nullptr || flow::FlowTable::older(lane.worker.flows()[lane.waiting],
                                                     found->worker.flows()[found->waiting]);
      if (first) found = &lane;
    }
    return found;
  };
  Lane* lane = oldest();
  while (lane != nullptr) {
    for (Lane& one : lanes_) one.due.clear();
    for (uint32_t place = 1; lane != nullptr && place <= kMostAtOnce; ++place) {
      lane->due.push_back({place, std::exchange(lane->waiting, 0)});
      lane = oldest();
    }
    run_all(task, now);
  }
}

void WorkerGroup::expire(Timestamp now) {
  if (alone()) {
    lanes_.front().worker.expire(now);
  } else {
    while (next_tick(now)) {
      run_by_age(Task::timers, now,
                 [](Lane& lane, uint32_t index) { return lane.worker.flows().due()[index]; });
    }
    for (Lane& lane : lanes_) {
      lane.worker.sweep(now);
      if (gather_) gather_();
    }
  }
  for (Lane& lane : lanes_) lane.worker.tick(now);
}

// All wheels began at the same time: their ticks are the same moments.
bool WorkerGroup::next_tick(Timestamp now) {
  std::optional<uint32_t> next;
  for (Lane& lane : lanes_) {
    if (!lane.tick) lane.tick = lane.worker.flows().next_due(now);
    if (lane.tick && (!next || *lane.tick < *next)) next = lane.tick;
  }
  for (Lane& lane : lanes_) {
    lane.next = lane.flows = 0;
    if (!next || lane.tick != next) continue;
    lane.flows = static_cast<uint32_t>(lane.worker.flows().due().size());
    lane.tick.reset();
  }
  return next.has_value();
}

void WorkerGroup::drain() {
  const Timestamp now = intake_.now();
  if (alone()) return lanes_.front().worker.drain(now);
  for (Lane& lane : lanes_) {
    lane.next = 0;
    lane.flows = lane.worker.flows().gather_all();
  }
  run_by_age(Task::ends, now,
             [](Lane& lane, uint32_t index) { return lane.worker.flows().take_gathered(index); });
  for (Lane& lane : lanes_) {
    lane.worker.drain_half_open(now);
    if (gather_) gather_();
  }
}

void WorkerGroup::restart() {
  const auto common = std::make_shared<detect::CommonMemory>(share_.site);
  for (Lane& lane : lanes_) {
    lane.worker.restart(common);
    lane.tick.reset();
  }
  intake_.restart();
}

void WorkerGroup::add_to(report::StatsBody& stats) const {
  intake_.add_to(stats);
  for (const Lane& lane : lanes_) lane.worker.add_to(stats);
}

}  // namespace exwire::app
