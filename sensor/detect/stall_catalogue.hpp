// SPDX-License-Identifier: BSD-3-Clause
// The findings about stalled connections, by stage.
#pragma once

#include <vector>

#include "sensor/detect/finding.hpp"
#include "sensor/detect/stage.hpp"

namespace exwire::detect {

std::vector<const Signature*> stall_signatures();
const Signature& signature_of(Stage stage) noexcept;
/// Timers of Windows and http.sys that end such a connection at last.
const char* reference_of(Stage stage) noexcept;

}  // namespace exwire::detect
