// SPDX-License-Identifier: BSD-3-Clause
// The options about people: whether they and their devices may be recognised in the output.
#pragma once

#include "sensor/app/options.hpp"

namespace exwire::app {

Option privacy_users();
Option privacy_devices();
Option privacy_key_file();

}  // namespace exwire::app
