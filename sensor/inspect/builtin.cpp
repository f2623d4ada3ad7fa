// SPDX-License-Identifier: BSD-3-Clause
// The built-in dissectors: a plain array in the order of dissectors/meson.build.
#include "dissectors/api.hpp"
#include "sensor/inspect/dissector_host.hpp"

#include "builtin.inc"

namespace exwire::inspect {

std::span<const ExwireDissectorApi* const> builtin_dissectors() noexcept {
  return kBuiltinDissectors;
}

}  // namespace exwire::inspect
