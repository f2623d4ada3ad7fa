// SPDX-License-Identifier: BSD-3-Clause
#include "sensor/wire/recent_hashes.hpp"

namespace exwire::wire {

void RecentHashes::remember(const FlowKey& key, Entry& entry) const noexcept {
  entry.key = key;
  entry.hash = hash_of(key, secret_);
}

}  // namespace exwire::wire
