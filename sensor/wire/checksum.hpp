// SPDX-License-Identifier: BSD-3-Clause
// The Internet checksum (RFC 1071), and when a wrong one counts. A capture made on a host shows
// what the host gave to its network card, which fills in the sum later: such packets are honest.
// On a span port the same packet is one that no host accepts, and an attacker's way to make a
// sensor see what the server never sees.
#pragma once

#include <array>
#include <bit>
#include <cstdint>

#include "sensor/base/bytes.hpp"
#include "sensor/wire/network.hpp"

namespace exwire::wire {

enum class ChecksumMode : uint8_t {
  automatic,  ///< wrong sums are accepted from senders that leave them to their network card
  all,        ///< every sum is checked; on loopback the card's placeholder is accepted
  none,
};

/// A sum in 16 bits, its carries added at the end as in one's complement. Added to itself with its
/// halves swapped, each half is the sum of both: the upper one with the carry of the lower one.
constexpr uint16_t folded(uint64_t sum) noexcept {
  const auto in_32_bits = static_cast<uint32_t>((sum + std::rotl(sum, 32)) >> 32);
  return static_cast<uint16_t>((in_32_bits + std::rotl(in_32_bits, 16)) >> 16);
}
/// One's complement sum of octets, folded to 16 bits, not inverted.
uint16_t sum_of(Bytes octets, uint32_t initial = 0) noexcept;
/// Sum of the pseudo-header of TCP over IPv4 (RFC 9293 3.1) or IPv6 (RFC 8200 8.1), not folded yet:
/// what sum_of() takes to begin with.
inline uint32_t pseudo_header_words(const NetworkView& network) noexcept {
  uint64_t sum = uint64_t{network.protocol} + network.payload_octets;
  const auto add = [&](size_t at) {
    sum += load_be32(network.source.data() + at);
    sum += load_be32(network.destination.data() + at);
  };
  add(0);
  if (network.ip_version != 4) {
    for (const size_t at : {4U, 8U, 12U}) add(at);
  }
  return static_cast<uint32_t>((sum >> 16) + (sum & 0xffff));  // below 2^20 + 2^16
}

enum class Verdict : uint8_t { right, wrong_but_accepted, wrong };

/// What senders showed decides, kept apart for segments with and without payload: a host that
/// leaves sums to its card still fills in those of bare acknowledgements, and captures whose
/// payload was made anonymous have right sums only where there is none.
class ChecksumJudge {
 public:
  explicit ChecksumJudge(ChecksumMode mode) noexcept : mode_(mode) {}
  ChecksumJudge(const ChecksumJudge&) = delete;
  ChecksumJudge& operator=(const ChecksumJudge&) = delete;
  ChecksumMode mode() const noexcept { return mode_; }
  /// A TCP segment, captured to its end or not: what was cut off is not judged.
  Verdict judge(const NetworkView& network, bool has_payload, uint64_t source_hash) noexcept {
    const bool whole =
        network.payload.size == network.payload_octets && network.payload.size >= kLeastSegment;
    if (mode_ == ChecksumMode::none || !whole) return Verdict::right;
    const uint32_t pseudo = pseudo_header_words(network);
    if (mode_ == ChecksumMode::automatic && is_giant(network)) {
      joins_ |= holds_sum(network, pseudo);
      return Verdict::right;
    }
    Tallies& sender = tallies_of(source_hash);
    Tally& tally = has_payload ? sender.payload : sender.empty;
    Tally& tally_of_all = has_payload ? all_.payload : all_.empty;
    if (sum_of(network.payload, pseudo) != 0xffff) {
      return judge_wrong(network, holds_sum(network, pseudo), tally, tally_of_all);
    }
    tally.count_right();
    tally_of_all.count_right();
    return Verdict::right;
  }
  /// An IPv4 header.
  Verdict judge_header(const NetworkView& network, uint64_t source_hash) noexcept {
    if (network.ip_version != 4 || mode_ == ChecksumMode::none) return Verdict::right;
    Tally& tally = tallies_of(source_hash).header;
    if (!network.header_sum_ok) return judge_wrong_header(tally);
    tally.count_right();
    return Verdict::right;
  }

 private:
  struct Tally {
    uint32_t right = 0, wrong = 0, placeholders = 0;
    /// Whether wrong sums are this sender's habit.
    bool mostly_wrong() const noexcept { return uint64_t{right} * 8 < wrong; }
    /// Whether it leaves sums to its card now and then: what the kernel itself cuts into segments
    /// or sends again is summed.
    bool leaves_placeholders() const noexcept { return uint64_t{placeholders} * 8 > right; }
    void count_right() noexcept {
      ++right;
      halve_when_full();
    }
    void count_wrong(bool is_placeholder) noexcept {
      ++wrong;
      placeholders += is_placeholder;
      halve_when_full();
    }

   private:
    void halve_when_full() noexcept {
      constexpr uint32_t kMemory = 1 << 16;
      if (right + wrong <= kMemory) return;
      right /= 2;
      wrong /= 2;
      placeholders /= 2;
    }
  };
  struct Tallies {
    Tally header, empty, payload;
  };
  /// Apart from its tallies, so that a search touches two cache lines.
  struct Sender {
    uint64_t print = 0;
    uint32_t seen = 0;  ///< headers and segments
  };
  static constexpr size_t kSenders = 4096, kBucket = 8;
  static constexpr uint32_t kLeastSegment = 20;  ///< a TCP header

  Tallies& tallies_of(uint64_t source_hash) noexcept {
    if (last_->print != source_hash) find(source_hash);
    ++last_->seen;
    return *tallies_of_last_;
  }
  void find(uint64_t source_hash) noexcept;
  /// Receive offload joins segments and leaves the first one's sum or a placeholder; such giants
  /// never cross a wire, and prove that smaller ones were joined as well.
  static bool is_giant(const NetworkView& network) noexcept {
    constexpr uint32_t kLargestOnWire = 1500 - 20;
    return network.payload_octets > kLargestOnWire && !network.joined;
  }
  /// The segment's own sum is that of its pseudo-header.
  static bool holds_sum(const NetworkView& network, uint32_t pseudo) noexcept {
    constexpr uint32_t kSumAt = 16;
    return load_be16(network.payload.data + kSumAt) == folded(pseudo);
  }
  Verdict judge_wrong_header(Tally& tally) noexcept;
  Verdict judge_wrong(const NetworkView& network, bool holds_pseudo, Tally& tally,
                      Tally& tally_of_all) noexcept;

  alignas(kBucket * sizeof(Sender)) std::array<Sender, kSenders> senders_{};
  Sender* last_ = senders_.data();  ///< asked for again: an IPv4 header, then its segment
  Tallies all_;
  std::array<Tallies, kSenders> tallies_{};  ///< of the sender at the same place
  Tallies* tallies_of_last_ = tallies_.data();
  ChecksumMode mode_;
  bool joins_ = false;  ///< the capture's own host joins segments and leaves placeholders in them
};

}  // namespace exwire::wire
