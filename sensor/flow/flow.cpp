// SPDX-License-Identifier: BSD-3-Clause
#include "sensor/flow/flow.hpp"

namespace exwire::flow {

uint64_t flow_id(const Flow& flow) noexcept {
  constexpr uint64_t kExactInJavaScript = (uint64_t{1} << 51) - 1;
  SipHash13 hash{HashKey{}};  // fixed: identifiers must not change between runs
  hash.octets(&flow.key, sizeof flow.key);
  hash.word(static_cast<uint64_t>(flow.start_ns / 1000));
  const uint64_t id = hash.finish() & kExactInJavaScript;
  return id == 0 ? 1 : id;
}

}  // namespace exwire::flow
