// SPDX-License-Identifier: BSD-3-Clause
// How long does a box on the way remember an idle connection? A summary of idle gaps that can be
// merged (of workers, files, sensors), and the maximum-likelihood estimate from it: gaps as long as
// the timeout or longer are dropped almost always, shorter ones with a small base rate, because
// phones leave coverage. Says `insufficient` and why rather than give a number that may be wrong.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace exwire::detect {

/// How a connection ends that a box has forgotten.
enum class DropMode : uint8_t { silent, rst, fin };
const char* to_text(DropMode mode) noexcept;

/// Idle gaps of one path: counts over logarithmic bins, with the exact extremes of each. Only bins
/// in use are kept: phones try few heartbeats.
class IdleSummary {
 public:
  static constexpr uint32_t kPerOctave = 128;
  static constexpr uint32_t kBins = 14 * kPerOctave;  ///< 1 s to 16,384 s

  struct Bin {
    uint32_t index = 0;
    uint32_t survived = 0, dropped = 0;
    float survived_least = 0, survived_most = 0;  ///< seconds
    float dropped_least = 0, dropped_most = 0;
  };

  void survived(double seconds);
  /// `timer`: the box has spoken by itself, so that the gap is as long as its timeout.
  void dropped(double seconds, DropMode mode, bool timer = false);
  /// A gap that cannot be used because the capture lost octets of its connection.
  void unusable() noexcept { ++unusable_; }
  /// What the capture has of a connection: packets until the first hole or the end, and holes.
  void captured(uint32_t packets, uint32_t holes) noexcept {
    packets_ += packets;
    holes_ += holes;
  }
  void merge(const IdleSummary& other);
  /// Forgets survivals that have raced a timer: those between two ages.
  void forget_survivals(double from, double to) noexcept;

  const std::vector<Bin>& bins() const noexcept { return bins_; }  ///< by index
  uint32_t survivals() const noexcept { return survivals_; }
  uint32_t drops() const noexcept { return modes_[0] + modes_[1] + modes_[2]; }
  uint32_t drops(DropMode mode) const noexcept { return modes_[static_cast<size_t>(mode)]; }
  uint32_t timers() const noexcept { return timers_; }
  uint32_t lost_to_capture() const noexcept { return unusable_; }
  /// The share of gaps that were dropped: of those up to `limit`, or of those from `seconds` on if
  /// that is more. What was never tried counts as not known.
  double usual_drops(double seconds, double limit) const noexcept;
  /// Share of the packets that the capture has missed, as far as it shows.
  double capture_loss() const noexcept;

 private:
  Bin& bin_of(double seconds);
  Bin& bin_at(uint32_t index);

  std::vector<Bin> bins_;
  std::array<uint32_t, 3> modes_{};
  uint32_t survivals_ = 0, timers_ = 0, unusable_ = 0;
  uint64_t packets_ = 0, holes_ = 0;
};

enum class IdleVerdict : uint8_t {
  estimated,
  no_drops,         ///< nothing was dropped: no timeout up to the longest gap that survived
  few_drops,        ///< too few to tell a box from lost phones
  few_survivals,    ///< nothing to compare with: the server may be down
  scattered,        ///< drops and survivals are mixed over all ages: radio
  at_once,          ///< one event, as a server that restarts, would explain all drops
  not_significant,  ///< lost phones would explain it nearly as well
  capture_loss,     ///< too much of the traffic was not captured
};
const char* to_text(IdleVerdict verdict) noexcept;

struct IdleEstimate {
  IdleVerdict verdict = IdleVerdict::no_drops;
  DropMode mode = DropMode::silent;  ///< of most drops at or above the timeout
  double estimate_s = 0;
  double bracket_low_s = 0, bracket_high_s = 0;  ///< longest survived below, shortest dropped above
  double lower_s = 0, upper_s = 0;               ///< likelihood-ratio interval
  double confidence = 0;         ///< weight of "a timeout" against "lost phones", 0 to 1
  double survived_most_s = 0;    ///< longest survival of all
  double capture_loss = 0;       ///< share of the packets
  uint32_t drops = 0, gaps = 0;  ///< drops at or above the timeout; all gaps
  bool sufficient() const noexcept { return verdict == IdleVerdict::estimated; }
};

IdleEstimate estimate_idle_timeout(const IdleSummary& summary);

}  // namespace exwire::detect
