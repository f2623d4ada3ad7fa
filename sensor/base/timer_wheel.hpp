// SPDX-License-Identifier: BSD-3-Clause
// A hierarchical timer wheel of 4 x 256 slots with links inside the records it schedules (Varghese
// and Lauck, 1987). It is not touched per packet: a record that fires looks at its own times and is
// scheduled again if it was active meanwhile. One tick is 100 ms of packet time.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>

#include "sensor/base/time.hpp"

namespace exwire {

/// `Nodes` gives records by handle; a record has wheel_previous, wheel_next and deadline (ticks).
template <class Nodes>
class TimerWheel {
 public:
  static constexpr int64_t kTickNs = 100 * kNanosPerMilli;

  explicit TimerWheel(Nodes& nodes) noexcept : nodes_(nodes) {}

  /// Sets the time of tick 0; while nothing is scheduled.
  void start(Timestamp at) noexcept {
    epoch_ = at;
    now_ = 0;
  }
  /// The first tick not before `at`, so that nothing fires early.
  uint32_t tick_at(Timestamp at) const noexcept {
    constexpr int64_t kLast = 0xfffffffeLL;
    const int64_t distance = at.ns - epoch_.ns;
    if (distance <= 0) return 0;
    const int64_t tick = distance / kTickNs + (distance % kTickNs != 0);
    return static_cast<uint32_t>(tick < kLast ? tick : kLast);
  }

  void schedule(uint32_t handle, uint32_t deadline) noexcept {
    nodes_[handle].deadline = deadline > now_ ? deadline : now_ + 1;
    link(handle);
  }
  void cancel(uint32_t handle) noexcept {
    auto& node = nodes_[handle];
    const uint32_t previous = node.wheel_previous, next = node.wheel_next;
    if (previous & kHeadMark) {
      heads_[previous & ~kHeadMark] = next;
    } else {
      nodes_[previous].wheel_next = next;
    }
    if (next != 0) nodes_[next].wheel_previous = previous;
    --population_;
  }

  /// Moves on to the next tick at which records are due, `to` at most. False when there is none.
  /// The records of a tick must be cancelled, each before it is scheduled again, before the next.
  bool advance(Timestamp to) noexcept {
    const uint32_t target = last_tick_by(to);
    while (now_ < target && !has_due()) {
      if (population_ == 0) {
        now_ = target;  // a quiet year costs nothing
        break;
      }
      now_ += quiet_ticks(target) + 1;
      cascade();
    }
    return has_due();
  }
  uint32_t now() const noexcept { return now_; }
  /// Whether advance() would move at all.
  bool is_behind(Timestamp to) const noexcept { return last_tick_by(to) > now_; }
  /// Visits the records that are due at this tick.
  template <class Visit>
  void each_due(Visit&& visit) const {
    for (uint32_t handle = heads_[now_ & kMask]; handle != 0; handle = nodes_[handle].wheel_next) {
      visit(handle);
    }
  }

 private:
  static constexpr uint32_t kLevels = 4, kSlots = 256, kMask = kSlots - 1;
  static constexpr uint32_t kHeadMark = 0x80000000U;

  void link(uint32_t handle) noexcept {
    auto& node = nodes_[handle];
    const uint32_t distance = node.deadline - now_;
    uint32_t level = 0;
    while (level + 1 < kLevels && distance >= (1U << (8 * (level + 1)))) ++level;
    const uint32_t head = level * kSlots + ((node.deadline >> (8 * level)) & kMask);
    node.wheel_previous = kHeadMark | head;
    node.wheel_next = heads_[head];
    if (node.wheel_next != 0) nodes_[node.wheel_next].wheel_previous = handle;
    heads_[head] = handle;
    ++population_;
  }
  /// Ticks from here on in which nothing can fire and nothing moves down a level: time that jumps
  /// by years with a far timer pending is passed in strides, not tick by tick.
  uint32_t quiet_ticks(uint32_t target) const noexcept {
    uint32_t quiet = 0;
    for (uint32_t level = 0; level + 1 < kLevels; ++level) {
      const uint32_t stride = 1U << (8 * (level + 1));
      if ((now_ & (stride - 1)) != 0 || target - now_ < stride || !is_empty(level)) break;
      quiet = stride - 1;
    }
    return quiet;
  }
  uint32_t last_tick_by(Timestamp to) const noexcept {
    const int64_t distance = to.ns - epoch_.ns;
    return distance < 0 ? 0 : tick_at({to.ns - (distance % kTickNs)});
  }
  bool has_due() const noexcept { return heads_[now_ & kMask] != 0; }
  bool is_empty(uint32_t level) const noexcept {
    const auto first = heads_.begin() + level * kSlots;
    return std::all_of(first, first + kSlots, [](uint32_t head) { return head == 0; });
  }
  void cascade() noexcept {
    for (uint32_t level = 1; level < kLevels; ++level) {
      if ((now_ & ((1U << (8 * level)) - 1)) != 0) return;
      const uint32_t head = level * kSlots + ((now_ >> (8 * level)) & kMask);
      uint32_t handle = heads_[head];
      heads_[head] = 0;
      while (handle != 0) {
        const uint32_t next = nodes_[handle].wheel_next;
        --population_;
        link(handle);
        handle = next;
      }
    }
  }
  Nodes& nodes_;
  Timestamp epoch_;
  uint32_t now_ = 0;
  std::array<uint32_t, kLevels * kSlots> heads_{};
  uint32_t population_ = 0;
};

}  // namespace exwire
