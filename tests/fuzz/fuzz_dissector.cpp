// SPDX-License-Identifier: BSD-3-Clause
// The HTTP/1 dissector, see dissector_target.hpp.
#define EXWIRE_DISSECTOR dissector_http1
#include "tests/fuzz/dissector_target.hpp"
