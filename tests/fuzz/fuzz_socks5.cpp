// SPDX-License-Identifier: BSD-3-Clause
// The SOCKS5 dissector, see dissector_target.hpp.
#define EXWIRE_DISSECTOR dissector_socks5
#include "tests/fuzz/dissector_target.hpp"
