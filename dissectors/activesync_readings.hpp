// SPDX-License-Identifier: BSD-3-Clause
// The ActiveSync bodies a thread is in the middle of. A dissector's state has no room for a reader,
// so it holds a ticket: rings of fixed size, in which a new body takes the place of the oldest one,
// which then stays unread. Nobody has to give anything back.
#pragma once

#include <vector>

#include "dissectors/activesync_body.hpp"
#include "dissectors/inflate.hpp"

namespace exwire::activesync {

class Readings {
 public:
  static constexpr uint32_t kMost = 512;       ///< bodies, some 120 octets each
  static constexpr uint32_t kMostPacked = 16;  ///< of these compressed, some 40 KiB each

  /// What a thread holds, however much it reads.
  static constexpr uint32_t held_octets() noexcept {
    return kMost * sizeof(Reading) + kMostPacked * (sizeof(Packed) + Inflater::kHeldOctets);
  }
  /// Those of the calling thread.
  static Readings& here() noexcept;

  /// A ticket for a new body, never 0.
  uint32_t begin(bool packed) noexcept;
  /// Goes on reading; false when nothing more is to be learned, or the body had to make room.
  bool feed(uint32_t ticket, Bytes octets) noexcept;
  /// The body, or what unpacks it, had to make room.
  bool lost(uint32_t ticket) const noexcept;
  /// What was learned so far; null when it had to make room.
  const Body* find(uint32_t ticket) const noexcept;

 private:
  struct Reading {
    uint32_t ticket = 0;
    uint32_t packed = 0;  ///< ticket of its inflater, 0: it needs none
    BodyReader reader;
  };
  struct Packed {
    uint32_t ticket = 0;
    Inflater inflater;
  };

  std::vector<Reading> readings_{kMost};
  std::vector<Packed> packed_{kMostPacked};
  uint32_t newest_ = 0, newest_packed_ = 0;
};

}  // namespace exwire::activesync
