// SPDX-License-Identifier: BSD-3-Clause
// What the messages of a handshake say (RFC 5246 7.4, RFC 8446 4), apart from how records carry
// them: each is published as it comes, and what is known only at the end is kept as flags.
#pragma once

#include <array>

#include "dissectors/api.hpp"
#include "dissectors/tls_hello.hpp"

namespace exwire::tls {

void number_field(const Host& host, uint32_t field, uint16_t number) noexcept;

class Handshake {
 public:
  /// One whole message, its header left out.
  void message(const Host& host, uint8_t type, Bytes body) noexcept;
  /// The front of a ClientHello whose end is lost: what of it is there in full.
  void cut_hello(const Host& host, Bytes front) noexcept;
  /// The hello of SSL 2.0, or one that is compatible with it.
  void sslv2_hello(const Host& host, const ClientHello& hello) noexcept;

  bool read_any() const noexcept;
  bool began_with_sslv2() const noexcept { return sslv2_; }
  bool is_version_13() const noexcept { return version_13_; }
  /// As it was before the flow slept.
  void set_version_13(bool version_13) noexcept { version_13_ = version_13; }
  uint8_t hellos() const noexcept { return hellos_; }
  /// ExwireHandshakeFlags, as far as messages tell.
  uint32_t flags() const noexcept;

 private:
  void publish(const Host& host, const ClientHello& hello) noexcept;
  void publish(const Host& host, const ServerHello& hello) noexcept;
  /// Counts a ClientHello and keeps what holds for all of them.
  bool is_first(const ClientHello& hello) noexcept;
  void remember(Bytes session) noexcept;

  std::array<uint8_t, 32> session_{};
  uint32_t session_octets_ = 0;
  uint32_t name_ = 0;  ///< digest of the first hello's server name
  uint8_t hellos_ = 0;
  bool version_13_ = false, resumed_ = false, retried_ = false, asked_ = false, proved_ = false;
  bool client_certified_ = false, server_certified_ = false, early_ = false, sslv2_ = false;
  bool encrypted_hello_ = false, ticket_ = false, cut_hello_ = false;
};

}  // namespace exwire::tls
