// SPDX-License-Identifier: BSD-3-Clause
#include "sensor/detect/rules/memory.hpp"

namespace exwire::detect::rules {

namespace {

// count, count * multiplier, count * multiplier * multiplier, ...
bool is_step(const Rate& rate, uint32_t matches) noexcept {
  uint64_t step = rate.count;
  while (step < matches && rate.multiplier > 1) step *= rate.multiplier;
  return step == matches;
}

}  // namespace

Memory::Memory() {
  counts_.reserve(kMost);
  bits_.reserve(kMost);
}

bool Memory::may_speak(const Rate& rate, uint64_t key, Timestamp now) noexcept {
  auto found = counts_.find(key);
  if (found == counts_.end()) {
    if (counts_.size() >= kMost) {
      erase_if(counts_, [&](const auto& one) { return one.second.until_ns <= now.ns; });
    }
    if (counts_.size() >= kMost) {
      ++forgotten_;
      return false;
    }
    found = counts_.emplace(key, Count{now.ns + rate.window_ns, 0}).first;
  }
  Count& count = found->second;
  if (now.ns >= count.until_ns && rate.kind != Rate::Kind::backoff)
    count = {now.ns + rate.window_ns, 0};
  ++count.matches;
  switch (rate.kind) {
    case Rate::Kind::none:
      return true;
    case Rate::Kind::limit:
      return count.matches <= rate.count;
    case Rate::Kind::both:
      return count.matches == rate.count;
    case Rate::Kind::filter:
      return count.matches > rate.count;
    case Rate::Kind::backoff:
      return is_step(rate, count.matches);
    case Rate::Kind::threshold:
      if (count.matches < rate.count) return false;
      count.matches = 0;
      return true;
  }
  return false;
}

bool Memory::is_set(uint64_t key, Timestamp now) const noexcept {
  const auto found = bits_.find(key);
  return found != bits_.end() && now.ns < found->second;
}

void Memory::set(uint64_t key, int64_t lifetime_ns, Timestamp now) noexcept {
  if (bits_.size() >= kMost && !bits_.contains(key)) {
    erase_if(bits_, [&](const auto& one) { return one.second <= now.ns; });
    if (bits_.size() >= kMost) {
      ++forgotten_;
      return;
    }
  }
  bits_[key] = lifetime_ns == INT64_MAX ? INT64_MAX : now.ns + lifetime_ns;
}

void Memory::unset(uint64_t key) noexcept {
  bits_.erase(key);
}

}  // namespace exwire::detect::rules
