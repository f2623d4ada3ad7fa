// SPDX-License-Identifier: BSD-3-Clause
// Users and devices in observations: a digest without regard to case is enough to tell them apart.
#pragma once

#include <cstdint>
#include <string_view>

#include "sensor/base/siphash.hpp"

namespace exwire::detect {

/// Never 0, which stands for nobody in particular.
inline uint32_t name_digest(std::string_view text) noexcept {
  SipHash13 hash{HashKey{}};
  for (const char letter : text) {
    hash.word(letter >= 'A' && letter <= 'Z' ? static_cast<uint64_t>(letter) + 32
                                             : static_cast<uint64_t>(letter));
  }
  return static_cast<uint32_t>(hash.finish()) | 1;
}

}  // namespace exwire::detect
