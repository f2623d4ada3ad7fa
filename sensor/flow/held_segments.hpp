// SPDX-License-Identifier: BSD-3-Clause
// Doubtful segments, until their receiver has acknowledged them or other octets in their place, and
// answers to what has not been seen yet. A small fixed table shared by all flows of a worker; where
// it has no room, the caller reads the segment at once.
#pragma once

#include <array>
#include <cstdint>
#include <memory>

#include "sensor/base/memory.hpp"
#include "sensor/flow/doubts.hpp"

namespace exwire::flow {

class HeldSegments {
 public:
  static constexpr uint32_t kEntries = 256, kBucket = 8;
  /// Larger segments are not held.
  static constexpr uint32_t kMostOctets = 4096;

  struct Held {
    wire::Packet packet;  ///< its payload is `octets`
    uint32_t handle = 0;  ///< of its flow; 0: free
    uint32_t turn = 0;    ///< in which order they came
    Doubt doubt = Doubt::none;
    Direction direction = Direction::to_server;
    std::array<uint8_t, kMostOctets> octets;
  };

  explicit HeldSegments(Budget& budget);

  bool empty() const noexcept { return in_use_ == 0; }
  /// False: no room for it.
  bool keep(uint32_t handle, Direction direction, const wire::Packet& packet, Doubt doubt) noexcept;
  /// The first one of the flow that came; null: none.
  Held* first(uint32_t handle) noexcept;
  /// The first one of a direction that `ack` covers.
  Held* acknowledged(uint32_t handle, Direction direction, uint32_t ack) noexcept;
  /// The first one of a server that acknowledges no more than its client has said.
  Held* answering(uint32_t handle, uint32_t client_next) noexcept;
  /// The first one of a server that came before `limit`.
  Held* overdue(uint32_t handle, Timestamp limit) noexcept;
  void give(Held& held) noexcept;

 private:
  template <class Wanted>
  Held* first_of(uint32_t handle, Wanted&& wanted) noexcept;
  Held* bucket_of(uint32_t handle) noexcept {
    return &entries_[handle % (kEntries / kBucket) * kBucket];
  }

  std::unique_ptr<Held[]> entries_;
  uint32_t in_use_ = 0, turns_ = 0;
};

}  // namespace exwire::flow
