// SPDX-License-Identifier: BSD-3-Clause
// What the handshakes of Exchange servers fall short of: versions and suites that were agreed on,
// and the certificate shown. One story per server and kind, never per connection. What TLS 1.3
// hides is not guessed. On the back-end port 444, Exchange's own certificate is as it should be.
#include <fmt/format.h>

#include "sensor/base/siphash.hpp"
#include "sensor/detect/cipher_suites.hpp"
#include "sensor/detect/detector.hpp"
#include "sensor/detect/exchange_servers.hpp"
#include "sensor/detect/host_names.hpp"

namespace exwire::detect {
namespace {

using inspect::Certificate;
using inspect::TlsField;
using inspect::TlsHandshake;

constexpr const char* kExposure = "Potential Corporate Privacy Violation";
constexpr const char* kNote = "Misc activity";

constexpr Signature kSsl{
    1443301,   1,
    2,         "EXWIRE SSL 2.0 or SSL 3.0 agreed on by Exchange",
    kExposure, "Disable SSL 2.0 and SSL 3.0 (SCHANNEL) on this server or its proxy."};
constexpr Signature kOldTls{1443302,   1,
                            2,         "EXWIRE TLS 1.0 or TLS 1.1 agreed on by Exchange",
                            kExposure, "Allow TLS 1.2 and later only, once all clients can do it."};
constexpr Signature kSuite{
    1443303,   1,
    2,         "EXWIRE weak cipher suite agreed on by Exchange",
    kExposure, "Remove this suite from the server and put AES-GCM with ECDHE first."};
constexpr Signature kKey{
    1443304,   1,
    2,         "EXWIRE weak key in the certificate of Exchange",
    kExposure, "Renew the certificate with an RSA key of 2048 bits or more, or an EC key."};
constexpr Signature kDigest{
    1443305,   1,
    2,         "EXWIRE certificate of Exchange signed with SHA-1 or MD5",
    kExposure, "Renew the certificate from an authority that signs with SHA-256."};
constexpr Signature kSelfSigned{
    1443306,   1,
    2,         "EXWIRE self-signed certificate on Exchange",
    kExposure, "Bind a certificate of an authority that the phones trust."};
constexpr Signature kOwn{
    1443307,   1,
    2,         "EXWIRE certificate made by Exchange itself shown to clients",
    kExposure, "Bind a certificate of an authority that the phones trust to IIS."};
constexpr Signature kExpired{1443308,   1,
                             2,         "EXWIRE expired certificate on Exchange",
                             kExposure, "Renew the certificate and bind the new one."};
constexpr Signature kNotYet{1443309,   1,
                            2,         "EXWIRE certificate of Exchange not yet valid",
                            kExposure, "Check the clocks of the authority and of this server."};
constexpr Signature kName{1443310,   1,
                          2,         "EXWIRE certificate of Exchange lacks the name asked for",
                          kExposure, "Renew the certificate with all names that clients use."};
constexpr Signature kWildcard{1443311, 1,
                              3,       "EXWIRE wildcard certificate on Exchange",
                              kNote,   "Fine for current phones; very old ones refuse it."};
constexpr Signature kClientCertificate{
    1443312, 1,
    3,       "EXWIRE client certificates in use with Exchange",
    kNote,   "Nothing to change; proxies must pass the handshake through."};

constexpr uint16_t kBackEndPort = 444;
constexpr int kWeakBits = 2048;

// A clock before 2000 was never set: nothing can be said about validity.
constexpr int64_t kEarliestClock = 946684800;

bool has_weak_digest(std::string_view algorithm) noexcept {
  for (const char* weak : {"sha1", "SHA1", "md5", "MD5", "md4", "MD4", "md2", "MD2"}) {
    if (algorithm.find(weak) != std::string_view::npos) return true;
  }
  return false;
}

bool has_weak_key(const Certificate& certificate) noexcept {
  const bool factoring = certificate.key_type == "RSA" || certificate.key_type == "DSA" ||
                         certificate.key_type == "RSASSA-PSS";
  return factoring && certificate.key_bits > 0 && certificate.key_bits < kWeakBits;
}

const WeakSuite* suite_of(const TlsHandshake& handshake) noexcept {
  if (handshake.octets(TlsField::server_cipher).size != 2) return nullptr;  // SSL 2.0: three
  return weak_suite(handshake.number(TlsField::server_cipher));
}

// The name asked for, where it was in clear and is a name.
std::string_view name_of(const TlsHandshake& handshake) noexcept {
  if (handshake.flags & kExwireTlsEncryptedHello) return {};
  return handshake.text(TlsField::sni);
}

struct Seen {
  const FlowContext& context;
  const TlsHandshake& handshake;
  const ExchangeServer& server;
  FindingSink& sink;
};

// What a finding tells of the handshake it was made of.
class Account final : public FactSource {
 public:
  Account(const Signature& signature, const Seen& seen, const ExchangeServers& servers)
      : signature_(signature), seen_(seen), servers_(servers) {}

