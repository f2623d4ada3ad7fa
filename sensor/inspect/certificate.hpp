// SPDX-License-Identifier: BSD-3-Clause
// X.509 certificates as servers and clients show them, read by OpenSSL once per certificate: a
// bounded cache by a keyed hash keeps what was read, and those shown last are found by comparing
// their octets, so that a server's certificate costs little per handshake. No chain is verified
// here; a hostile certificate costs one parse, linear in its octets, and one bounded check of a
// signature, of which there are not many in a second.
#pragma once

#include <array>
#include <boost/unordered/unordered_flat_map.hpp>
#include <cstdint>
#include <limits>
#include <string>
#include <vector>

#include "sensor/base/bytes.hpp"
#include "sensor/base/hash_key.hpp"
#include "sensor/base/time.hpp"

namespace exwire::inspect {

/// A time that is not there or cannot be read.
inline constexpr int64_t kNoTime = std::numeric_limits<int64_t>::min();

struct Certificate {
  std::string subject, issuer;     ///< "C=US, O=Example, CN=mail.example"
  std::string serial;              ///< "04:5A:90", upper case
  std::string fingerprint;         ///< SHA-1, lower case with colons, as Suricata tells it
  std::vector<std::string> names;  ///< DNS names and addresses of subjectAltName
  bool names_left_out = false;     ///< there are more than are kept
  std::string common_name;
  std::string signature;                                  ///< "sha256WithRSAEncryption"
  std::string key_type;                                   ///< "RSA", "EC", ...
  int key_bits = 0;                                       ///< 0: not known
  int64_t not_before_s = kNoTime, not_after_s = kNoTime;  ///< seconds since 1970
  bool self_issued = false;                               ///< issuer and subject are equal
  bool self_signed = false;  ///< and its own key verifies its signature
  bool unchecked = false;    ///< self-issued; whether self-signed was not found out
  bool readable = false;     ///< false: nothing but the fingerprint is there
  std::string der{};         ///< as it was sent, for rules; empty when it is large
};

class Certificates {
 public:
  static constexpr uint32_t kMost = 4096;
  static constexpr uint32_t kLargest = 65536;
  /// Names kept of one certificate: 4,096 of them with nothing but names must not fill the memory.
  static constexpr size_t kMostNames = 256, kMostNameOctets = 8192;
  /// Signatures checked in a second of packet time. A check costs up to a millisecond: who sends
  /// nothing but fresh self-issued certificates takes a tenth of a worker, not all of it.
  static constexpr uint32_t kMostChecks = 100;

  explicit Certificates(HashKey secret = random_hash_key());
  /// Where a certificate is kept. Its place may be another's once 4,096 others have come.
  struct Kept {
    uint64_t number = 0;  ///< 0: none
  };
  /// Reads the body of a Certificate message (RFC 5246 7.4.2): the first certificate, and how many
  /// there are.
  Kept read(Bytes message, uint16_t& chain_length, Timestamp now);
  /// The same for one certificate in DER.
  Kept read_one(Bytes der, Timestamp now);
  /// Null when there is none, or none any more.
  const Certificate* find(Kept kept) const noexcept;

 private:
  static constexpr size_t kMostRecent = 256;

  bool may_check(Timestamp now) noexcept;
  static size_t place_in_recent(Bytes der) noexcept;
  Kept look_up(Bytes der, Timestamp now);

  HashKey secret_;
  std::vector<Certificate> kept_;
  std::vector<uint64_t> keys_;
  boost::unordered_flat_map<uint64_t, uint64_t> by_hash_;  ///< the number of each
  std::array<Kept, kMostRecent> recent_{};
  uint64_t count_ = 0;
  int64_t second_ = 0;  ///< the one in which `checks_` signatures were checked
  uint32_t checks_ = 0;
};

/// Reads one certificate in DER; it is kept itself when it is no larger than this.
inline constexpr uint32_t kLargestKept = 2560;
Certificate read_certificate(Bytes der, bool check_signature = true);

/// A time of a certificate as Suricata writes it: "2026-01-31T23:59:59", UTC. Empty for years that
/// no calendar holds.
std::string date_text(int64_t seconds);

}  // namespace exwire::inspect
