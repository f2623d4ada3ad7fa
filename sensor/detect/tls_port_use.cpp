// SPDX-License-Identifier: BSD-3-Clause
// What speaks on a TLS port without being TLS: plaintext HTTP, or another protocol by nDPI's label
// (SSH, OpenVPN, SOCKS, RDP). Told only when both sides spoke it: a TLS server that refuses a
// stranger with an alert, or tells a lost browser to use https, does the right thing.
#include <ndpi_protocol_ids.h>
#include <algorithm>
#include <array>

#include "sensor/base/siphash.hpp"
#include "sensor/detect/detector.hpp"
#include "sensor/detect/exchange_servers.hpp"

namespace exwire::detect {
namespace {

using inspect::HttpField;
using inspect::HttpTransaction;

constexpr Signature kHttp{
    1443003,
    1,
    2,
    "EXWIRE HTTP on a TLS port",
    "Potential Corporate Privacy Violation",
    "Require TLS on this port, or tell site.plaintext_hops that it is meant."};
constexpr Signature kOther{1443004,
                           1,
                           2,
                           "EXWIRE other protocol on a TLS port",
                           "Detection of a Non-Standard Protocol or Event",
                           "Find out who runs this service; allow nothing but TLS on this port."};

// Labels by nDPI's names. TLS and HTTP are ours to tell.
struct Label {
  uint16_t number;
  const char* name;
};
constexpr std::array kLabels{
    Label{NDPI_PROTOCOL_SSH, "SSH"},
    Label{NDPI_PROTOCOL_OPENVPN, "OpenVPN"},
    Label{NDPI_PROTOCOL_SOCKS, "SOCKS"},
    Label{NDPI_PROTOCOL_RDP, "RDP"},
    Label{NDPI_PROTOCOL_MAIL_SMTP, "SMTP"},
    Label{NDPI_PROTOCOL_MAIL_IMAP, "IMAP"},
    Label{NDPI_PROTOCOL_MAIL_POP, "POP3"},
    Label{NDPI_PROTOCOL_SMBV1, "SMBv1"},
    Label{NDPI_PROTOCOL_SMBV23, "SMBv23"},
    Label{NDPI_PROTOCOL_LDAP, "LDAP"},
    Label{NDPI_PROTOCOL_TELNET, "Telnet"},
    Label{NDPI_PROTOCOL_VNC, "VNC"},
    Label{NDPI_PROTOCOL_FTP_CONTROL, "FTP_CONTROL"},
    Label{NDPI_PROTOCOL_MYSQL, "MySQL"},
    Label{NDPI_PROTOCOL_POSTGRES, "PostgreSQL"},
    Label{NDPI_PROTOCOL_DCERPC, "DCE_RPC"},
    Label{NDPI_PROTOCOL_KERBEROS, "Kerberos"},
    Label{NDPI_PROTOCOL_BITTORRENT, "BitTorrent"},
    Label{NDPI_PROTOCOL_MSSQL_TDS, "MsSQL-TDS"},
    Label{NDPI_PROTOCOL_MONGODB, "MongoDB"},
    Label{NDPI_PROTOCOL_REDIS, "Redis"},
    Label{NDPI_PROTOCOL_RSYNC, "RSYNC"},
    Label{NDPI_PROTOCOL_IRC, "IRC"},
    Label{NDPI_PROTOCOL_RTMP, "RTMP"},
};

const char* name_of(uint16_t label) noexcept {
  const auto at = std::find_if(kLabels.begin(), kLabels.end(),
                               [&](const Label& one) { return one.number == label; });
  return at == kLabels.end() ? nullptr : at->name;
}

/// The detector's octet in a flow.
enum State : uint8_t {
  kClientSpoke = 1 << 0,
  kServerSpoke = 1 << 1,
  kSettled = 1 << 2,  ///< TLS, told, or of no concern
  kClientReset = 1 << 3,
  kServerReset = 1 << 4,  ///< both began as OpenVPN does
  kClientGreeted = 1 << 5,
  kServerChose = 1 << 6,  ///< both began as SOCKS 5 does
};

// A record of TLS or SSL 3.0 (RFC 8446 5.1).
bool is_tls_record(Bytes payload) noexcept {
  return payload.size >= 3 && payload[0] >= 20 && payload[0] <= 24 && payload[1] == 3 &&
         payload[2] <= 4;
}

// OpenVPN over TCP: a length, then a hard reset of the control channel (opcode and key number 0),
// alone in the first segment. nDPI leaves real ones of this kind without a label.
uint8_t reset_of(Bytes payload, uint8_t spoke) noexcept {
  constexpr uint8_t kFromClientV2 = 7 << 3, kFromServerV2 = 8 << 3, kFromClientV3 = 10 << 3;
  constexpr uint32_t kShortest = 2 + 1 + 8 + 1 + 4;  // length, opcode, session, no acks, number
  if (payload.size < kShortest || load_be16(payload.data) != payload.size - 2) return 0;
  if (spoke == kServerSpoke)
    return payload[2] == kFromServerV2 ? uint8_t{kServerReset} : uint8_t{0};
  return payload[2] == kFromClientV2 || payload[2] == kFromClientV3 ? uint8_t{kClientReset}
                                                                    : uint8_t{0};
}

// SOCKS 5 (RFC 1928 3): the methods the client knows, and the one the server takes; each alone in
// its segment. nDPI knows clients that offer nothing but "no authentication".
uint8_t greeting_of(Bytes payload, uint8_t spoke) noexcept {
  constexpr uint8_t kVersion = 5, kNoneAcceptable = 0xff;
  if (payload.size < 2 || payload[0] != kVersion) return 0;
  if (spoke == kServerSpoke) {
    const bool chose = payload.size == 2 && payload[1] != kNoneAcceptable;
    return chose ? uint8_t{kServerChose} : uint8_t{0};
  }
  return payload[1] > 0 && payload.size == 2U + payload[1] ? uint8_t{kClientGreeted} : uint8_t{0};
}

class TlsPortUse final : public FlowDetector {
 public:
  TlsPortUse(const Site& site, std::shared_ptr<ExchangeServers> servers)
      : site_(site), servers_(std::move(servers)) {}

