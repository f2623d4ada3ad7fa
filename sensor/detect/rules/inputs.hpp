// SPDX-License-Identifier: BSD-3-Clause
// What rules see at a moment: the buffers of an HTTP message or a TLS handshake, and numbers of the
// flow. Views; what has to be made (fingerprints) is made only where a loaded rule looks at it.
#pragma once

#include <string>

#include "sensor/detect/rules/look.hpp"

namespace exwire::detect::rules {

/// The buffers of a request, or of a response together with its request.
Buffers buffers_of(const inspect::HttpTransaction& transaction, Moment moment) noexcept;

/// A name with a dot before it.
class DottedName {
 public:
  /// The view lives until the next call.
  void fill(Buffers& buffers, Buffer from, Buffer to) noexcept;

 private:
  std::array<char, 256> text_;
};

/// The buffers of a handshake.
class TlsInputs {
 public:
  static constexpr size_t kMostListed = 64;  ///< names looked at, of each list

  TlsInputs(const inspect::TlsHandshake& handshake, const BufferSet& used);
  TlsInputs(const TlsInputs&) = delete;
  TlsInputs& operator=(const TlsInputs&) = delete;

  /// With the certificate of the client, or of the server.
  Buffers buffers(bool client_certificate) const noexcept;
  /// The names that stand in tls_alpn or tls_subject_alt_name one after the other.
  std::vector<std::string_view> names(Buffer list, bool client_certificate) const;

 private:
  const inspect::TlsHandshake& handshake_;
  std::string ja3_, ja3_hash_, ja3s_, ja3s_hash_, ja4_;
};

/// kNoNumber when the moment has none of this kind.
int64_t number_of(Number number, const Look& look) noexcept;

}  // namespace exwire::detect::rules
