// SPDX-License-Identifier: BSD-3-Clause
// The TLS dissector, see dissector_target.hpp.
#define EXWIRE_DISSECTOR dissector_tls
#include "tests/fuzz/dissector_target.hpp"
