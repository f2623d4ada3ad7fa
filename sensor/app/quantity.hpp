// SPDX-License-Identifier: BSD-3-Clause
// Numbers with units, as people write them in configurations: "768MiB", "2h10m", "1800s".
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace exwire::app {

/// Octets: a whole number with an optional KiB, MiB or GiB.
std::optional<uint64_t> parse_octets(std::string_view text);
/// Nanoseconds: whole numbers with units d, h, m, s or ms, largest first; a bare number has none
/// and is refused.
std::optional<int64_t> parse_duration(std::string_view text);
std::string octets_to_text(uint64_t octets);
std::string duration_to_text(int64_t ns);

}  // namespace exwire::app