  DetectorInfo info() const noexcept override {
    return {"tls_port_use", kWantsResponses | kWantsSegments | kWantsTls | kWantsEnds,
            sizeof(uint8_t)};
  }
  std::vector<const Signature*> signatures() const override { return {&kHttp, &kOther}; }

  void response_head(const FlowContext& context, HttpTransaction& transaction,
                     FindingSink& sink) override {
    learn(context.flow, transaction, sink);
    if (!site_.tls_ports[context.flow.server_port()] || is_settled(context)) return;
    if (!transaction.request_seen || declines(transaction) || !concerns(context.flow, sink)) return;
    settle(context);
    tell_http(context, transaction, sink);
  }

  void segment(const FlowContext& context, const flow::Tracked& tracked, const wire::Packet& packet,
               FindingSink& sink) override {
    if (context.facts.empty() || is_settled(context) || packet.payload.empty()) return;
    look(context, tracked, packet, sink);
  }

  void tls_handshake(const FlowContext& context, inspect::TlsHandshake&, FindingSink&) override {
    settle(context);
  }

  void flow_ended(const FlowContext& context, flow::EndReason, FindingSink& sink) override {
    if (!is_settled(context)) judge_label(context, sink);
  }

 private:
  // At the first octets of either side, and until nDPI has spoken. Apart from segment(), so that
  // most packets save no registers.
  [[gnu::noinline]] void look(const FlowContext& context, const flow::Tracked& tracked,
                              const wire::Packet& packet, FindingSink& sink) {
    const uint8_t spoke = tracked.direction == Direction::to_server ? kClientSpoke : kServerSpoke;
    uint8_t& state = context.facts[0];
    if (!(state & spoke)) {
      if (is_tls_record(packet.payload) || !concerns(context.flow, sink)) return settle(context);
      state = static_cast<uint8_t>(state | spoke | reset_of(packet.payload, spoke) |
                                   greeting_of(packet.payload, spoke));
    }
    judge_label(context, sink);
    // nDPI has spoken by now or never will.
    constexpr uint32_t kMostPackets = 64;
    if (context.flow.direction[0].packets + context.flow.direction[1].packets > kMostPackets) {
      settle(context);
    }
  }

  static bool is_settled(const FlowContext& context) noexcept {
    return !context.facts.empty() && (context.facts[0] & kSettled);
  }
  static void settle(const FlowContext& context) noexcept {
    if (!context.facts.empty()) context.facts[0] = kSettled;
  }

