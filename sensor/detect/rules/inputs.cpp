// SPDX-License-Identifier: BSD-3-Clause
#include "sensor/detect/rules/inputs.hpp"

#include <algorithm>

#include "sensor/inspect/tls_fingerprints.hpp"

namespace exwire::detect::rules {
namespace {

using inspect::Certificate;
using inspect::HttpField;
using inspect::TlsField;

void put(Buffers& buffers, Buffer buffer, std::string_view text) noexcept {
  // A view of nothing still says that the buffer is there.
  buffers[static_cast<size_t>(buffer)] = text.data() == nullptr ? std::string_view("") : text;
}

void put_made(Buffers& buffers, Buffer buffer, const std::string& text) noexcept {
  if (!text.empty()) put(buffers, buffer, text);
}

int64_t of_certificate(Number number, const Certificate* certificate, int64_t now_s) noexcept {
  if (certificate == nullptr) return kNoNumber;
  const bool begin = number == Number::tls_seconds_valid;
  const int64_t date = begin ? certificate->not_before_s : certificate->not_after_s;
  if (date == inspect::kNoTime) return kNoNumber;
  return begin ? now_s - date : date - now_s;
}

int64_t of_handshake(Number number, const inspect::TlsHandshake& handshake,
                     Timestamp now) noexcept {
  switch (number) {
    case Number::tls_version:
      return handshake.server_seen() ? handshake.version() : kNoNumber;
    case Number::tls_chain_length:
      return handshake.server_chain;
    case Number::tls_client_hello:
      return handshake.client_seen();
    case Number::tls_server_hello:
      return handshake.server_seen();
    default:
      return of_certificate(number, handshake.server_certificate, now.ns / kNanosPerSecond);
  }
}

}  // namespace

Buffers buffers_of(const inspect::HttpTransaction& transaction, Moment moment) noexcept {
  Buffers buffers{};
  const auto take = [&](Buffer buffer, HttpField field) {
    if (transaction.has(field)) put(buffers, buffer, transaction.text(field));
  };
  const bool response = is_response(moment);
  take(Buffer::http_method, HttpField::method);
  take(Buffer::http_uri, HttpField::uri);
  take(Buffer::http_uri_raw, HttpField::uri_raw);
  take(Buffer::http_host, HttpField::host);
  take(Buffer::http_user_agent, HttpField::user_agent);
  take(Buffer::http_referer, HttpField::referer);
  take(Buffer::http_content_type,
       response ? HttpField::response_content_type : HttpField::content_type);
  take(Buffer::http_protocol, response ? HttpField::response_protocol : HttpField::protocol);
  if (response) {
    take(Buffer::http_stat_code, HttpField::stat_code);
    take(Buffer::http_stat_msg, HttpField::stat_msg);
    take(Buffer::http_location, HttpField::location);
    take(Buffer::http_server, HttpField::server);
  }
  if (moment == Moment::request_body) put(buffers, Buffer::http_request_body, transaction.body);
  if (moment == Moment::response_body) put(buffers, Buffer::http_response_body, transaction.body);
  return buffers;
}

void DottedName::fill(Buffers& buffers, Buffer from, Buffer to) noexcept {
  const std::string_view name = buffers[static_cast<size_t>(from)];
  if (name.data() == nullptr) return;
  text_[0] = '.';
  // What is longer is no name of a host (RFC 1035 2.3.4).
  const size_t size = std::min(name.size(), text_.size() - 1);
  std::copy_n(name.data(), size, text_.data() + 1);
  buffers[static_cast<size_t>(to)] = {text_.data(), size + 1};
}

TlsInputs::TlsInputs(const inspect::TlsHandshake& handshake, const BufferSet& used)
    : handshake_(handshake) {
  const auto wants = [&](Buffer buffer) { return used.test(static_cast<size_t>(buffer)); };
  if (wants(Buffer::ja3_string) || wants(Buffer::ja3_hash)) ja3_ = ja3_text(handshake);
  if (wants(Buffer::ja3_hash) && !ja3_.empty()) ja3_hash_ = inspect::md5_hex(ja3_);
  if (wants(Buffer::ja3s_string) || wants(Buffer::ja3s_hash)) ja3s_ = ja3s_text(handshake);
  if (wants(Buffer::ja3s_hash) && !ja3s_.empty()) ja3s_hash_ = inspect::md5_hex(ja3s_);
  if (wants(Buffer::ja4_hash)) ja4_ = ja4(handshake);
}

Buffers TlsInputs::buffers(bool client_certificate) const noexcept {
  Buffers buffers{};
  if (handshake_.has(TlsField::sni)) put(buffers, Buffer::tls_sni, handshake_.text(TlsField::sni));
  const Certificate* certificate =
      client_certificate ? handshake_.client_certificate : handshake_.server_certificate;
  if (certificate != nullptr) {
    put(buffers, Buffer::tls_cert_fingerprint, certificate->fingerprint);
    put_made(buffers, Buffer::tls_certs, certificate->der);
    if (certificate->readable) {
      put(buffers, Buffer::tls_cert_subject, certificate->subject);
      put(buffers, Buffer::tls_cert_issuer, certificate->issuer);
      put(buffers, Buffer::tls_cert_serial, certificate->serial);
    }
  }
  put_made(buffers, Buffer::ja3_string, ja3_);
  put_made(buffers, Buffer::ja3_hash, ja3_hash_);
  put_made(buffers, Buffer::ja3s_string, ja3s_);
  put_made(buffers, Buffer::ja3s_hash, ja3s_hash_);
  put_made(buffers, Buffer::ja4_hash, ja4_);
  return buffers;
}

std::vector<std::string_view> TlsInputs::names(Buffer list, bool client_certificate) const {
  std::vector<std::string_view> names;
  if (list == Buffer::tls_alpn) {
    Cursor cursor(handshake_.octets(TlsField::client_protocols));
    while (cursor.left() > 0 && names.size() < kMostListed) {
      const Bytes name = cursor.take(cursor.u8());
      if (!cursor.ok()) break;
      names.push_back(name.text());
    }
    return names;
  }
  const Certificate* certificate =
      client_certificate ? handshake_.client_certificate : handshake_.server_certificate;
  if (certificate == nullptr) return names;
  const size_t count = std::min(certificate->names.size(), kMostListed);
  names.assign(certificate->names.begin(),
               certificate->names.begin() + static_cast<std::ptrdiff_t>(count));
  return names;
}

int64_t number_of(Number number, const Look& look) noexcept {
  const FlowContext& context = look.context;
  const flow::Flow& flow = context.flow;
  const flow::DirectionState& to_server = flow.of(Direction::to_server);
  const flow::DirectionState& to_client = flow.of(Direction::to_client);
  switch (number) {
    case Number::flow_age_s:
      return (context.now.ns - flow.start_ns) / kNanosPerSecond;
    case Number::packets_to_server:
      return to_server.packets;
    case Number::packets_to_client:
      return to_client.packets;
    case Number::octets_to_server:
      return static_cast<int64_t>(to_server.wire_octets);
    case Number::octets_to_client:
      return static_cast<int64_t>(to_client.wire_octets);
    case Number::stream_to_server:
      return static_cast<int64_t>(to_server.stream_octets);
    case Number::stream_to_client:
      return static_cast<int64_t>(to_client.stream_octets);
    case Number::payload_octets:
      return look.packet == nullptr ? kNoNumber : look.packet->payload_octets;
    default:
      return look.handshake == nullptr ? kNoNumber
                                       : of_handshake(number, *look.handshake, context.now);
  }
}

}  // namespace exwire::detect::rules
