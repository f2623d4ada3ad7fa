// SPDX-License-Identifier: BSD-3-Clause
// What TLS shows without a key: the handshake as one record of facts, and the headers of records.
// Fields are kept as they stood on the wire in a fixed arena.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <string>
#include <string_view>

#include "sensor/base/bytes.hpp"
#include "sensor/base/time.hpp"
#include "sensor/inspect/certificate.hpp"

namespace exwire::inspect {

/// The header of one record (RFC 8446 5.1); its time is that of the moment.
struct TlsRecord {
  Direction direction = Direction::to_server;
  uint8_t content_type = 0;  ///< 20 change_cipher_spec, 21 alert, 22 handshake, 23 application_data
  uint16_t version = 0;      ///< legacy_record_version
  uint32_t length = 0;       ///< octets of the fragment
};

/// Lists are the raw octets of their elements in network order, GREASE (RFC 8701) included.
enum class TlsField : uint8_t {
  client_version,
  client_session_id,
  client_ciphers,
  client_extensions,
  client_groups,
  client_point_formats,
  client_signature_algorithms,
  client_versions,
  client_protocols,  ///< ALPN, each behind an octet of length
  sni,
  server_version,
  server_legacy_version,
  server_cipher,
  server_extensions,
  server_protocol,
  server_certificates,  ///< not kept: read at once
  client_certificates,  ///< not kept: read at once
  server_certificate,   ///< one alone, in DER (SSL 2.0); not kept: read at once
  count_
};
/// Whether a field's octets are kept as they came.
constexpr bool is_kept(TlsField field) noexcept {
  return field < TlsField::server_certificates;
}
inline constexpr size_t kTlsFieldCount = static_cast<size_t>(TlsField::count_);
inline constexpr const char* kTlsFieldNames[] = {"tls.client_version",
                                                 "tls.client_session_id",
                                                 "tls.client_ciphers",
                                                 "tls.client_extensions",
                                                 "tls.client_groups",
                                                 "tls.client_point_formats",
                                                 "tls.client_signature_algorithms",
                                                 "tls.client_versions",
                                                 "tls.client_protocols",
                                                 "tls.sni",
                                                 "tls.server_version",
                                                 "tls.server_legacy_version",
                                                 "tls.server_cipher",
                                                 "tls.server_extensions",
                                                 "tls.server_protocol",
                                                 "tls.server_certificates",
                                                 "tls.client_certificates",
                                                 "tls.server_certificate"};
static_assert(std::size(kTlsFieldNames) == kTlsFieldCount);

class TlsHandshake {
 public:
  static constexpr uint32_t kArena = 3072;

  TlsHandshake() noexcept {}  // NOLINT: leaves the arena, and places in it, as they are

  /// The first value of a field counts; one that does not fit is left out, and `cut` says so.
  void set(TlsField field, Bytes value) noexcept;
  bool has(TlsField field) const noexcept { return (set_ & bit_of(field)) != 0; }
  Bytes octets(TlsField field) const noexcept {
    if (!has(field)) return {arena_.data(), 0};
    const Place& place = places_[static_cast<size_t>(field)];
    return {arena_.data() + place.offset, place.size};
  }
  std::string_view text(TlsField field) const noexcept { return octets(field).text(); }
  /// A field of two octets; 0 when it is not there.
  uint16_t number(TlsField field) const noexcept;

  bool client_seen() const noexcept { return has(TlsField::client_version); }
  bool server_seen() const noexcept { return has(TlsField::server_version); }
  /// All of the client's hello was there and found room: only then its lists are all it sent.
  bool client_whole() const noexcept {
    return client_seen() && !cut && !(flags & kExwireTlsCutHello);
  }
  /// The version agreed on; before a ServerHello 0.
  uint16_t version() const noexcept { return number(TlsField::server_version); }
  /// The highest version the client offers, as far as that was seen.
  uint16_t offered() const noexcept;

  Timestamp began, ended;  ///< first hello, and when it was told
  uint64_t packet = 0;     ///< of the first hello
  uint32_t flags = 0;      ///< ExwireHandshakeFlags
  uint8_t hellos = 0;
  uint8_t alert = 255;  ///< description of a fatal alert, 255: none
  Direction alert_from = Direction::to_server;
  bool cut = false;
  const Certificate* server_certificate = nullptr;  ///< known while the handshake is told
  const Certificate* client_certificate = nullptr;
  Certificates::Kept server_kept, client_kept;
  uint16_t server_chain = 0, client_chain = 0;  ///< certificates sent

 private:
  struct Place {
    uint16_t offset, size;
  };
  static constexpr uint32_t bit_of(TlsField field) noexcept {
    return uint32_t{1} << static_cast<unsigned>(field);
  }
  static_assert(kTlsFieldCount <= 32);

  uint32_t set_ = 0;  ///< a bit for each field that has a place
  std::array<Place, kTlsFieldCount> places_;
  std::array<uint8_t, kArena> arena_;
  uint32_t used_ = 0;
};

// A client's lists may be as long as it likes: what they leave is enough for the name it asks for
// and for the server's word.
inline void TlsHandshake::set(TlsField field, Bytes value) noexcept {
  constexpr uint32_t kReserve = 800;
  if (has(field)) return;
  const bool is_list = field < TlsField::sni && field != TlsField::client_version;
  const uint32_t room = kArena - used_, kept = is_list ? kReserve : 0;
  if (room < kept || value.size > room - kept) {
    cut = true;
    return;
  }
  set_ |= bit_of(field);
  places_[static_cast<size_t>(field)] = {static_cast<uint16_t>(used_),
                                         static_cast<uint16_t>(value.size)};
  std::copy_n(value.begin(), value.size, arena_.begin() + used_);
  used_ += value.size;
}

/// RFC 8701: 0x0a0a, 0x1a1a, ... 0xfafa.
constexpr bool is_grease(uint16_t value) noexcept {
  return (value & 0x0f0f) == 0x0a0a && value >> 8 == (value & 0xff);
}

/// "TLS 1.2" and the like, as Suricata says it.
std::string tls_version_text(uint16_t version);

}  // namespace exwire::inspect
