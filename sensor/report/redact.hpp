// SPDX-License-Identifier: BSD-3-Clause
// The last line of defence before anything is encoded: passwords and tokens in addresses become
// "***". Dissectors never publish credentials in the first place; this catches what travels inside
// other texts (a Referer, a Location, a query).
#pragma once

#include <string>
#include <string_view>

namespace exwire::report {

/// The text itself when nothing in it is secret, else a cleaned copy in `scratch`.
std::string_view redact_uri(std::string_view uri, std::string& scratch);

}  // namespace exwire::report
