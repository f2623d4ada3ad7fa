// SPDX-License-Identifier: BSD-3-Clause
#include "sensor/detect/stall_sources.hpp"

#include <algorithm>

#include "sensor/detect/address_hash.hpp"

namespace exwire::detect {

const StallClient& StallClients::another(const wire::Address& address,
                                         uint8_t ip_version) noexcept {
  SipHash13 hash(secret_);
  add_address(hash, address, ip_version);
  latest_ = {address, ip_version, static_cast<uint32_t>(hash.finish())};
  return latest_;
}

void StallSources::clear() noexcept {
  chains_.fill(kNone);
  for (uint16_t at = 0; at < kMost; ++at) {
    sources_[at] = {};
    sources_[at].next = static_cast<uint16_t>(at + 1 < kMost ? at + 1 : kNone);
  }
  free_ = 0;
  first_single_ = last_single_ = kNone;
  displaced_ = 0;
}

uint16_t StallSources::find(const StallClient& client) const noexcept {
  uint16_t at = chains_[chain_of(client)];
  while (at != kNone && !(sources_[at].ip_version == client.ip_version &&
                          is_same(sources_[at].address, client.address))) {
    at = sources_[at].next;
  }
  return at;
}

// A free place, or the one whose address has held a single connection for longest.
uint16_t StallSources::take(uint16_t chain) noexcept {
  if (free_ == kNone) {
    ++displaced_;
    ++shed_;
    if (first_single_ == kNone) return kNone;
    give(first_single_);
  }
  const uint16_t at = free_;
  free_ = sources_[at].next;
  Source& source = sources_[at];
  source.passed = 0;
  source.young.fill(0);
  source.chain = chain;
  source.next = chains_[chain];
  chains_[chain] = at;
  return at;
}

void StallSources::give(uint16_t at) noexcept {
  if (sources_[at].total == 1) leave_singles(at);
  uint16_t* link = &chains_[sources_[at].chain];
  while (*link != at) link = &sources_[*link].next;
  *link = sources_[at].next;
  sources_[at].ip_version = 0;
  sources_[at].total = sources_[at].old = 0;
  sources_[at].next = free_;
  free_ = at;
}

void StallSources::join_singles(uint16_t at) noexcept {
  sources_[at].before = last_single_;
  sources_[at].behind = kNone;
  (last_single_ != kNone ? sources_[last_single_].behind : first_single_) = at;
  last_single_ = at;
}

void StallSources::leave_singles(uint16_t at) noexcept {
  const Source& source = sources_[at];
  (source.before != kNone ? sources_[source.before].behind : first_single_) = source.behind;
  (source.behind != kNone ? sources_[source.behind].before : last_single_) = source.before;
}

void StallSources::add(const StallClient& client, uint16_t port, uint32_t slot) noexcept {
  uint16_t at = find(client);
  if (at == kNone) {
    at = take(chain_of(client));
    if (at == kNone) return;
    sources_[at].address = client.address;
    sources_[at].ip_version = client.ip_version;
  }
  Source& source = sources_[at];
  source.port = port;
  ++count_of(source, slot);
  if (++source.total == 1) join_singles(at);
  if (source.total == 2) leave_singles(at);
}

void StallSources::remove(const StallClient& client, uint32_t slot) noexcept {
  const uint16_t at = find(client);
  if (at == kNone) return;
  Source& source = sources_[at];
  uint32_t& count = count_of(source, slot);
  if (count == 0) return;  // from before its address was displaced
  --count;
  if (source.total == 1) return give(at);
  if (slot >= oldest_young_) ++source.passed;
  if (--source.total == 1) join_singles(at);
}

void StallSources::age_to(uint32_t slot) noexcept {
  if (slot <= oldest_young_) return;
  const uint32_t steps = std::min(slot - oldest_young_, kSlots);
  for (Source& source : sources_) {
    if (source.ip_version == 0) continue;
    for (uint32_t step = 0; step < steps; ++step) {
      source.passed -= source.passed >> 8;  // half of it within some three minutes, or more
      uint32_t& count = source.young[(oldest_young_ + step) % kSlots];
      source.old += count;
      count = 0;
    }
  }
  oldest_young_ = slot;
}

uint32_t StallSources::count(bool all) const noexcept {
  return static_cast<uint32_t>(
      std::count_if(sources_.begin(), sources_.end(),
                    [&](const Source& source) { return (all ? source.total : source.old) > 0; }));
}

size_t StallSources::top(std::span<StallSource> list, bool all) const noexcept {
  size_t filled = 0;
  for (const Source& source : sources_) {
    const uint32_t connections = all ? source.total : source.old;
    if (connections == 0 || mostly_pass(source)) continue;
    size_t at = filled;
    while (at > 0 && list[at - 1].connections < connections) --at;
    if (at == list.size()) continue;
    filled = std::min(filled + 1, list.size());
    for (size_t index = filled - 1; index > at; --index) list[index] = list[index - 1];
    list[at] = {source.address, source.ip_version, source.port, connections};
  }
  return filled;
}

uint32_t StallSources::held_by(size_t most) const noexcept {
  std::array<uint32_t, 16> largest{};
  const size_t kept = std::min(most, largest.size());
  for (const Source& source : sources_) {
    uint32_t total = mostly_pass(source) ? 0 : source.total;
    for (size_t at = 0; at < kept && total > 0; ++at) {
      if (largest[at] < total) std::swap(largest[at], total);
    }
  }
  uint64_t sum = 0;
  for (const uint32_t held : largest) sum += held;
  return static_cast<uint32_t>(std::min<uint64_t>(sum, 0xffffffffU));
}

uint64_t StallSources::old_connections() const noexcept {
  uint64_t sum = 0;
  for (const Source& source : sources_) sum += source.old;
  return sum;
}

}  // namespace exwire::detect
