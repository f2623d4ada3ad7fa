// SPDX-License-Identifier: BSD-3-Clause
// The secret of keyed hashes: nobody may choose addresses, or certificates, that collide, neither
// on the wire nor in a capture.
#pragma once

#include "sensor/base/siphash.hpp"

namespace exwire {

/// Drawn anew at each call; what is told must not depend on it. Throws SetupError.
HashKey random_hash_key();

}  // namespace exwire
