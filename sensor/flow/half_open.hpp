// SPDX-License-Identifier: BSD-3-Clause
// A connection that is not established yet: what its few segments have told so far, in 64 octets.
// Handshakes (RFC 9293 3.5), their repetitions and refusals, and stray segments.
#pragma once

#include <array>
#include <cstdint>

#include "sensor/wire/flow_key.hpp"
#include "sensor/wire/packet.hpp"

namespace exwire::flow {

/// How far a handshake has come, for those who count waiting ones.
enum class HalfOpenStage : uint8_t {
  none,         ///< not begun before our eyes, refused, or over
  unanswered,   ///< one SYN; real hosts repeat it
  repeated,     ///< several SYNs, no answer
  answered,     ///< SYN and SYN-ACK
  waiting,      ///< SYN and repeated SYN-ACK: its server says that no answer has come
  hammered,     ///< SYNs on the same ports as no host repeats them; told for each of them
  aborted,      ///< the client, or the host whose address was forged, refused the answer
  unasked,      ///< SYN-ACK without SYN, and not a word of anybody since
  backscatter,  ///< an answer without SYN that its server repeats, or that is refused
};

enum HalfOpenMark : uint8_t {
  kSyn = 1 << 0,           ///< a SYN was seen
  kSynAck = 1 << 1,        ///< a SYN-ACK was seen (and fits the SYN, if that was seen)
  kClientLo = 1 << 2,      ///< the client is key.lo
  kClientScales = 1 << 3,  ///< the SYN carried a window scale
  kServerScales = 1 << 4,
  kServerStray = 1 << 5,  ///< stray segments: the server's are followed, not the client's
};

struct HalfOpen {
  wire::FlowKey key;
  uint64_t first_us : 44 = 0;   ///< microseconds since the table's epoch
  uint64_t last_10ms : 20 = 0;  ///< since `first_us`, in units of 10 ms, saturating: 2.9 hours
  uint32_t client_next = 0;     ///< next sequence number of the client: ISN + 1
  uint32_t server_next = 0;
  std::array<uint8_t, 2> packets{};      ///< by direction, saturating
  std::array<uint8_t, 2> wire_octets{};  ///< of the first packet each, saturating: SYNs repeat
  std::array<uint8_t, 2> tcp_flags{};
  uint8_t window_scales = 0;  ///< as in Flow
  uint8_t marks = 0;

  bool has(uint8_t mark) const noexcept { return (marks & mark) != 0; }
  bool is_stray() const noexcept { return !has(kSyn | kSynAck); }
  bool is_refused() const noexcept { return ((tcp_flags[0] | tcp_flags[1]) & wire::kRst) != 0; }
  /// Without a SYN: an answer that its server had to repeat after a second or more, or that its
  /// receiver refused; or the refusal of a SYN, the only segment numbered 0 (RFC 9293 3.10.7.1).
  bool is_backscatter() const noexcept {
    constexpr uint8_t kRefusal = wire::kRst | wire::kAck;
    if (is_stray()) return packets[0] == 0 && tcp_flags[1] == kRefusal && server_next == 0;
    constexpr uint32_t kRepeatAfter_10ms = 50;  // sooner: a copy
    const bool repeated = packets[1] > 1 && last_10ms >= kRepeatAfter_10ms;
    return (tcp_flags[0] & wire::kRst) != 0 || (repeated && (tcp_flags[1] & wire::kRst) == 0);
  }
  HalfOpenStage stage() const noexcept {
    if (!has(kSyn)) {
      if (is_backscatter()) return HalfOpenStage::backscatter;
      return has(kSynAck) && !is_refused() ? HalfOpenStage::unasked : HalfOpenStage::none;
    }
    if (is_refused()) {
      const bool by_client = (tcp_flags[0] & wire::kRst) != 0;
      return has(kSynAck) && by_client ? HalfOpenStage::aborted : HalfOpenStage::none;
    }
    if (has(kSynAck)) return packets[1] > 1 ? HalfOpenStage::waiting : HalfOpenStage::answered;
    return packets[0] > 1 ? HalfOpenStage::repeated : HalfOpenStage::unanswered;
  }
  uint16_t server_port() const noexcept { return has(kClientLo) ? key.hi_port : key.lo_port; }
  /// What a flood may push out first.
  bool is_cheap() const noexcept { return is_stray() || is_refused(); }
};
static_assert(sizeof(HalfOpen) == 64);

}  // namespace exwire::flow
