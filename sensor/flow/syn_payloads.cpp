// SPDX-License-Identifier: BSD-3-Clause
#include "sensor/flow/syn_payloads.hpp"

#include <algorithm>
#include <cstring>

#include "sensor/flow/sequence.hpp"

namespace exwire::flow {

SynPayloads::SynPayloads(Budget& budget) {
  budget.take(kEntries * sizeof(Entry));
  entries_ = std::make_unique<Entry[]>(kEntries);
}

void SynPayloads::keep(uint64_t flow_hash, uint32_t seq, Bytes octets) noexcept {
  if (octets.empty()) return;
  used_[place_of(flow_hash)] = true;
  Entry& entry = at(flow_hash);
  if (is(entry, flow_hash, seq)) return;  // a repeated SYN changes nothing
  entry.hash = flow_hash;
  entry.seq = seq;
  entry.size = static_cast<uint16_t>(std::min(octets.size, kMostOctets));
  entry.taken = 0;
  entry.answered = false;
  std::memcpy(entry.octets.data(), octets.data, entry.size);
}

void SynPayloads::acknowledge(uint64_t flow_hash, uint32_t seq, uint32_t ack) noexcept {
  if (!used_[place_of(flow_hash)]) return;
  Entry& entry = at(flow_hash);
  if (!is(entry, flow_hash, seq)) return;
  const int32_t covered = std::clamp(distance(seq, ack), 0, static_cast<int32_t>(entry.size));
  entry.answered = true;
  entry.taken = std::max(entry.taken, static_cast<uint16_t>(covered));
}

Bytes SynPayloads::taken(uint64_t flow_hash, uint32_t seq, uint32_t next) const noexcept {
  if (!used_[place_of(flow_hash)]) return {};
  const Entry& entry = at(flow_hash);
  if (!is(entry, flow_hash, seq)) return {};
  const bool went_on = !entry.answered && distance(seq, next) >= static_cast<int32_t>(entry.size);
  return {entry.octets.data(), went_on ? entry.size : entry.taken};
}

}  // namespace exwire::flow
