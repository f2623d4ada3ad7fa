// SPDX-License-Identifier: BSD-3-Clause
// The `tls` event: what a handshake showed, in Suricata's keys.

#include <algorithm>

#include "sensor/report/eve.hpp"

namespace exwire::report {
namespace {

using inspect::TlsField;
using inspect::TlsHandshake;

constexpr uint32_t kMostListed = 128;
constexpr size_t kMostNames = 32;

void numbers(JsonWriter& json, const char* key, Bytes octets, uint32_t width) {
  if (octets.size >= width) json.numbers(key, octets.first(kMostListed * width), width);
}

void protocols(JsonWriter& json, const char* key, Bytes list) {
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
  const uint16_t version = handshake.server_seen() ? handshake.version() : handshake.offered();
  json_.text("version",
             handshake.server_seen() ? inspect::tls_version_text(version) : "UNDETERMINED");
  const auto fingerprint = [&](const char* key, const inspect::TlsFingerprint& print) {
    if (print.text.empty()) return;
    json_.object(key).text("hash", print.hash).text("string", print.text).close();
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
    json_.text("version", inspect::tls_version_text(handshake.number(TlsField::client_version)));
    numbers(json_, "ciphers", handshake.octets(TlsField::client_ciphers), old ? 3 : 2);
    numbers(json_, "exts", handshake.octets(TlsField::client_extensions), 2);
    numbers(json_, "sig_algs", handshake.octets(TlsField::client_signature_algorithms), 2);
    json_.close();
  }
  if (handshake.server_seen()) {
    json_.object("server_handshake");
    json_.text("version",
               inspect::tls_version_text(handshake.number(TlsField::server_legacy_version)));
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
  static constexpr std::pair<std::string_view, uint32_t> kFlags[] = {
      {"exw.complete", kExwireTlsComplete},
      {"exw.incomplete", kExwireTlsIncomplete},
      {"exw.retried", kExwireTlsRetried},
      {"exw.client_certificate_asked", kExwireTlsClientCertificateAsked},
      {"exw.client_certificate_sent", kExwireTlsClientCertificateSent},
      {"exw.client_proved", kExwireTlsClientProved},
      {"exw.early_data", kExwireTlsEarlyData},
      {"exw.sslv2_hello", kExwireTlsSslv2Hello},
      {"exw.encrypted_hello", kExwireTlsEncryptedHello},
      {"exw.ticket", kExwireTlsTicket},
      {"exw.cut_hello", kExwireTlsCutHello},
  };
  for (const auto& [name, flag] : kFlags) {
    if (handshake.flags & flag) json_.boolean(name, true);
  }
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
