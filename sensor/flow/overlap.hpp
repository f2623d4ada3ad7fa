// SPDX-License-Identifier: BSD-3-Clause
// Which copy of an octet a receiver keeps when two segments disagree (Novak and Sturges, 2007). The
// policy belongs to the host that ends the TCP connection, so it is chosen by its address: a proxy
// on Linux in front of Exchange answers differently from Exchange. RFC 9293 3.10.7.4 and every
// Windows since Vista keep what came first.
#pragma once

#include <cstdint>
#include <vector>

#include "sensor/wire/prefix.hpp"

namespace exwire::flow {

enum class OverlapPolicy : uint8_t {
  first,           ///< the first copy stays
  windows_legacy,  ///< also BSD: a segment that starts before the stored one wins
  linux,           ///< the same, and one that starts with it but is longer wins
  last,            ///< the latest copy wins
};

/// A segment as it was sent: the stream offset of its first octet, and its length.
struct SentSegment {
  int64_t start = 0;
  uint32_t size = 0;
  int64_t end() const noexcept { return start + size; }
  friend bool operator==(const SentSegment&, const SentSegment&) = default;
};

/// Whether the octets of `later` replace those of `stored` where both have some.
constexpr bool later_wins(OverlapPolicy policy, const SentSegment& stored,
                          const SentSegment& later) noexcept {
  switch (policy) {
    case OverlapPolicy::windows_legacy:
      return stored.start > later.start;
    case OverlapPolicy::linux:
      return stored.start > later.start ||
             (stored.start == later.start && later.end() > stored.end());
    case OverlapPolicy::last:
      return true;
    default:
      return false;
  }
}

/// Policies that ask which segment a stored octet came in.
constexpr bool asks_for_segment(OverlapPolicy policy) noexcept {
  return policy == OverlapPolicy::windows_legacy || policy == OverlapPolicy::linux;
}

struct OverlapRule {
  wire::Prefix receivers;
  OverlapPolicy policy = OverlapPolicy::first;
};

/// The policy of the longest prefix that holds `receiver`; `first` when none does.
OverlapPolicy overlap_policy_of(const std::vector<OverlapRule>& rules,
                                const wire::Address& receiver, uint8_t ip_version) noexcept;

}  // namespace exwire::flow
