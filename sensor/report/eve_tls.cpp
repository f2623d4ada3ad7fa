// SPDX-License-Identifier: BSD-3-Clause
// The `tls` event: what a handshake showed, in Suricata's keys.

#include <algorithm>
#include <array>

#include "sensor/report/eve.hpp"

namespace exwire::report {
namespace {

using inspect::TlsField;
using inspect::TlsHandshake;

constexpr uint32_t kMostListed = 128;
constexpr size_t kMostNames = 32;

template <class Key>
void numbers(JsonWriter& json, const Key& key, Bytes octets, uint32_t width) {
  if (octets.size >= width) json.numbers(key, octets.first(kMostListed * width), width);
}

void protocols(JsonWriter& json, std::string_view key, Bytes list) {
  if (list.empty() || list[0] >= list.size) return;  // not even the first is there
  json.array(key);
  Cursor cursor(list);
  for (size_t count = 0; cursor.left() > 0 && count < kMostNames; ++count) {
    const Bytes name = cursor.take(cursor.u8());
    if (!cursor.ok()) break;
    json.element(name.text());
  }
  json.close();
}

// The texts of the usual versions are made once: one made for each handshake would be read while
// its last octets are still being written, which costs more than making it.
template <class Key>
void version(JsonWriter& json, const Key& key, uint16_t number) {
  constexpr uint16_t kFirst = 0x0301, kCount = 4;
  static const std::array<std::string, kCount> kUsual = [] {
    std::array<std::string, kCount> texts;
    for (uint16_t at = 0; at < kCount; ++at) texts[at] = inspect::tls_version_text(kFirst + at);
    return texts;
  }();
  if (number >= kFirst && number < kFirst + kCount) {
    json.text(key, kUsual[number - kFirst]);
  } else {
    json.text(key, inspect::tls_version_text(number));
  }
}

}  // namespace

void EveEncoder::certificate(const inspect::Certificate& certificate) {
  if (certificate.readable) {
    json_.text("subject", certificate.subject);
    json_.text("issuerdn", certificate.issuer);
    json_.text("serial", certificate.serial);
  }
  json_.text("fingerprint", certificate.fingerprint);
  if (certificate.not_before_s != inspect::kNoTime)
    json_.text("notbefore", inspect::date_text(certificate.not_before_s));
  if (certificate.not_after_s != inspect::kNoTime)
    json_.text("notafter", inspect::date_text(certificate.not_after_s));
  if (certificate.names.empty()) return;
  json_.array("subjectaltname");
  for (size_t index = 0; index < std::min(certificate.names.size(), kMostNames); ++index) {
    json_.element(certificate.names[index]);
  }
  json_.close();
}

void EveEncoder::tls_object(const TlsHandshake& handshake) {
  json_.object("tls");
  if (handshake.server_certificate != nullptr) certificate(*handshake.server_certificate);
  if (handshake.has(TlsField::sni)) json_.text("sni", handshake.text(TlsField::sni));
  if (handshake.server_seen()) {
    version(json_, "version", handshake.version());
  } else {
    json_.text("version", "UNDETERMINED");
  }
  const auto fingerprint = [&](const auto& key, const inspect::TlsFingerprint& print) {
    if (print.text.empty()) return;
    json_.object(key).plain("hash", PlainText::made(print.hash));
    json_.text("string", print.text).close();
  };
  const inspect::TlsFingerprint& client = fingerprints_.client(handshake);
  fingerprint("ja3", client);
  fingerprint("ja3s", fingerprints_.server(handshake));
  if (!client.ja4.empty()) json_.text("ja4", client.ja4);
  protocols(json_, "client_alpns", handshake.octets(TlsField::client_protocols));
  if (handshake.has(TlsField::server_protocol)) {
    json_.array("server_alpns").element(handshake.text(TlsField::server_protocol)).close();
  }
  if (handshake.flags & kExwireTlsResumed) json_.boolean("session_resumed", true);
  if (handshake.client_certificate != nullptr) {
    json_.object("client");
    certificate(*handshake.client_certificate);
    json_.close();
  }
  if (handshake.client_seen()) {
    const bool old = (handshake.flags & kExwireTlsSslv2Hello) != 0;
    json_.object("client_handshake");
    version(json_, "version", handshake.number(TlsField::client_version));
    numbers(json_, "ciphers", handshake.octets(TlsField::client_ciphers), old ? 3 : 2);
    numbers(json_, "exts", handshake.octets(TlsField::client_extensions), 2);
    numbers(json_, "sig_algs", handshake.octets(TlsField::client_signature_algorithms), 2);
    json_.close();
  }
  if (handshake.server_seen()) {
    json_.object("server_handshake");
    version(json_, "version", handshake.number(TlsField::server_legacy_version));
    if (handshake.has(TlsField::server_cipher)) {
      json_.number("cipher", handshake.number(TlsField::server_cipher));
    }
    numbers(json_, "exts", handshake.octets(TlsField::server_extensions), 2);
    json_.close();
  }
  json_.close();
}

void EveEncoder::tls(const Event& event, const TlsBody& body) {
  const TlsHandshake& handshake = *body.handshake;
  tls_object(handshake);
  json_.object("metadata").object("flowints");
  json_.number("exw.handshake_ms", (handshake.ended.ns - handshake.began.ns) / kNanosPerMilli);
  if (handshake.client_whole() || handshake.has(TlsField::client_versions)) {
    json_.number("exw.offered_version", handshake.offered());
  }
  const auto flag = [&](const auto& name, uint32_t bit) {
    if (handshake.flags & bit) json_.boolean(name, true);
  };
  flag("exw.complete", kExwireTlsComplete);
  flag("exw.incomplete", kExwireTlsIncomplete);
  flag("exw.retried", kExwireTlsRetried);
  flag("exw.client_certificate_asked", kExwireTlsClientCertificateAsked);
  flag("exw.client_certificate_sent", kExwireTlsClientCertificateSent);
  flag("exw.client_proved", kExwireTlsClientProved);
  flag("exw.early_data", kExwireTlsEarlyData);
  flag("exw.sslv2_hello", kExwireTlsSslv2Hello);
  flag("exw.encrypted_hello", kExwireTlsEncryptedHello);
  flag("exw.ticket", kExwireTlsTicket);
  flag("exw.cut_hello", kExwireTlsCutHello);
  if (handshake.hellos > 1) json_.number("exw.hellos", handshake.hellos);
  if (handshake.alert != 255) json_.number("exw.fatal_alert", handshake.alert);
  if (handshake.server_chain > 0) json_.number("exw.chain_length", handshake.server_chain);
  if (const auto* certificate = handshake.server_certificate; certificate != nullptr) {
    if (certificate->key_bits > 0) json_.number("exw.key_bits", certificate->key_bits);
    json_.boolean("exw.self_issued", certificate->self_issued);
    if (!certificate->unchecked) json_.boolean("exw.self_signed", certificate->self_signed);
  }
  json_.boolean("exw.midstream", event.flow->has(flow::kMidstream));
  json_.boolean("exw.one_sided", event.flow->one_sided());
  json_.close().close();
}

}  // namespace exwire::report
