// SPDX-License-Identifier: BSD-3-Clause
// Each shortcoming alone, and a server without any.
#include <catch2/catch.hpp>
#include <map>

#include "sensor/detect/cipher_suites.hpp"
#include "sensor/detect/detector.hpp"

using namespace exwire;
using inspect::Certificate;
using inspect::TlsField;
using inspect::TlsHandshake;

namespace {

constexpr int64_t kNow = 1700000000, kYear = 365 * 86400;
const wire::Address kPhone{192, 0, 2, 10}, kServer{198, 51, 100, 20};

class Collector final : public detect::FindingSink {
 public:
  void found(const detect::FlowContext&, const detect::Finding& offered) override {
    const detect::Finding finding = offered.told();
    sids.push_back(finding.signature->sid);
    stories.push_back(finding.story);
    severities.push_back(finding.severity);
    for (uint32_t index = 0; index < finding.facts.size(); ++index) {
      const auto fact = finding.facts[index];
      facts[fact.name] = fact.is_number ? std::to_string(fact.number) : std::string(fact.text);
    }
  }
  std::vector<uint32_t> sids;
  std::vector<uint64_t> stories;
  std::vector<int> severities;
  std::map<std::string, std::string> facts;
};

/// A handshake of a well-configured server, to be spoiled.
struct Scene {
  detect::Site site;
  flow::Flow flow;
  Certificate certificate;
  uint16_t version = 0x0303, cipher = 0xc030;
  std::string sni = "mail.exwire.example";
  int64_t now = kNow;
  uint32_t flags = kExwireTlsComplete;
  Collector collector;
  std::vector<std::unique_ptr<detect::FlowDetector>> detectors;

  explicit Scene(uint16_t port = 443) {
    site.tls_ports.set(443).set(444);
    if (set_endpoints(flow.key, kPhone, 50000, kServer, port)) flow.mark(flow::kClientIsLo);
    certificate.readable = true;
    certificate.common_name = "mail.exwire.example";
    certificate.subject = "CN=mail.exwire.example";
    certificate.issuer = "CN=Exwire Test CA";
    certificate.names = {"mail.exwire.example", "autodiscover.exwire.example"};
    certificate.signature = "sha256WithRSAEncryption";
    certificate.key_type = "RSA";
    certificate.key_bits = 2048;
    certificate.not_before_s = kNow - kYear;
    certificate.not_after_s = kNow + kYear;
  }
  const std::vector<uint32_t>& sids() {
    if (detectors.empty()) detectors = detect::make_flow_detectors(site);
    TlsHandshake handshake;
    const auto number = [&](TlsField field, uint16_t value) {
      const uint8_t octets[2] = {static_cast<uint8_t>(value >> 8), static_cast<uint8_t>(value)};
      handshake.set(field, {octets, 2});
    };
    number(TlsField::server_version, version);
    number(TlsField::server_cipher, cipher);
    if (!sni.empty()) handshake.set(TlsField::sni, as_bytes(sni));
    handshake.server_certificate = &certificate;
    handshake.flags = flags;
    const detect::FlowContext context{flow, {now * kNanosPerSecond}, 1};
    for (const auto& detector : detectors) {
      detector->tls_handshake(context, handshake, collector);
    }
    return collector.sids;
  }
};

using Sids = std::vector<uint32_t>;

}  // namespace

TEST_CASE("a well-configured server is not mentioned", "[tls_posture]") {
  CHECK(Scene().sids().empty());
  Scene newest;
  newest.version = 0x0304;
  newest.cipher = 0x1301;
  CHECK(newest.sids().empty());
}

TEST_CASE("a server that is not Exchange is not judged", "[tls_posture]") {
  Scene scene;
  scene.sni = "www.exwire.example";
  scene.certificate.common_name = "www.exwire.example";
  scene.certificate.names = {"www.exwire.example"};
  scene.version = 0x0300;
  scene.certificate.self_signed = true;
  CHECK(scene.sids().empty());
  scene.site.servers = {*detect::Prefix::parse("198.51.100.20")};
  scene.detectors.clear();
  CHECK(scene.sids() == Sids{1443301, 1443306});
  CHECK(scene.collector.facts["learned"] == "site.servers");
}