  void add_to(Facts& facts) const override {
    add_handshake(facts, seen_);
    const Certificate* certificate = seen_.handshake.server_certificate;
    if (certificate != nullptr && certificate->readable) add_certificate(facts, *certificate);
    const std::string_view product = servers_.product_of(seen_.context.flow);
    if (!product.empty()) facts.add("server_product", product);
    const Certificate* client = seen_.handshake.client_certificate;
    if (signature_.sid == kClientCertificate.sid && client != nullptr) {
      facts.add("client_issuer", cut(client->issuer));
    }
  }

 private:
  static void add_handshake(Facts& facts, const Seen& seen) {
    const flow::Flow& flow = seen.context.flow;
    const TlsHandshake& handshake = seen.handshake;
    facts.add("server", wire::to_text(flow.server(), flow.key.ip_version));
    facts.add("port", flow.server_port());
    facts.add("learned", to_text(seen.server.reason));
    if (!seen.server.detail().empty()) facts.add("learned_from", seen.server.detail());
    if (handshake.has(TlsField::sni)) facts.add("sni", cut(handshake.text(TlsField::sni)));
    facts.add("version", inspect::tls_version_text(handshake.version()));
    if (handshake.octets(TlsField::server_cipher).size == 2) {
      const uint16_t code = handshake.number(TlsField::server_cipher);
      const char* name = suite_name(code);
      facts.add("cipher", name != nullptr ? name : fmt::format("0x{:04x}", code));
    }
    if (const WeakSuite* suite = suite_of(handshake)) {
      facts.add("weakness", suite->weakness);
      if (handshake.has(TlsField::client_ciphers)) {
        facts.add("client_offered_aes", offers_aes(handshake.octets(TlsField::client_ciphers)));
      }
    }
  }

  static void add_certificate(Facts& facts, const Certificate& certificate) {
    facts.add("subject", cut(certificate.subject));
    facts.add("issuer", cut(certificate.issuer));
    if (certificate.not_before_s != inspect::kNoTime) {
      facts.add("not_before", inspect::date_text(certificate.not_before_s));
    }
    if (certificate.not_after_s != inspect::kNoTime)
      facts.add("not_after", inspect::date_text(certificate.not_after_s));
    if (!certificate.key_type.empty()) facts.add("key_type", certificate.key_type);
    if (certificate.key_bits != 0) facts.add("key_bits", certificate.key_bits);
    if (!certificate.signature.empty()) facts.add("certificate_signature", certificate.signature);
    if (!certificate.names.empty()) {
      facts.add("certificate_names", cut(fmt::format("{}", fmt::join(certificate.names, ", "))));
    }
  }

  // All texts of a finding fit together.
  static std::string_view cut(std::string_view text) noexcept { return text.substr(0, 240); }

  const Signature& signature_;
  const Seen& seen_;
  const ExchangeServers& servers_;
};

class TlsPosture final : public FlowDetector {
 public:
  explicit TlsPosture(std::shared_ptr<ExchangeServers> servers) : servers_(std::move(servers)) {}

  DetectorInfo info() const noexcept override {
    return {"tls_posture", kWantsTls | kWantsRequests, sizeof(uint8_t)};
  }
  std::vector<const Signature*> signatures() const override {
    return {&kSsl, &kOldTls,  &kSuite,  &kKey,  &kDigest,   &kSelfSigned,
            &kOwn, &kExpired, &kNotYet, &kName, &kWildcard, &kClientCertificate};
  }

  // TLS inside of HTTP (CONNECT) is spoken by somebody behind this server.
  void request_head(const FlowContext& context, inspect::HttpTransaction&, FindingSink&) override {
    if (!context.facts.empty()) context.facts[0] = 1;
  }

