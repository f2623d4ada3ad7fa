// SPDX-License-Identifier: BSD-3-Clause
#include "sensor/inspect/tls_fingerprints.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

#include "sensor/base/digest.hpp"
#include "sensor/base/quick_digest.hpp"

namespace exwire::inspect {
namespace {

constexpr uint16_t kExtensionSni = 0, kExtensionAlpn = 16;

std::vector<uint16_t> numbers(Bytes octets, bool with_grease = false) {
  std::vector<uint16_t> result;
  for (uint32_t at = 0; at + 2 <= octets.size; at += 2) {
    const uint16_t value = load_be16(octets.data + at);
    if (with_grease || !is_grease(value)) result.push_back(value);
  }
  return result;
}

// SSLv2 ciphers have three octets; those of later versions start with zero.
std::vector<uint16_t> ciphers_of(const TlsHandshake& handshake) {
  const Bytes octets = handshake.octets(TlsField::client_ciphers);
  if (!(handshake.flags & kExwireTlsSslv2Hello)) return numbers(octets);
  std::vector<uint16_t> result;
  for (uint32_t at = 0; at + 3 <= octets.size; at += 3) {
    if (octets[at] == 0) result.push_back(load_be16(octets.data + at + 1));
  }
  return result;
}

std::string joined_hex(const std::vector<uint16_t>& values) {
  constexpr char kHex[] = "0123456789abcdef";
  std::string text;
  text.reserve(5 * values.size());
  for (const uint16_t value : values) {
    if (!text.empty()) text += ',';
    for (const unsigned shift : {12U, 8U, 4U, 0U}) text += kHex[value >> shift & 15U];
  }
  return text;
}

void append(std::string& text, uint16_t value) {
  std::array<char, 8> digits;
  const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), value).ptr;
  text.append(digits.data(), end);
}

// "771-772-...", as JA3 has it.
void append(std::string& text, const std::vector<uint16_t>& values) {
  for (size_t at = 0; at < values.size(); ++at) {
    if (at > 0) text += '-';
    append(text, values[at]);
  }
}

const char* ja4_version(uint16_t version) noexcept {
  switch (version) {
    case 0x0304:
      return "13";
    case 0x0303:
      return "12";
    case 0x0302:
      return "11";
    case 0x0301:
      return "10";
    case 0x0300:
      return "s3";
    case 0x0002:
      return "s2";
    default:
      return "00";
  }
}

bool is_alphanumeric(uint8_t octet) noexcept {
  return (octet >= '0' && octet <= '9') || (octet >= 'A' && octet <= 'Z') ||
         (octet >= 'a' && octet <= 'z');
}

// First and last octet of the first protocol; when one is no letter or digit, the first and the
// last hexadecimal digit of both; beyond ASCII 99, as the authors' own programs have it.
std::string ja4_protocol(Bytes protocols) {
  if (protocols.size < 2 || protocols[0] == 0 || protocols[0] >= protocols.size) return "00";
  const uint8_t first = protocols[1], last = protocols[protocols[0]];
  if (is_alphanumeric(first) && is_alphanumeric(last)) {
    return {static_cast<char>(first), static_cast<char>(last)};
  }
  if (first > 0x7f || last > 0x7f) return "99";
  return fmt::format("{:x}{:x}", first >> 4, last & 15);
}

// Whether one of four numbers has the low digits of GREASE, 0x?a?a: nearly always none has.
bool may_hold_grease(const uint8_t* four) noexcept {
  constexpr uint64_t kEach = 0x0001000100010001;
  uint64_t digits;
  std::memcpy(&digits, four, sizeof digits);
  digits = (digits & kEach * 0x0f0f) ^ kEach * 0x0a0a;
  // Only what is not 0 carries into the highest bit of its number.
  return ((digits + kEach * 0x7fff) & kEach * 0x8000) != kEach * 0x8000;
}

std::string ja4_hash(const std::string& text) {
  return text.empty() ? std::string(12, '0') : sha256(as_bytes(text)).hex(12);
}

}  // namespace

std::string ja3_text(const TlsHandshake& handshake) {
  if (!handshake.client_whole()) return {};
  if (handshake.flags & kExwireTlsSslv2Hello) return {};  // not defined for it
  std::string text;
  append(text, handshake.number(TlsField::client_version));
  text += ',';
  append(text, ciphers_of(handshake));
  text += ',';
  append(text, numbers(handshake.octets(TlsField::client_extensions)));
  text += ',';
  append(text, numbers(handshake.octets(TlsField::client_groups)));
  text += ',';
  const Bytes formats = handshake.octets(TlsField::client_point_formats);
  append(text, std::vector<uint16_t>(formats.begin(), formats.end()));
  return text;
}

std::string ja3s_text(const TlsHandshake& handshake) {
  if (!handshake.server_seen() || handshake.cut || handshake.version() == 2) return {};
  std::string text;
  append(text, handshake.number(TlsField::server_legacy_version));
  text += ',';
  append(text, handshake.number(TlsField::server_cipher));
  text += ',';
  append(text, numbers(handshake.octets(TlsField::server_extensions), true));
  return text;
}