TEST_CASE("another site at the address of a learned server is not judged", "[tls_posture]") {
  Scene scene;
  CHECK(scene.sids().empty());
  scene.sni = "www.exwire.example";
  scene.version = 0x0301;
  CHECK(scene.sids().empty());
  scene.sni = "mail.exwire.example";
  CHECK(scene.sids() == Sids{1443302});
}

TEST_CASE("versions", "[tls_posture]") {
  const auto [version, sid] = GENERATE(table<uint16_t, uint32_t>(
      {{0x0002, 1443301}, {0x0300, 1443301}, {0x0301, 1443302}, {0x0302, 1443302}}));
  Scene scene;
  scene.version = version;
  CHECK(scene.sids() == Sids{sid});
  CHECK(scene.collector.severities == std::vector<int>{2});
}

TEST_CASE("cipher suites", "[tls_posture]") {
  const auto [cipher, weakness] = GENERATE(table<uint16_t, std::string>({{0x0002, "NULL"},
                                                                         {0x0003, "EXPORT"},
                                                                         {0x0034, "anonymous"},
                                                                         {0x0018, "anonymous"},
                                                                         {0x0005, "RC4"},
                                                                         {0xc011, "RC4"},
                                                                         {0x0009, "DES"},
                                                                         {0xc012, "3DES"}}));
  Scene scene;
  scene.cipher = cipher;
  CHECK(scene.sids() == Sids{1443303});
  CHECK(scene.collector.facts["weakness"] == weakness);
  CHECK(scene.collector.facts["cipher"].rfind("TLS_", 0) == 0);
  for (const int strong :
       {0x002f, 0x0035, 0x009c, 0xc013, 0xc02b, 0xcca8, 0x1301, 0x1303, 0x00ff}) {
    CHECK(detect::weak_suite(static_cast<uint16_t>(strong)) == nullptr);
  }
  CHECK(detect::suite_name(0xc030) == std::string("TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384"));
  CHECK(detect::suite_name(0x0a0a) == nullptr);
  CHECK(detect::offers_aes(as_bytes(std::string_view("\x00\x05\xc0\x30", 4))));
  CHECK_FALSE(detect::offers_aes(as_bytes(std::string_view("\x00\x05\x00\x34\xc0", 5))));
}

TEST_CASE("keys and signatures", "[tls_posture]") {
  Scene scene;
  SECTION("RSA of 1024 bits") {
    scene.certificate.key_bits = 1024;
    CHECK(scene.sids() == Sids{1443304});
    CHECK(scene.collector.facts["key_bits"] == "1024");
  }
  SECTION("256 bits are plenty for a curve") {
    scene.certificate.key_type = "EC";
    scene.certificate.key_bits = 256;
    CHECK(scene.sids().empty());
  }
  SECTION("unknown is not weak") {
    scene.certificate.key_bits = 0;
    scene.certificate.signature.clear();
    CHECK(scene.sids().empty());
  }
  SECTION("SHA-1") {
    scene.certificate.signature = "sha1WithRSAEncryption";
    CHECK(scene.sids() == Sids{1443305});
  }
  SECTION("MD5") {
    scene.certificate.signature = "md5WithRSAEncryption";
    CHECK(scene.sids() == Sids{1443305});
  }
  SECTION("nobody relies on the signature of a self-signed one") {
    scene.certificate.signature = "sha1WithRSAEncryption";
    scene.certificate.self_signed = true;
    CHECK(scene.sids() == Sids{1443306});
  }
}

TEST_CASE("certificates that Exchange makes", "[tls_posture]") {
  Scene scene(GENERATE(uint16_t{443}, uint16_t{444}));
  scene.site.servers = {*detect::Prefix::parse("198.51.100.20")};
  scene.certificate.self_signed = true;
  scene.certificate.common_name = "MAIL01";
  scene.certificate.subject = scene.certificate.issuer = "CN=MAIL01";
  scene.certificate.names = {"MAIL01", "MAIL01.corp.example"};
  scene.sni = "mail01.corp.example";
  if (scene.flow.server_port() == 443) {
    CHECK(scene.sids() == Sids{1443307});
  } else {
    CHECK(scene.sids().empty());
  }
}

