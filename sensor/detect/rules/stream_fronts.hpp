// SPDX-License-Identifier: BSD-3-Clause
// The first octets of connections, joined from their segments, for rules whose contents lie across
// the borders of segments. Bounded in octets of a direction and in connections; of segments that
// disagree the first counts, and each segment is looked at on its own anyway.
#pragma once

#include <array>
#include <bitset>
#include <boost/unordered/unordered_flat_map.hpp>
#include <cstdint>
#include <memory>
#include <string_view>

#include "sensor/base/bytes.hpp"
#include "sensor/flow/flow.hpp"

namespace exwire::detect::rules {

class StreamFronts {
 public:
  static constexpr uint32_t kOctets = 4096;      ///< of one direction
  static constexpr uint32_t kConnections = 512;  ///< the oldest makes room
  static constexpr uint32_t kFreeLooks = 32;     ///< searches of one direction, whatever it grew
  static constexpr size_t kMostTold = 16;        ///< rules remembered of one direction

  StreamFronts();

  struct Front {
    std::array<char, kOctets> octets;
    std::bitset<kOctets> there{};
    uint32_t size = 0;  ///< without a hole from the beginning
    std::array<uint32_t, kMostTold> told;
    uint32_t told_count = 0;
    uint32_t looks = 0, looked_at = 0;  ///< how often it was searched, and its size then
    std::string_view application;       ///< of the connection, when it was last added to

    /// It is worth another search. Who sends octet by octet is searched ever more seldom.
    bool due() const noexcept {
      return looks < kFreeLooks || size >= 2 * looked_at || size == kOctets;
    }
    void looked() noexcept {
      ++looks;
      looked_at = size;
    }
    std::string_view text() const noexcept { return {octets.data(), size}; }
    /// False when the rule of this number was told of this front before, or may not be any more.
    bool tell_once(uint32_t number) noexcept;
  };
  /// The front this segment belongs to, and null when it lies behind it or is nobody's.
  /// `grown` says whether more of it can be read now.
  Front* add(uint32_t handle, Direction direction, int64_t offset, Bytes payload,
             bool& grown) noexcept;
  /// Null when none is kept.
  Front* find(uint32_t handle, Direction direction) noexcept;
  void forget(uint32_t handle) noexcept { places_.erase(handle); }

 private:
  struct Connection {
    uint32_t handle = 0;
    std::array<Front, 2> fronts;
  };
  struct HashHandle {
    size_t operator()(uint32_t handle) const noexcept {
      return handle * size_t{0x9e3779b97f4a7c15};
    }
  };
  std::unique_ptr<Connection[]> connections_;
  boost::unordered_flat_map<uint32_t, uint32_t, HashHandle> places_;
  uint32_t next_ = 0;
};

}  // namespace exwire::detect::rules
