// SPDX-License-Identifier: BSD-3-Clause
// What one of several workers leaves while a batch runs. Lines are encoded at once, by the worker,
// for an event is a view of what will change; they are written when all workers rest. Observations
// and the figures of capture points wait as notes: they take effect in the order of packets, when
// somebody's finding needs those before it, or when all workers rest. A finding waits for its turn,
// for only who stands behind all workers knows whether its story has been told; where that is known
// here, too, its repetition is a note.
#pragma once

#include <array>
#include <atomic>
#include <deque>
#include <string>
#include <variant>
#include <vector>

#include "sensor/app/outlet.hpp"
#include "sensor/base/turns.hpp"
#include "sensor/report/reporter.hpp"

namespace exwire::app {

/// A finding whose story has been told.
struct Repetition {
  uint64_t story;
  Timestamp when;
  uint64_t occurrences;
};

/// A packet that a capture point has seen.
struct PacketSight {
  uint32_t payload_octets;
  uint16_t point;
};

/// What stands behind all workers.
class Hub : public Outlet {
 public:
  /// Writes an event with the name of its source.
  virtual void write(const report::Event& event, report::Reporter& reporter) const = 0;
  /// Alerts leave through this one until another is named; null: through the Hub's own.
  virtual void speak_through(report::Reporter* reporter) noexcept = 0;
  virtual void repeated(const Repetition& repetition) = 0;
  /// Until stories are closed, findings of this one are only counted.
  virtual bool counts(uint64_t story) = 0;
  virtual uint64_t stories_closed() const noexcept = 0;
  /// All packets of a batch have been handled; no timer was due at its end.
  virtual void batch_over(Timestamp now) = 0;
};

/// Lines with the place in the batch they belong to.
class PlacedLines final : public report::Sink {
 public:
  PlacedLines(const Turns& turns, uint32_t number) : turns_(turns), number_(number) {}

  bool write(std::string_view line) override;
  bool flush() override { return true; }
  uint64_t take_lost() override { return 0; }
  const std::string& last_error() const override { return nothing_; }

  /// The place of the next line; kDone when there is none.
  uint32_t next_place() const noexcept;
  std::string_view take_next() noexcept;
  void clear() noexcept;

 private:
  struct Line {
    uint32_t place;
    size_t end;
  };
  const Turns& turns_;
  const uint32_t number_;
  std::string text_, nothing_;
  std::vector<Line> lines_;
  size_t taken_ = 0;
};

class WorkerLogs;

class WorkerLog final : public Outlet {
 public:
  WorkerLog(WorkerLogs& all, Hub& hub, const report::Reporter& like, const Turns& turns,
            uint32_t number)
      : all_(all),
        hub_(hub),
        turns_(turns),
        number_(number),
        lines_(turns, number),
        reporter_(like, lines_) {}

  void event(const report::Event& event) override { hub_.write(event, reporter_); }
  void finding(const flow::Flow& flow, const detect::Finding& finding, uint16_t point) override;
  void observation(const detect::Observation& observation) override;
  void packet_seen(uint16_t point, uint32_t payload_octets) override;
  void seen(const Sight& sight) override;
  void deed(const detect::Deed& deed) override;
  void take_turn() override;

  PlacedLines& lines() noexcept { return lines_; }
  const PlacedLines& lines() const noexcept { return lines_; }
  report::Reporter& reporter() noexcept { return reporter_; }
  /// The place of the next note that has not taken effect; kDone when there is none. For whoever
  /// has the turn, as what follows.
  uint32_t next_place() const noexcept;
  void apply_next();
  /// All have taken effect.
  void clear() noexcept;
  /// Stories have been closed.
  void forget_stories() noexcept { stories_.fill(0); }

 private:
  struct Note {
    uint32_t place;
    std::variant<detect::Observation, PacketSight, Sight, Repetition, detect::Deed> what;
  };
  static constexpr uint32_t kMost = 2048;

  uint32_t place() const noexcept;
  template <class What>
  void note(const What& what);

  WorkerLogs& all_;
  Hub& hub_;
  const Turns& turns_;
  const uint32_t number_;
  PlacedLines lines_;
  report::Reporter reporter_;
  std::array<Note, kMost> notes_{};
  std::atomic<uint32_t> noted_{0};  ///< written by the worker, read by whoever has the turn
  uint32_t applied_ = 0;
  std::array<uint64_t, 1024> stories_{};  ///< that are only counted; a newer one takes a place
};

/// Those of all workers.
class WorkerLogs {
 public:
  WorkerLogs(Hub& hub, report::Reporter& reporter, const Turns& turns);

  std::vector<Outlet*> outlets();
  /// The workers are given one more batch; the one that ends here ends at this place and time.
  void end_batch(uint32_t place, Timestamp now) { ends_.push_back({place, now}); }
  /// All workers rest: everything left takes effect, and lines are written.
  void gather();
  /// Before they run again: what has become of stories meanwhile.
  void follow_stories() noexcept;
  /// Notes up to `place` take effect. For whoever has the turn there.
  void apply_through(uint32_t place);

 private:
  struct BatchEnd {
    uint32_t place;
    Timestamp now;
  };

  Hub& hub_;
  report::Reporter& reporter_;
  std::vector<BatchEnd> ends_;
  size_t ended_ = 0;
  uint64_t stories_closed_ = 0;
  std::deque<WorkerLog> logs_;
};

}  // namespace exwire::app