TEST_CASE("validity at packet time", "[tls_posture]") {
  Scene scene;
  SECTION("expired") {
    scene.now = scene.certificate.not_after_s + 1;
    CHECK(scene.sids() == Sids{1443308});
    CHECK(scene.collector.facts["not_after"] == "2024-11-13T22:13:20");
  }
  SECTION("not yet valid") {
    scene.now = scene.certificate.not_before_s - 1;
    CHECK(scene.sids() == Sids{1443309});
  }
  SECTION("the last and the first second") {
    scene.now = GENERATE(kNow + kYear, kNow - kYear);
    CHECK(scene.sids().empty());
  }
  SECTION("not readable") {
    scene.certificate.not_before_s = scene.certificate.not_after_s = inspect::kNoTime;
    CHECK(scene.sids().empty());
  }
  SECTION("a capture without a clock") {
    scene.now = 5;
    CHECK(scene.sids().empty());
  }
}

TEST_CASE("the name asked for", "[tls_posture]") {
  Scene scene;
  scene.sni = "owa.exwire.example";
  SECTION("is not there") {
    CHECK(scene.sids() == Sids{1443310});
    CHECK(scene.collector.facts["sni"] == "owa.exwire.example");
  }
  SECTION("is covered by a wildcard, which is a note") {
    scene.certificate.names.push_back("*.exwire.example");
    CHECK(scene.sids() == Sids{1443311});
    CHECK(scene.collector.severities == std::vector<int>{3});
  }
  SECTION("has nothing to do with the server: of a stranger, no; of somebody inside, yes") {
    scene.site.servers = {*detect::Prefix::parse("198.51.100.20")};
    scene.sni = "www.other.test";
    CHECK(scene.sids().empty());
    scene.flow = {};
    if (set_endpoints(scene.flow.key, {10, 0, 0, 5}, 50000, kServer, 443)) {
      scene.flow.mark(flow::kClientIsLo);
    }
    CHECK(scene.sids() == Sids{1443310});
  }
  SECTION("is of its domain, or what servers of mail are called") {
    scene.site.servers = {*detect::Prefix::parse("198.51.100.20")};
    scene.sni = "ex01.exwire.example";
    CHECK(scene.sids() == Sids{1443310});
    scene.sni = "mail.other.test";
    CHECK(scene.sids() == Sids{1443310, 1443310});
  }
  SECTION("is no name") {
    scene.site.servers = {*detect::Prefix::parse("198.51.100.20")};
    for (const char* odd : {"ex 01.exwire.example", "a\nb.exwire.example", "ex..exwire.example"}) {
      scene.sni = odd;
      CHECK(scene.sids().empty());
    }
  }
  SECTION("is encrypted") {
    scene.site.servers = {*detect::Prefix::parse("198.51.100.20")};
    scene.flags |= kExwireTlsEncryptedHello;
    CHECK(scene.sids().empty());
  }
}

TEST_CASE("client certificates are a note", "[tls_posture]") {
  Scene scene;
  scene.flags |= kExwireTlsClientCertificateAsked;
  CHECK(scene.sids().empty());
  scene.flags |= kExwireTlsClientProved;
  CHECK(scene.sids() == Sids{1443312});
}

TEST_CASE("one story per server and kind", "[tls_posture]") {
  Scene scene;
  scene.version = 0x0301;
  scene.cipher = 0x0005;
  scene.sids();
  scene.sni = "autodiscover.exwire.example";
  CHECK(scene.sids() == Sids{1443302, 1443303, 1443302, 1443303});
  CHECK(scene.collector.stories[0] == scene.collector.stories[2]);
  CHECK(scene.collector.stories[0] != scene.collector.stories[1]);
}
