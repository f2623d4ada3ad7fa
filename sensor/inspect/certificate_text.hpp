// SPDX-License-Identifier: BSD-3-Clause
// The strings of certificates (X.680 41) as text. What is written there need not be what its kind
// of string promises: those octets are told as they stand, not left out, and no certificate goes
// unread because of them.
#pragma once

#include <openssl/asn1.h>

#include <string>

#include "sensor/base/bytes.hpp"

namespace exwire::inspect {

/// UTF-8 where the string's kind and octets agree, else its octets; NUL included, cut at 512.
std::string text_of(const ASN1_STRING* string);

/// The same certificate with each string of characters of several octets called one of single
/// octets: OpenSSL reads no certificate with a name in which such characters are broken.
std::string with_single_octets(Bytes der);

}  // namespace exwire::inspect