std::string ja4(const TlsHandshake& handshake) {
  if (!handshake.client_whole()) return {};
  std::vector<uint16_t> ciphers = ciphers_of(handshake);
  std::vector<uint16_t> extensions = numbers(handshake.octets(TlsField::client_extensions));
  const bool named =
      std::find(extensions.begin(), extensions.end(), kExtensionSni) != extensions.end();
  std::string text =
      fmt::format("t{}{}{:02}{:02}{}", ja4_version(handshake.offered()), named ? 'd' : 'i',
                  std::min<size_t>(ciphers.size(), 99), std::min<size_t>(extensions.size(), 99),
                  ja4_protocol(handshake.octets(TlsField::client_protocols)));
  std::sort(ciphers.begin(), ciphers.end());
  std::erase_if(extensions,
                [](uint16_t type) { return type == kExtensionSni || type == kExtensionAlpn; });
  std::sort(extensions.begin(), extensions.end());
  std::string rest = joined_hex(extensions);
  const auto algorithms = numbers(handshake.octets(TlsField::client_signature_algorithms));
  if (!rest.empty() && !algorithms.empty()) rest += "_" + joined_hex(algorithms);
  return text + "_" + ja4_hash(joined_hex(ciphers)) + "_" + ja4_hash(rest);
}

std::string md5_hex(std::string_view text) {
  return md5(as_bytes(text)).hex();
}

void TlsFingerprints::Key::add_octets(Bytes octets) noexcept {
  add_length(octets.size);
  std::copy_n(octets.begin(), octets.size, octets_.begin() + size_);
  size_ += octets.size;
}

// What is left out here, no fingerprint looks at.
void TlsFingerprints::Key::add_numbers(Bytes octets) noexcept {
  uint8_t* const begin = octets_.data() + size_ + kLengthOctets;
  uint8_t* end = begin;
  for (uint32_t at = 0; at + 2 <= octets.size;) {
    const uint8_t* from = octets.data + at;
    const bool four = at + 8 <= octets.size && !may_hold_grease(from);
    at += four ? 8 : 2;
    if (four) {
      std::memcpy(end, from, 8);
      end += 8;
    } else if (!is_grease(load_be16(from))) {
      std::memcpy(end, from, 2);
      end += 2;
    }
  }
  const auto size = static_cast<uint32_t>(end - begin);
  add_length(size);
  size_ += size;
}

void TlsFingerprints::Key::add_length(uint32_t length) noexcept {
  octets_[size_] = static_cast<uint8_t>(length >> 8);
  octets_[size_ + 1] = static_cast<uint8_t>(length);
  size_ += kLengthOctets;
}

// Where another key stands in the place, the caller puts its own there.
TlsFingerprints::Place& TlsFingerprints::Memory::place_of(std::string_view key) noexcept {
  if (key.size() > kLongestKept) {
    unkept_.key.clear();
    return unkept_;
  }
  return places_[quick_digest(0, as_bytes(key)) % kPlaces];
}

const TlsFingerprint& TlsFingerprints::client(const TlsHandshake& handshake) {
  static const TlsFingerprint kNone;
  if (!handshake.client_whole()) return kNone;
  const bool sslv2 = handshake.flags & kExwireTlsSslv2Hello;
  key_.begin(sslv2 ? '2' : 'c');
  key_.add_octets(handshake.octets(TlsField::client_version));
  for (const TlsField list : {TlsField::client_extensions, TlsField::client_groups,
                              TlsField::client_versions, TlsField::client_signature_algorithms}) {
    key_.add_numbers(handshake.octets(list));
  }
  for (const TlsField field : {TlsField::client_point_formats, TlsField::client_protocols}) {
    key_.add_octets(handshake.octets(field));
  }
  const Bytes ciphers = handshake.octets(TlsField::client_ciphers);
  sslv2 ? key_.add_octets(ciphers) : key_.add_numbers(ciphers);
  Place& place = clients_.place_of(key_.text());
  if (place.key == key_.text()) return place.print;
  place.print.text = ja3_text(handshake);
  place.print.hash = place.print.text.empty() ? "" : md5_hex(place.print.text);
  place.print.ja4 = ja4(handshake);
  place.key = key_.text();
  return place.print;
}

const TlsFingerprint& TlsFingerprints::server(const TlsHandshake& handshake) {
  static const TlsFingerprint kNone;
  if (!handshake.server_seen() || handshake.cut) return kNone;
  key_.begin('s');
  for (const TlsField field : {TlsField::server_version, TlsField::server_legacy_version,
                               TlsField::server_cipher, TlsField::server_extensions}) {
    key_.add_octets(handshake.octets(field));
  }
  Place& place = servers_.place_of(key_.text());
  if (place.key == key_.text()) return place.print;
  place.print = {ja3s_text(handshake), "", ""};
  if (!place.print.text.empty()) place.print.hash = md5_hex(place.print.text);
  place.key = key_.text();
  return place.print;
}

}  // namespace exwire::inspect
