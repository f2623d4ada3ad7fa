// SPDX-License-Identifier: BSD-3-Clause
#include "sensor/inspect/certificate_text.hpp"

#include <algorithm>

namespace exwire::inspect {
namespace {

constexpr size_t kLongestText = 512;

std::string octets_of(const ASN1_STRING* string) {
  const auto size = static_cast<size_t>(ASN1_STRING_length(string));
  return {reinterpret_cast<const char*>(ASN1_STRING_get0_data(string)),
          std::min(size, kLongestText)};
}

}  // namespace

std::string text_of(const ASN1_STRING* string) {
  const int kind = ASN1_STRING_type(string);
  if (kind == V_ASN1_UTF8STRING || kind == V_ASN1_IA5STRING || kind == V_ASN1_PRINTABLESTRING) {
    return octets_of(string);
  }
  unsigned char* octets = nullptr;
  const int size = ASN1_STRING_to_UTF8(&octets, string);
  if (size < 0) return octets_of(string);
  std::string text(reinterpret_cast<const char*>(octets),
                   std::min(static_cast<size_t>(size), kLongestText));
  OPENSSL_free(octets);
  return text;
}

std::string with_single_octets(Bytes der) {
  constexpr uint8_t kConstructed = 0x20, kLongForm = 0x80;
  std::string result(der.text());
  Cursor cursor(der);
  while (cursor.ok() && cursor.left() > 0) {
    const uint32_t at = cursor.offset();
    const uint8_t kind = cursor.u8();
    uint32_t length = cursor.u8();
    if (length & kLongForm) {
      const uint32_t octets = length & 0x7f;
      if (octets > 3) break;  // more than is read at all
      length = octets == 3   ? cursor.u24()
               : octets == 2 ? cursor.u16()
               : octets == 1 ? cursor.u8()
                             : 0;
    }
    if (kind == V_ASN1_UTF8STRING || kind == V_ASN1_BMPSTRING || kind == V_ASN1_UNIVERSALSTRING) {
      result[at] = V_ASN1_IA5STRING;
    }
    if (!(kind & kConstructed)) cursor.skip(length);
  }
  return result;
}

}  // namespace exwire::inspect