  // Joined late, nobody can tell what it is; within one machine and on accepted legs it is meant.
  // Who has named the servers is not told about others.
  bool concerns(const flow::Flow& flow, FindingSink& sink) const noexcept {
    const uint16_t port = flow.server_port();
    if (!site_.tls_ports[port] || flow.has(flow::kMidstream | flow::kUncertainRoles)) return false;
    const Hop hop = hop_of(site_, flow);
    if (hop == Hop::accepted || (hop == Hop::loopback && site_.loopback_allowed)) return false;
    sink.take_turn();
    if (servers_->find(flow) != nullptr) return true;
    return site_.servers.empty() && (port == 443 || port == 444);
  }

  void judge_label(const FlowContext& context, FindingSink& sink) {
    constexpr uint8_t kBoth = kClientSpoke | kServerSpoke;
    if (context.facts.empty() || (context.facts[0] & kBoth) != kBoth) return;
    if (context.flow.dissector != flow::Flow::kNoDissector) return;
    const auto both_said = [&](uint8_t bits) { return (context.facts[0] & bits) == bits; };
    const char* label = name_of(context.flow.label);
    const char* name = both_said(kClientReset | kServerReset)     ? "OpenVPN"
                       : both_said(kClientGreeted | kServerChose) ? "SOCKS"
                                                                  : label;
    if (name == nullptr) return;
    settle(context);
    Finding finding = begin(kOther, context, name, sink);
    if (label != nullptr) finding.facts.add("ndpi_label", label);
    sink.found(context, finding);
  }

  void tell_http(const FlowContext& context, const HttpTransaction& transaction,
                 FindingSink& sink) {
    Finding finding = begin(kHttp, context, "HTTP", sink);
    const std::string_view uri = transaction.text(HttpField::uri);
    finding.http = &transaction;
    finding.facts.add("method", transaction.text(HttpField::method));
    finding.facts.add("url_path", uri.substr(0, uri.find('?')).substr(0, 512));
    finding.facts.add("status_code", transaction.status());
    sink.found(context, finding);
  }

  Finding begin(const Signature& signature, const FlowContext& context, std::string_view name,
                FindingSink& sink) const {
    const flow::Flow& flow = context.flow;
    Finding finding = Finding::of(signature, context.now, context.packet);
    SipHash13 story{HashKey{}};
    story.word(signature.sid);
    story.octets(flow.server().data(), flow.server().size());
    story.word(flow.server_port());
    story.octets(name.data(), name.size());
    finding.story = story.finish();
    finding.facts.add("protocol", name);
    finding.facts.add("server", wire::to_text(flow.server(), flow.key.ip_version));
    finding.facts.add("port", flow.server_port());
    sink.take_turn();
    if (const ExchangeServer* server = servers_->find(flow)) {
      finding.facts.add("learned", to_text(server->reason));
    }
    return finding;
  }

  // "The plain HTTP request was sent to HTTPS port", and being sent to https.
  static bool declines(const HttpTransaction& transaction) noexcept {
    const int status = transaction.status();
    if (status >= 300 && status < 400) {
      return transaction.text(HttpField::location).starts_with("https:");
    }
    return status == 400 || status == 421 || status == 426;
  }

  // Headers only Exchange sends: what its other ports speak concerns Exchange, too.
  void learn(const flow::Flow& flow, const HttpTransaction& transaction, FindingSink& sink) {
    if (!site_.servers.empty() || flow.has(flow::kUncertainRoles)) return;
    const std::string_view target = transaction.text(HttpField::uri_raw);
    if (!target.empty() && target.front() != '/') return;  // a forward proxy: others speak there
    if (transaction.has(HttpField::fe_server) || transaction.has(HttpField::be_server) ||
        transaction.has(HttpField::owa_version)) {
      sink.take_turn();
      servers_->learn(flow.server(), flow.key.ip_version, ExchangeServers::kAnyTlsPort,
                      Reason::endpoint, "HTTP");
    }
  }

  const Site& site_;
  std::shared_ptr<ExchangeServers> servers_;
};

}  // namespace

std::unique_ptr<FlowDetector> make_tls_port_use(const Site& site,
                                                std::shared_ptr<ExchangeServers> servers) {
  return std::make_unique<TlsPortUse>(site, std::move(servers));
}

}  // namespace exwire::detect
