// SPDX-License-Identifier: BSD-3-Clause
// When stalled connections of one server and stage become a finding, and when it is over. Three
// things must come together: a number worth a word, growth against what this server usually has,
// and few sources that hold most of them (or a number beyond what honest clients explain), so that
// a slow network or a restarting server stays quiet.
#pragma once

#include <cmath>
#include <cstdint>

namespace exwire::detect {

class StallStory {
 public:
  enum class Step : uint8_t { none, open, update, close };

  static constexpr uint32_t kUpdateEvery_s = 30;
  static constexpr uint32_t kRepeatAfter_s = 300;  ///< an unchanged picture is told again
  static constexpr uint32_t kQuiet_s = 10;         ///< below the floor for so long: over
  static constexpr uint32_t kSpread = 10;          ///< times the floor, when sources are many

  /// To be called once for each second of packet time. `concentrated`: connections that the ten
  /// largest sources hold.
  Step judge(uint32_t now_s, uint32_t stalled, uint32_t concentrated, uint32_t minimum) noexcept;
  /// End of capture: true when a finding is open and must be closed.
  bool finish() noexcept;

  bool is_open() const noexcept { return open_; }
  uint32_t opened_s() const noexcept { return opened_s_; }
  uint32_t peak() const noexcept { return peak_; }
  /// What this server usually has at this stage.
  uint32_t usual() const noexcept { return static_cast<uint32_t>(std::lround(usual_)); }

 private:
  Step judge_open(uint32_t now_s, uint32_t stalled, uint32_t minimum) noexcept;

  bool open_ = false;
  uint32_t opened_s_ = 0, told_s_ = 0, told_stalled_ = 0, peak_ = 0;
  uint32_t above_s_ = 0;  ///< last second at or above the floor
  double usual_ = 0;
};

}  // namespace exwire::detect