  void tls_handshake(const FlowContext& context, TlsHandshake& handshake,
                     FindingSink& sink) override {
    if (!handshake.server_seen() || context.flow.has(flow::kUncertainRoles)) return;
    if (!context.facts.empty() && context.facts[0] != 0) return;
    sink.take_turn();
    const ExchangeServer* server = servers_->learn(context.flow, handshake);
    if (server == nullptr || is_other_site(*server, handshake)) return;
    if (servers_->is_foreign(context.flow, handshake)) return;
    const Seen seen{context, handshake, *server, sink};
    judge_agreement(seen);
    const Certificate* certificate = handshake.server_certificate;
    if (certificate != nullptr && certificate->readable) judge_certificate(seen, *certificate);
  }

 private:
  // Several sites may share an address: what is learned by name holds for handshakes about it.
  static bool is_other_site(const ExchangeServer& server, const TlsHandshake& handshake) noexcept {
    const std::string_view name = name_of(handshake);
    const Certificate* certificate = handshake.server_certificate;
    const bool lacks_reason = server.reason == Reason::asked_name
                                  ? !covers_name(server.detail(), name)
                                  : server.reason == Reason::certificate_name &&
                                        certificate != nullptr &&
                                        !covers_name(*certificate, server.detail()) &&
                                        certificate->common_name != server.detail();
    return lacks_reason && !name.empty() && sign_of(name) == NameSign::none;
  }

  void judge_agreement(const Seen& seen) {
    switch (seen.handshake.version()) {
      case 0x0002:
      case 0x0300:
        tell(kSsl, seen);
        break;
      case 0x0301:
      case 0x0302:
        tell(kOldTls, seen);
        break;
      default:
        break;
    }
    if (suite_of(seen.handshake) != nullptr) tell(kSuite, seen);
    if (seen.handshake.client_certificate != nullptr ||
        (seen.handshake.flags & kExwireTlsClientProved)) {
      tell(kClientCertificate, seen);
    }
  }

  void judge_certificate(const Seen& seen, const Certificate& certificate) {
    const flow::Flow& flow = seen.context.flow;
    if (has_weak_key(certificate)) tell(kKey, seen);
    // A self-signed certificate is trusted, if at all, without its signature.
    if (!certificate.self_signed && !certificate.unchecked &&
        has_weak_digest(certificate.signature))
      tell(kDigest, seen);
    judge_validity(seen, certificate);
    if (flow.server_port() != kBackEndPort) {
      if (is_self_provisioned(certificate)) {
        tell(kOwn, seen);
      } else if (certificate.self_signed) {
        tell(kSelfSigned, seen);
      }
      judge_name(seen, certificate);
    }
    if (has_wildcard(certificate)) tell(kWildcard, seen);
  }

  void judge_validity(const Seen& seen, const Certificate& certificate) {
    const int64_t now = seen.context.now.ns / kNanosPerSecond;
    if (now < kEarliestClock) return;
    if (certificate.not_after_s != inspect::kNoTime && now > certificate.not_after_s)
      tell(kExpired, seen);
    if (certificate.not_before_s != inspect::kNoTime && now < certificate.not_before_s)
      tell(kNotYet, seen);
  }

  void judge_name(const Seen& seen, const Certificate& certificate) {
    const std::string_view name = name_of(seen.handshake);
    const bool is_name = name.find('.') != std::string_view::npos && is_host_name(name);
    if (!is_name || certificate.names_left_out || covers_name(certificate, name)) return;
    if (is_asked_in_earnest(seen.context.flow, certificate, name)) tell(kName, seen);
  }

  // Scanners on the Internet ask every server for names that have nothing to do with it.
  static bool is_asked_in_earnest(const flow::Flow& flow, const Certificate& certificate,
                                  std::string_view name) noexcept {
    const uint8_t version = flow.key.ip_version;
    return sign_of(name) != NameSign::none || shares_domain(certificate, name) ||
           is_private(flow.client(), version) || wire::is_loopback(flow.client(), version);
  }

  void tell(const Signature& signature, const Seen& seen) {
    const flow::Flow& flow = seen.context.flow;
    Finding finding = Finding::of(signature, seen.context.now, seen.context.packet);
    finding.tls = &seen.handshake;
    SipHash13 story{HashKey{}};
    story.word(signature.sid);
    story.octets(flow.server().data(), flow.server().size());
    story.word(flow.server_port());
    finding.story = story.finish();
    const Account account(signature, seen, *servers_);
    finding.source = &account;
    seen.sink.found(seen.context, finding);
  }

  std::shared_ptr<ExchangeServers> servers_;
};

}  // namespace

std::unique_ptr<FlowDetector> make_tls_posture(std::shared_ptr<ExchangeServers> servers) {
  return std::make_unique<TlsPosture>(std::move(servers));
}

}  // namespace exwire::detect
