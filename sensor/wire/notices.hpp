// SPDX-License-Identifier: BSD-3-Clause
// What packets that are not followed have to say: a wrong checksum, fragments that overlap. Each
// kind is told once in a minute for a pair of endpoints, and no more than a few per second in all:
// a flood of such packets must not become a flood of events.
#pragma once

#include <array>
#include <cstdint>
#include <span>

#include "sensor/base/siphash.hpp"
#include "sensor/base/time.hpp"
#include "sensor/wire/flow_key.hpp"

namespace exwire::wire {

enum class NoticeKind : uint8_t {
  bad_header_checksum,
  bad_checksum,
  fragment_overlap,
  fragment_impossible,  ///< beyond 65,535 octets, or beyond the end of its datagram
  tcp_in_fragments,
  impossible_header,  ///< of TCP: longer than its segment, or too short
  impossible_flags,   ///< SYN with FIN or RST: no host opens on these
};

struct Notice {
  Timestamp time;
  uint64_t number = 0;  ///< of the packet
  FlowKey key;          ///< ports are 0 where they are not known
  NoticeKind kind{};
  bool from_lo = false;
};

class Notices {
 public:
  static constexpr int64_t kPauseNs = 60 * kNanosPerSecond;
  static constexpr uint32_t kMostPerSecond = 50;
  static constexpr uint32_t kMostWaiting = 16;

  explicit Notices(HashKey secret) noexcept : secret_(secret) {}
  void add(const Notice& notice) noexcept;
  std::span<const Notice> waiting() const noexcept { return {waiting_.data(), count_}; }
  void clear() noexcept { count_ = 0; }
  uint64_t suppressed() const noexcept { return suppressed_; }

 private:
  struct Told {
    uint64_t print = 0;
    int64_t when_ns = 0;
  };
  static constexpr size_t kPlaces = 1024, kBucket = 8;

  bool may_be_told(const Notice& notice) noexcept;

  HashKey secret_;
  std::array<Notice, kMostWaiting> waiting_{};
  uint32_t count_ = 0, in_this_second_ = 0;
  int64_t second_ = 0;
  uint64_t suppressed_ = 0;
  std::array<Told, kPlaces> told_{};
};

}  // namespace exwire::wire
