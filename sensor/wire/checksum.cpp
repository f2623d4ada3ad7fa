// SPDX-License-Identifier: BSD-3-Clause
#include "sensor/wire/checksum.hpp"

#include <cstring>

#include "sensor/base/keyed_buckets.hpp"

namespace exwire::wire {

namespace {

/// A sum of 64-bit words in host order: it folds to that of 16-bit words with its octets swapped,
/// each carry being worth one (RFC 1071 2 B and 2 C).
struct Sum {
  uint64_t words = 0, carries = 0;

  void add(uint64_t word) noexcept {
    words += word;
    carries += words < word;
  }
  uint16_t in_16_bits() const noexcept {
    return folded((words >> 32) + (words & 0xffffffff) + carries);
  }
};

}  // namespace

uint16_t sum_of(Bytes octets, uint32_t initial) noexcept {
  Sum even, odd;  // neither waits for the other
  const auto add_pair = [&](const uint8_t* at) {
    uint64_t words[2];
    std::memcpy(words, at, sizeof words);
    even.add(words[0]);
    odd.add(words[1]);
  };
  const uint8_t* at = octets.begin();
  uint32_t left = octets.size;
  for (; left >= 64; left -= 64, at += 64) {
    for (uint32_t pair = 0; pair < 64; pair += 16) add_pair(at + pair);
  }
  for (; left >= 16; left -= 16, at += 16) add_pair(at);
  const auto add_part = [&](auto part) {
    if (!(left & sizeof part)) return;
    std::memcpy(&part, at, sizeof part);
    even.add(part);
    at += sizeof part;
  };
  add_part(uint64_t{});
  add_part(uint32_t{});
  add_part(uint16_t{});
  add_part(uint8_t{});
  even.add(odd.words);
  even.carries += odd.carries;
  return folded(uint64_t{__builtin_bswap16(even.in_16_bits())} + initial);
}

uint16_t pseudo_header_sum(const NetworkView& network) noexcept {
  uint64_t addresses = 0;
  const auto add = [&](size_t at) {
    addresses += load_be32(network.source.data() + at);
    addresses += load_be32(network.destination.data() + at);
  };
  add(0);
  if (network.ip_version != 4) {
    for (const size_t at : {4U, 8U, 12U}) add(at);
  }
  return folded(addresses + network.protocol + (network.payload_octets >> 16) +
                (network.payload_octets & 0xffff));
}

ChecksumJudge::Sender& ChecksumJudge::found(uint64_t source_hash) noexcept {
  Sender& sender = place_of<kBucket>(senders_, source_hash, &Sender::seen);
  if (sender.print != source_hash) {
    sender = {};
    sender.print = source_hash;
  }
  return sender;
}

Verdict ChecksumJudge::judge_wrong_header(Tally& tally) noexcept {
  tally.count_wrong(false);
  const bool accepted = mode_ == ChecksumMode::automatic && tally.mostly_wrong();
  return accepted ? Verdict::wrong_but_accepted : Verdict::wrong;
}

Verdict ChecksumJudge::judge(const NetworkView& network, bool has_payload,
                             uint64_t source_hash) noexcept {
  // Receive offload joins segments and leaves the first one's sum or a placeholder; such giants
  // never cross a wire, and prove that smaller ones were joined as well.
  constexpr uint32_t kLargestOnWire = 1500 - 20;
  constexpr uint32_t kSumAt = 16;
  const bool whole = network.payload.size == network.payload_octets && network.payload.size >= 20;
  const bool automatic = mode_ == ChecksumMode::automatic;
  if (mode_ == ChecksumMode::none || !whole) return Verdict::right;
  const bool giant = network.payload_octets > kLargestOnWire && !network.joined;
  const uint16_t pseudo = pseudo_header_sum(network);
  const bool holds_pseudo = load_be16(network.payload.data + kSumAt) == pseudo;
  if (automatic && giant) {
    joins_ |= holds_pseudo;
    return Verdict::right;
  }
  const bool right = sum_of(network.payload, pseudo) == 0xffff;
  Sender& sender = sender_of(source_hash);
  Tally& tally = has_payload ? sender.payload : sender.empty;
  Tally& tally_of_all = has_payload ? all_.payload : all_.empty;
  if (right) {
    tally.count_right();
    tally_of_all.count_right();
    return Verdict::right;
  }
  const bool known = tally.right + tally.wrong > 0;
  tally.count_wrong(holds_pseudo);
  tally_of_all.count_wrong(holds_pseudo);
  const bool local =
      is_loopback(network.source, network.ip_version) || network.source == network.destination;
  if (holds_pseudo && local) return Verdict::wrong_but_accepted;
  if (!automatic) return Verdict::wrong;
  const bool accepted = holds_pseudo ? joins_ || tally.leaves_placeholders()
                        : known      ? tally.mostly_wrong()
                                     : tally_of_all.mostly_wrong();
  return accepted ? Verdict::wrong_but_accepted : Verdict::wrong;
}

}  // namespace exwire::wire
