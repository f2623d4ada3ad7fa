// SPDX-License-Identifier: BSD-3-Clause
#include "sensor/detect/stage_population.hpp"

#include <algorithm>
#include <cstring>

namespace exwire::detect {
namespace {

uint32_t place_of(const wire::Address& address) noexcept {
  uint64_t words[2];
  std::memcpy(words, address.data(), sizeof words);
  const uint64_t mixed = (words[0] ^ (words[1] * 0x9e3779b97f4a7c15U)) * 0xff51afd7ed558ccdU;
  return static_cast<uint32_t>(mixed >> 32);
}

void take_one(uint32_t& count) noexcept {
  if (count > 0) --count;
}

}  // namespace

uint64_t StagePopulation::Source::total() const noexcept {
  uint64_t sum = old;
  for (const uint32_t count : young) sum += count;
  return sum;
}

StagePopulation::StagePopulation(uint32_t threshold_s, uint32_t window_s) noexcept
    : threshold_s_(std::clamp<uint32_t>(threshold_s, 1, kMostThreshold)),
      window_s_(std::clamp(window_s, threshold_s_ + 1, kSeconds - 1)),
      slot_s_((threshold_s_ + kSlots - 3) / (kSlots - 2)) {}

void StagePopulation::forget_all() noexcept {
  ring_.fill(0);
  entered_.fill(0);
  sources_.fill({});
  present_ = stalled_ = 0;
  displaced_ = 0;
  stale_ = false;
}

void StagePopulation::advance(uint32_t now_s) noexcept {
  if (now_s <= now_s_) return;
  if (now_s - now_s_ >= window_s_) {  // a long silence, or the first packet
    if (present_ > 0) forget_all();
    now_s_ = now_s;
  }
  while (now_s_ < now_s) {
    ++now_s_;
    entered_[now_s_ % kRecent] = 0;
    const uint32_t ripe = second(now_s_ - threshold_s_);
    stalled_ += ripe;
    became_stalled_ += ripe;
    uint32_t& gone = second(now_s_ - window_s_);
    stale_ |= gone > 0;
    stalled_ -= std::min(gone, stalled_);
    present_ -= std::min(gone, present_);
    gone = 0;
  }
  // Sources still hold what the ring has forgotten; they start anew with the next quiet moment.
  if (present_ == 0 && (stale_ || displaced_ > 0)) forget_all();
  age_sources();
}

// What was entered in slots that lie a whole threshold back is stalled for certain.
void StagePopulation::age_sources() noexcept {
  const uint32_t border = now_s_ < threshold_s_ ? 0 : (now_s_ - threshold_s_ + 1) / slot_s_;
  if (border <= oldest_young_) return;
  const uint32_t steps = std::min(border - oldest_young_, kSlots);
  for (Source& source : sources_) {
    if (source.ip_version == 0) continue;
    for (uint32_t step = 0; step < steps; ++step) {
      uint32_t& count = source.young[(oldest_young_ + step) % kSlots];
      source.old += count;
      count = 0;
    }
  }
  oldest_young_ = border;
}

uint32_t& StagePopulation::count_of(Source& source, uint32_t since_s) noexcept {
  const uint32_t slot = since_s / slot_s_;
  return slot < oldest_young_ ? source.old : source.young[slot % kSlots];
}

StagePopulation::Source* StagePopulation::find(const wire::Address& client,
                                               uint8_t ip_version) noexcept {
  const uint32_t place = place_of(client);
  for (uint32_t probe = 0; probe < kProbes; ++probe) {
    Source& source = sources_[(place + probe) % kSources];
    if (source.ip_version == ip_version && source.address == client) return &source;
  }
  return nullptr;
}

StagePopulation::Source* StagePopulation::find_or_add(const wire::Address& client,
                                                      uint8_t ip_version) noexcept {
  if (Source* known = find(client, ip_version)) return known;
  const uint32_t place = place_of(client);
  Source* least = nullptr;
  for (uint32_t probe = 0; probe < kProbes; ++probe) {
    Source& source = sources_[(place + probe) % kSources];
    if (source.ip_version == 0 || source.total() == 0) {
      least = &source;
      break;
    }
    if (least == nullptr || source.total() < least->total()) least = &source;
  }
  if (least->ip_version != 0 && least->total() > 0) {
    ++displaced_;
    if (least->total() > 1) return nullptr;
  }
  *least = Source{};
  least->address = client;
  least->ip_version = ip_version;
  return least;
}

void StagePopulation::enter(const wire::Address& client, uint8_t ip_version, uint16_t port,
                            uint32_t since_s) noexcept {
  advance(since_s);
  if (!remembered(since_s)) return;
  ++second(since_s);
  ++present_;
  if (now_s_ - since_s < kRecent) ++entered_[since_s % kRecent];
  if (is_stalled(since_s)) {
    ++stalled_;
    ++became_stalled_;
  }
  if (Source* source = find_or_add(client, ip_version)) {
    source->port = port;
    ++count_of(*source, since_s);
  }
}

void StagePopulation::leave(const wire::Address& client, uint8_t ip_version,
                            uint32_t since_s) noexcept {
  if (!remembered(since_s) || second(since_s) == 0) return;
  --second(since_s);
  take_one(present_);
  if (is_stalled(since_s)) take_one(stalled_);
  if (Source* source = find(client, ip_version)) take_one(count_of(*source, since_s));
}

uint32_t StagePopulation::oldest_s() const noexcept {
  for (uint32_t age = std::min(window_s_, now_s_); age > 0; --age) {
    if (ring_[(now_s_ - age) % kSeconds] > 0) return age;
  }
  return 0;
}

uint32_t StagePopulation::older_than(uint32_t age_s) const noexcept {
  uint32_t young = 0;
  for (uint32_t age = 0; age < std::min(age_s, now_s_); ++age) {
    young += ring_[(now_s_ - age) % kSeconds];
  }
  return present_ - std::min(young, present_);
}

bool StagePopulation::most_remain() const noexcept {
  uint64_t entered = 0, remaining = 0;
  for (uint32_t age = 0; age < std::min(kRecent, now_s_); ++age) {
    entered += entered_[(now_s_ - age) % kRecent];
    remaining += ring_[(now_s_ - age) % kSeconds];
  }
  return remaining * 2 > entered;
}

uint32_t StagePopulation::held_by(size_t count) const noexcept {
  std::array<uint64_t, 16> most{};
  const size_t kept = std::min(count, most.size());
  for (const Source& source : sources_) {
    uint64_t total = source.ip_version == 0 ? 0 : source.total();
    for (size_t at = 0; at < kept && total > 0; ++at) {
      if (most[at] < total) std::swap(most[at], total);
    }
  }
  uint64_t sum = 0;
  for (const uint64_t held : most) sum += held;
  return static_cast<uint32_t>(std::min<uint64_t>(sum, 0xffffffffU));
}

bool StagePopulation::counts_all() const noexcept {
  if (stalled_ == 0) return true;
  if (stalled_ * uint64_t{5} < present_ * uint64_t{4}) return false;
  uint64_t certain = 0;
  for (const Source& source : sources_) certain += source.old;
  return certain * 10 < stalled_ * uint64_t{9};
}

uint32_t StagePopulation::sources() const noexcept {
  const bool all = counts_all();
  return static_cast<uint32_t>(
      std::count_if(sources_.begin(), sources_.end(), [&](const Source& source) {
        return source.ip_version != 0 && (all ? source.total() : source.old) > 0;
      }));
}

size_t StagePopulation::top(std::span<StallSource> list) const noexcept {
  const bool all = counts_all();
  size_t filled = 0;
  for (const Source& source : sources_) {
    const uint32_t connections = all ? static_cast<uint32_t>(source.total()) : source.old;
    if (source.ip_version == 0 || connections == 0) continue;
    size_t at = filled;
    while (at > 0 && list[at - 1].connections < connections) --at;
    if (at == list.size()) continue;
    filled = std::min(filled + 1, list.size());
    for (size_t index = filled - 1; index > at; --index) list[index] = list[index - 1];
    list[at] = {source.address, source.ip_version, source.port, connections};
  }
  return filled;
}

}  // namespace exwire::detect
