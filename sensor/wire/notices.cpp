// SPDX-License-Identifier: BSD-3-Clause
#include "sensor/wire/notices.hpp"

#include <cstdlib>

#include "sensor/base/keyed_buckets.hpp"

namespace exwire::wire {

void Notices::add(const Notice& notice) noexcept {
  if (count_ == kMostWaiting || !may_be_told(notice)) {
    ++suppressed_;
    return;
  }
  waiting_[count_++] = notice;
}

bool Notices::may_be_told(const Notice& notice) noexcept {
  const uint64_t kind = uint64_t{static_cast<uint8_t>(notice.kind)} + 1;
  const uint64_t print = hash_of(notice.key, secret_) + kind;
  Told& told = place_of<kBucket>(told_, print, &Told::when_ns);
  // Time may go backwards: then the pause counts from either side.
  if (told.print == print && std::llabs(notice.time.ns - told.when_ns) < kPauseNs) return false;
  const int64_t second = notice.time.ns / kNanosPerSecond;
  if (second != second_) {
    second_ = second;
    in_this_second_ = 0;
  }
  if (in_this_second_ == kMostPerSecond) return false;
  ++in_this_second_;
  told = {print, notice.time.ns};
  return true;
}

}  // namespace exwire::wire
