// SPDX-License-Identifier: BSD-3-Clause
// The workers, one or several. They share a batch: the packets of a connection always go to the
// same one, by the keyed hash of its endpoints; all run at the same time, and meet when the batch
// is over. Timers go the same way, those of one tick at a time. What takes effect across
// connections happens in the order of the batch (Turns), so that the result does not depend on the
// number of workers. A worker's flows are only touched by its own thread: dissectors keep memory
// there.
#pragma once

#include <semaphore.h>

#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <thread>
#include <vector>

#include "sensor/app/intake.hpp"
#include "sensor/app/worker.hpp"

namespace exwire::app {

class WorkerGroup {
 public:
  /// One worker for each outlet. `gather` is called when all of them rest, after they have run:
  /// what they have left may be taken.
  WorkerGroup(const Config& config, const inspect::DissectorHost& dissectors, HashKey secret,
              Turns& turns, std::span<Outlet* const> outlets, std::function<void()> gather = {});
  ~WorkerGroup();
  WorkerGroup(const WorkerGroup&) = delete;
  WorkerGroup& operator=(const WorkerGroup&) = delete;

  /// Gives the packets of a batch to their workers, which run when they are told to. `outlet`: for
  /// what is told of packets before a worker has them.
  void take_in(const capture::Batch& batch, Outlet& outlet);
  /// Runs them with what they were given since they ran last, and their timers; `last`: the batch
  /// they were given last. At most Intake::kMostBatches, and no further one when timers are due.
  void run(const capture::Batch& last);
  bool timers_due() const noexcept { return lanes_.front().worker.flows().is_due(intake_.now()); }
  /// End of capture: everything still open is told.
  void drain();
  /// After that: what follows may begin at any other time.
  void restart();

  Intake& intake() noexcept { return intake_; }
  const Intake& intake() const noexcept { return intake_; }
  /// Adds all counters.
  void add_to(report::StatsBody& stats) const;

 private:
  enum class Task : uint8_t { packets, timers, ends, stop };
  struct Lane {
    Lane(const Config& config, const inspect::DissectorHost& dissectors,
         const std::shared_ptr<detect::CommonMemory>& common, Outlet& outlet, Turns& turns,
         uint32_t number);
    ~Lane();
    Lane(const Lane&) = delete;
    Lane& operator=(const Lane&) = delete;

    alignas(64) sem_t asked;  ///< there is work for its thread
    std::thread thread;
    Budget budget;
    std::vector<Arrival> arrivals;
    std::vector<Due> due;
    Worker worker;
    const uint32_t number;
    // Of what goes in the order of age: how many flows, how far they are taken, the one that was
    // taken last and waits for older ones of others, and which tick.
    uint32_t flows = 0, next = 0, waiting = 0;
    std::optional<uint32_t> tick;
  };

  static std::deque<Lane> make_lanes(const Config& share, const inspect::DissectorHost& dissectors,
                                     Turns& turns, std::span<Outlet* const> outlets);
  bool alone() const noexcept { return lanes_.size() == 1; }
  Lane& lane_of(const wire::Packet& packet) noexcept;
  void serve(Lane& lane);
  void work(Lane& lane);
  void run_all(Task task, Timestamp now);
  void expire(Timestamp now);
  bool next_tick(Timestamp now);
  /// Gives out flows of all lanes, oldest first: `take(lane, index)` is one of a lane's.
  template <class Take>
  void run_by_age(Task task, Timestamp now, Take&& take);

  const Config share_;  ///< each worker's share of the configured limits
  Turns& turns_;
  std::function<void()> gather_;
  std::deque<Lane> lanes_;
  Intake intake_;
  Task task_ = Task::packets;  ///< with now_: what the lanes are asked for
  Timestamp now_;
};

}  // namespace exwire::app
