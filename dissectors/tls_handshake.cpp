// SPDX-License-Identifier: BSD-3-Clause
#include "dissectors/tls_handshake.hpp"

#include <cstring>
#include <utility>

#include "dissectors/tls_fields.hpp"
#include "dissectors/tls_record.hpp"

namespace exwire::tls {
namespace {

// FNV-1a, to see a change by; nothing is looked up by it.
uint32_t digest_of(Bytes octets) noexcept {
  uint32_t digest = 0x811c9dc5;
  for (const uint8_t octet : octets) digest = (digest ^ octet) * 0x01000193;
  return digest;
}

}  // namespace

void number_field(const Host& host, uint32_t field, uint16_t number) noexcept {
  const std::array<uint8_t, 2> octets{static_cast<uint8_t>(number >> 8),
                                      static_cast<uint8_t>(number)};
  host.field(field, Bytes{octets.data(), 2});
}

void Handshake::message(const Host& host, uint8_t type, Bytes body) noexcept {
  const bool from_server = host.direction() == Direction::to_client;
  switch (type) {
    case kClientHello: {
      const ClientHello hello = read_client_hello(body);
      if (!hello.sound) host.anomaly(kBadHello);
      publish(host, hello);
      break;
    }
    case kServerHello: {
      const ServerHello hello = read_server_hello(body);
      if (!hello.sound) host.anomaly(kBadHello);
      if (hello.retry) {
        retried_ = version_13_ = true;
      } else {
        publish(host, hello);
      }
      break;
    }
    case kCertificate:
      host.field(from_server ? kServerCertificates : kClientCertificates, body);
      (from_server ? server_certified_ : client_certified_) |= body.size > 3;
      break;
    case kCertificateRequest:
      asked_ = true;
      break;
    case kCertificateVerify:
      proved_ |= !from_server;
      break;
    case kNewSessionTicket:
      ticket_ = true;
      break;
    default:
      break;
  }
}

void Handshake::sslv2_hello(const Host& host, const ClientHello& hello) noexcept {
  sslv2_ = true;
  publish(host, hello);
}

void Handshake::publish(const Host& host, const ClientHello& hello) noexcept {
  const uint32_t name = digest_of(hello.server_name);
  if (!is_first(hello)) {  // a second one answers a retry: the first is the client's own
    if (hello.sound && !cut_hello_ && name != name_) host.anomaly(kNameChanged);
    return;
  }
  name_ = name;
  number_field(host, kClientVersion, hello.version);
  host.field(kClientSessionId, hello.session_id);
  host.field(kClientCiphers, hello.ciphers);
  host.field(kClientExtensions, hello.extensions.view());
  host.field(kClientGroups, hello.groups);
  host.field(kClientPointFormats, hello.point_formats);
  host.field(kClientSignatureAlgorithms, hello.signature_algorithms);
  host.field(kClientVersions, hello.versions);
  host.field(kClientProtocols, hello.protocols);
  if (!hello.server_name.empty()) host.field(kServerName, hello.server_name);
  remember(hello.session_id);
}

// Lists that are not there may be behind the cut: only what is shown was sent.
void Handshake::cut_hello(const Host& host, Bytes front) noexcept {
  constexpr uint32_t kVersionAndRandom = 34;
  const ClientHello hello = read_client_hello(front);
  if (front.size < kVersionAndRandom || !is_first(hello)) return;
  cut_hello_ = true;
  number_field(host, kClientVersion, hello.version);
  if (!hello.has_extensions) return;  // even the list of ciphers may be cut
  host.field(kClientSessionId, hello.session_id);
  host.field(kClientCiphers, hello.ciphers);
  const std::pair<Field, Bytes> lists[] = {{kClientGroups, hello.groups},
                                           {kClientPointFormats, hello.point_formats},
                                           {kClientSignatureAlgorithms, hello.signature_algorithms},
                                           {kClientVersions, hello.versions},
                                           {kClientProtocols, hello.protocols},
                                           {kServerName, hello.server_name}};
  for (const auto& [field, octets] : lists) {
    if (!octets.empty()) host.field(field, octets);
  }
  remember(hello.session_id);
}

bool Handshake::is_first(const ClientHello& hello) noexcept {
  early_ |= hello.early_data;
  encrypted_hello_ |= hello.encrypted_hello;
  if (hellos_ != 0xff) ++hellos_;
  return hellos_ == 1;
}

void Handshake::remember(Bytes session) noexcept {
  session_octets_ = session.size <= session_.size() ? session.size : 0;
  if (session_octets_ > 0) std::memcpy(session_.data(), session.data, session_octets_);
}

void Handshake::publish(const Host& host, const ServerHello& hello) noexcept {
  constexpr uint16_t kTls13 = 0x0304, kDrafts = 0x7f00, kOtherDrafts = 0xfb00;
  version_13_ = hello.version == kTls13 || (hello.version & 0xff00) == kDrafts ||
                (hello.version & 0xff00) == kOtherDrafts;
  number_field(host, kServerVersion, hello.version);
  number_field(host, kServerLegacyVersion, hello.legacy_version);
  number_field(host, kServerCipher, hello.cipher);
  host.field(kServerExtensions, hello.extensions.view());
  if (!hello.protocol.empty()) host.field(kServerProtocol, hello.protocol);
  const bool same_session =
      session_octets_ > 0 && hello.session_id.size == session_octets_ &&
      std::memcmp(session_.data(), hello.session_id.data, session_octets_) == 0;
  resumed_ = version_13_ ? hello.pre_shared_key : same_session;
}

bool Handshake::read_any() const noexcept {
  return hellos_ != 0 || sslv2_ || retried_ || resumed_ || asked_ || proved_ || client_certified_ ||
         server_certified_ || early_ || ticket_ || encrypted_hello_;
}

uint32_t Handshake::flags() const noexcept {
  uint32_t flags = 0;
  const auto flag = [&](bool set, uint32_t bit) { flags |= set ? bit : 0; };
  flag(resumed_ && !server_certified_, kExwireTlsResumed);
  flag(retried_, kExwireTlsRetried);
  flag(asked_, kExwireTlsClientCertificateAsked);
  flag(client_certified_, kExwireTlsClientCertificateSent);
  flag(proved_, kExwireTlsClientProved);
  flag(early_, kExwireTlsEarlyData);
  flag(sslv2_, kExwireTlsSslv2Hello);
  flag(encrypted_hello_, kExwireTlsEncryptedHello);
  flag(ticket_, kExwireTlsTicket);
  flag(cut_hello_, kExwireTlsCutHello);
  return flags;
}

}  // namespace exwire::tls
