// SPDX-License-Identifier: BSD-3-Clause
// The options about the user's own network: which machines there are and who may talk to whom.
#pragma once

#include "sensor/app/options.hpp"

namespace exwire::app {

Option servers();
Option gateways();
Option allowed_agents();
Option plaintext_hops();
Option own_addresses();

}  // namespace exwire::app
