// SPDX-License-Identifier: BSD-3-Clause
// JA3, JA3S (salesforce/ja3) and JA4 (FoxIO) of a handshake. Most connections come from the same
// few clients, whose hellos differ in nothing a fingerprint looks at: what was made of such a hello
// is remembered.
#pragma once

#include <array>
#include <string>
#include <string_view>
#include <vector>

#include "sensor/inspect/tls_facts.hpp"

namespace exwire::inspect {

/// Fingerprints as their authors define them; empty when what they need was not seen. JA3 and JA3S
/// (salesforce/ja3): the text whose MD5 is the fingerprint. JA4 (FoxIO, TLS client): as it stands.
std::string ja3_text(const TlsHandshake& handshake);
std::string ja3s_text(const TlsHandshake& handshake);
std::string ja4(const TlsHandshake& handshake);
std::string md5_hex(std::string_view text);

struct TlsFingerprint {
  std::string text, hash;  ///< JA3 or JA3S
  std::string ja4;         ///< of clients
};

/// The fingerprints made last. A hello that is not among them, however it was made to miss, costs
/// what it would cost without.
class TlsFingerprints {
 public:
  /// Each is valid until the next call of the same name.
  const TlsFingerprint& client(const TlsHandshake& handshake);
  const TlsFingerprint& server(const TlsHandshake& handshake);

 private:
  static constexpr size_t kPlaces = 256, kLongestKept = 1024;
  /// All a fingerprint depends on, GREASE left out: fields of one handshake, each behind its
  /// length.
  class Key {
   public:
    void begin(char kind) noexcept {
      octets_[0] = static_cast<uint8_t>(kind);
      size_ = 1;
    }
    void add_octets(Bytes octets) noexcept;
    void add_numbers(Bytes octets) noexcept;
    std::string_view text() const noexcept { return Bytes{octets_.data(), size_}.text(); }

   private:
    static constexpr uint32_t kLengthOctets = 2;
    void add_length(uint32_t length) noexcept;

    std::array<uint8_t, TlsHandshake::kArena + 1 + kTlsFieldCount * kLengthOctets> octets_;
    uint32_t size_ = 0;
  };
  struct Place {
    std::string key;
    TlsFingerprint print;
  };
  class Memory {
   public:
    Memory() : places_(kPlaces) {}
    Place& place_of(std::string_view key) noexcept;

   private:
    std::vector<Place> places_;
    Place unkept_;
  };

  Memory clients_, servers_;
  Key key_;
};

}  // namespace exwire::inspect
