// SPDX-License-Identifier: BSD-3-Clause
#include "sensor/detect/rules/stream_fronts.hpp"

#include <algorithm>

namespace exwire::detect::rules {

StreamFronts::StreamFronts()
    : connections_(std::make_unique_for_overwrite<Connection[]>(kConnections)) {
  places_.reserve(2 * size_t{kConnections});
}

bool StreamFronts::Front::tell_once(uint32_t number) noexcept {
  const auto end = told.begin() + told_count;
  if (told_count == kMostTold || std::find(told.begin(), end, number) != end) return false;
  told[told_count++] = number;
  return true;
}

StreamFronts::Front* StreamFronts::find(uint32_t handle, Direction direction) noexcept {
  const auto found = places_.find(handle);
  if (found == places_.end()) return nullptr;
  return &connections_[found->second].fronts[static_cast<size_t>(direction)];
}

StreamFronts::Front* StreamFronts::add(uint32_t handle, Direction direction, int64_t offset,
                                       Bytes payload, bool& grown) noexcept {
  grown = false;
  if (offset < 0 || offset >= int64_t{kOctets} || payload.empty()) return nullptr;
  auto found = places_.find(handle);
  if (found == places_.end()) {
    const uint32_t place = next_++ % kConnections;
    Connection& fresh = connections_[place];
    // Who was here is looked for by its own handle: a forgotten one may be another's by now.
    const auto former = places_.find(fresh.handle);
    if (former != places_.end() && former->second == place) places_.erase(former);
    fresh.handle = handle;
    for (Front& front : fresh.fronts) {
      front.there.reset();
      front.size = front.told_count = front.looks = front.looked_at = 0;
    }
    found = places_.emplace(handle, place).first;
  }
  Front& front = connections_[found->second].fronts[static_cast<size_t>(direction)];
  const uint32_t before = front.size;
  const auto from = static_cast<uint32_t>(offset);
  const uint32_t to = std::min<uint32_t>(kOctets, from + std::min(payload.size, kOctets));
  for (uint32_t at = std::max(from, front.size); at < to; ++at) {
    if (front.there.test(at)) continue;
    front.there.set(at);
    front.octets[at] = static_cast<char>(payload[at - from]);
  }
  while (front.size < kOctets && front.there.test(front.size)) ++front.size;
  grown = front.size > before;
  return &front;
}

}  // namespace exwire::detect::rules
