// SPDX-License-Identifier: BSD-3-Clause
// Has the timeout of a path become shorter? Gaps that have survived for days speak against it until
// as many are dropped. Page's cumulative sums (Biometrika 41, 1954) ask instead whether the newest
// fates are better explained by a box that drops from some age on than by what was usual there.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

#include "sensor/base/time.hpp"

namespace exwire::detect {

class IdleChange {
 public:
  /// A gap of this age has survived. `usual`: the share of such gaps that was dropped so far.
  void survived(double seconds, double usual) noexcept;
  /// One was dropped. The age from which on what has survived before is out of date, or 0.
  double dropped(double seconds, double usual, Timestamp now) noexcept;
  /// Whether there is anything that a survival could speak against.
  bool in_doubt() const noexcept { return in_doubt_; }

 private:
  /// Of a box that drops from this age on. Counted since the fates last spoke against it.
  struct Sum {
    float ratio = 0;  ///< of the likelihoods, logarithm
    uint32_t survived = 0, dropped = 0;
    bool certain() const noexcept;
  };
  static constexpr size_t kPerOctave = 8, kOctaves = 8;
  static constexpr double kLeastAge = 32;  ///< to 8,192 s

  std::span<Sum> up_to(double seconds) noexcept;
  const Sum* first_certain() const noexcept;

  std::array<Sum, kPerOctave * kOctaves> sums_{};
  Timestamp since_;  ///< when one of them became certain
  bool certain_ = false, in_doubt_ = false;
};

}  // namespace exwire::detect
