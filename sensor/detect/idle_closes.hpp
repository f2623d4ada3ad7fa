// SPDX-License-Identifier: BSD-3-Clause
// Connections that one side of the capture has closed while an answer was due. Each alone is a
// client that gave up, or a server. Many at one and the same age, one after the other, are a timer:
// a proxy in front of the sensor, or a limit that all clients have. Many at once are a network that
// went down.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>

#include "sensor/detect/idle_gap.hpp"
#include "sensor/detect/observation.hpp"

namespace exwire::detect {

class IdleCloses {
 public:
  /// How many drops are known to be the work of a timer now: none, all that were kept, or this one.
  uint32_t add(const Observation& seen) noexcept {
    const double age = seen.get<IdleGap>().length_ms / 1000.0;
    if (same_age(age, timer_s_)) return 1;
    uint32_t alike = 1;
    int64_t first = seen.when.ns;
    for (uint32_t index = 0; index < kept_; ++index) {
      const Close& other = closes_[index];
      if (!same_age(age, other.age_s)) continue;
      const double later = static_cast<double>(seen.when.ns - other.when_ns) / kNanosPerSecond;
      if (later * kApart < age) return 0;  // may have the same cause
      ++alike;
      first = std::min(first, other.when_ns);
    }
    closes_[next_] = {age, seen.when.ns};
    next_ = (next_ + 1) % closes_.size();
    kept_ = std::min<uint32_t>(kept_ + 1, static_cast<uint32_t>(closes_.size()));
    const double span = static_cast<double>(seen.when.ns - first) / kNanosPerSecond;
    if (alike < kFewest || span < age) return 0;
    timer_s_ = age;
    return alike;
  }

 private:
  struct Close {
    double age_s;
    int64_t when_ns;
  };
  static constexpr uint32_t kFewest = 8;
  static constexpr int kApart = 16;  ///< those that count lie a sixteenth of the age apart

  static bool same_age(double a, double b) noexcept {
    return std::max(a, b) - std::min(a, b) <= std::max(a, b) * 0.01;
  }

  std::array<Close, 32> closes_{};
  size_t next_ = 0;
  uint32_t kept_ = 0;
  double timer_s_ = 0;
};

}  // namespace exwire::detect
