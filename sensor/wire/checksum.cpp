// SPDX-License-Identifier: BSD-3-Clause
#include "sensor/wire/checksum.hpp"

#include <cstring>

#include "sensor/base/keyed_buckets.hpp"

namespace exwire::wire {

namespace {

// Sums of words in host order fold to those of 16-bit words with their octets swapped, each carry
// being worth one (RFC 1071 2 B and 2 C).

using Block = uint64_t __attribute__((vector_size(32)));
constexpr uint32_t kBlock = sizeof(Block);

/// Both halves of all 64-bit words of whole blocks, added up without a carry: of a word and its
/// upper half the lower one follows at the end, so that each block costs two additions.
[[gnu::always_inline]] inline uint64_t add_blocks(const uint8_t* at, uint32_t blocks) noexcept {
  Block words[2]{}, upper[2]{};  // neither waits for the other
  const auto add = [&](size_t chain) {
    Block block;
    std::memcpy(&block, at, kBlock);
    words[chain] += block;
    upper[chain] += block >> 32;
    at += kBlock;
  };
  for (; blocks >= 2; blocks -= 2) {
    add(0);
    add(1);
  }
  if (blocks != 0) add(0);
  const Block halves = words[0] + words[1] - ((upper[0] + upper[1]) << 32) + upper[0] + upper[1];
  return halves[0] + halves[1] + halves[2] + halves[3];
}

// A block is one register of AVX2; without it the compiler makes two of SSE2 of it.
[[gnu::target("avx2")]] uint64_t add_blocks_avx2(const uint8_t* at, uint32_t blocks) noexcept {
  return add_blocks(at, blocks);
}

uint64_t sum_of_blocks(const uint8_t* at, uint32_t blocks) noexcept {
  return __builtin_cpu_supports("avx2") ? add_blocks_avx2(at, blocks) : add_blocks(at, blocks);
}

}  // namespace

uint16_t sum_of(Bytes octets, uint32_t initial) noexcept {
  const uint8_t* at = octets.begin();
  const uint32_t blocks = octets.size / kBlock, left = octets.size % kBlock;
  uint64_t sum = blocks == 0 ? 0 : sum_of_blocks(at, blocks);
  at += size_t{blocks} * kBlock;
  const auto add_part = [&](auto part) {
    std::memcpy(&part, at, sizeof part);
    sum += part;
    at += sizeof part;
  };
  for (uint32_t words = left / sizeof(uint32_t); words > 0; --words) add_part(uint32_t{});
  if (left & sizeof(uint16_t)) add_part(uint16_t{});
  if (left & sizeof(uint8_t)) add_part(uint8_t{});
  return folded(uint64_t{__builtin_bswap16(folded(sum))} + initial);
}

void ChecksumJudge::find(uint64_t source_hash) noexcept {
  last_ = &place_of<kBucket>(senders_, source_hash, &Sender::seen);
  tallies_of_last_ = &tallies_[static_cast<size_t>(last_ - senders_.data())];
  if (last_->print == source_hash) return;
  *last_ = {source_hash};
  *tallies_of_last_ = {};
}

Verdict ChecksumJudge::judge_wrong_header(Tally& tally) noexcept {
  tally.count_wrong(false);
  const bool accepted = mode_ == ChecksumMode::automatic && tally.mostly_wrong();
  return accepted ? Verdict::wrong_but_accepted : Verdict::wrong;
}

Verdict ChecksumJudge::judge_wrong(const NetworkView& network, bool holds_pseudo, Tally& tally,
                                   Tally& tally_of_all) noexcept {
  const bool known = tally.right + tally.wrong > 0;
  tally.count_wrong(holds_pseudo);
  tally_of_all.count_wrong(holds_pseudo);
  const bool local =
      is_loopback(network.source, network.ip_version) || network.source == network.destination;
  if (holds_pseudo && local) return Verdict::wrong_but_accepted;
  if (mode_ != ChecksumMode::automatic) return Verdict::wrong;
  const bool accepted = holds_pseudo ? joins_ || tally.leaves_placeholders()
                        : known      ? tally.mostly_wrong()
                                     : tally_of_all.mostly_wrong();
  return accepted ? Verdict::wrong_but_accepted : Verdict::wrong;
}

}  // namespace exwire::wire
