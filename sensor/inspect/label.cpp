// SPDX-License-Identifier: BSD-3-Clause
#include "sensor/inspect/label.hpp"

#include <ndpi_api.h>

#include <algorithm>
#include <cstring>

#include "sensor/base/result.hpp"

namespace exwire::inspect {
namespace {

constexpr size_t kIpv4Header = 20, kIpv6Header = 40, kTcpHeader = 20;
constexpr uint8_t kTcp = 6;

// The protocols one meets on an Exchange server's ports and those that hide on 443. QUIC, DNS and
// the exotic rest stay off: they read more than they check (fixes after 4.2).
constexpr uint16_t kProtocols[] = {
    NDPI_PROTOCOL_TLS,       NDPI_PROTOCOL_HTTP,       NDPI_PROTOCOL_SSH,
    NDPI_PROTOCOL_OPENVPN,   NDPI_PROTOCOL_SOCKS,      NDPI_PROTOCOL_RDP,
    NDPI_PROTOCOL_MAIL_SMTP, NDPI_PROTOCOL_MAIL_IMAP,  NDPI_PROTOCOL_MAIL_POP,
    NDPI_PROTOCOL_SMBV1,     NDPI_PROTOCOL_SMBV23,     NDPI_PROTOCOL_LDAP,
    NDPI_PROTOCOL_TELNET,    NDPI_PROTOCOL_VNC,        NDPI_PROTOCOL_FTP_CONTROL,
    NDPI_PROTOCOL_MYSQL,     NDPI_PROTOCOL_POSTGRES,   NDPI_PROTOCOL_DCERPC,
    NDPI_PROTOCOL_KERBEROS,  NDPI_PROTOCOL_BITTORRENT,
};

void put16(uint8_t* at, size_t value) noexcept {
  at[0] = static_cast<uint8_t>(value >> 8);
  at[1] = static_cast<uint8_t>(value);
}

uint16_t label_of(ndpi_protocol found) noexcept {
  return found.master_protocol != NDPI_PROTOCOL_UNKNOWN ? found.master_protocol
                                                        : found.app_protocol;
}

}  // namespace

void Labeller::Module::operator()(ndpi_detection_module_struct* module) const noexcept {
  ndpi_exit_detection_module(module);
}

Labeller::Labeller(Budget& budget, bool at_once)
    : budget_(budget),
      candidates_(budget, kMostFlows),
      scratch_(kIpv6Header + kTcpHeader + kMostOctets + kSlack) {
  if (at_once && !is_ready()) throw SetupError("nDPI cannot be initialised");
}

Labeller::~Labeller() = default;  // candidates are closed by their owner, flow by flow

bool Labeller::is_ready() {
  if (module_) return true;
  module_.reset(ndpi_init_detection_module(ndpi_dont_load_tor_hosts));
  if (!module_) return false;
  NDPI_PROTOCOL_BITMASK wanted;
  NDPI_BITMASK_RESET(wanted);
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wold-style-cast"  // the macro is C and casts as C does
#pragma GCC diagnostic ignored "-Wconversion"
  for (const uint16_t protocol : kProtocols) NDPI_BITMASK_ADD(wanted, protocol);
#pragma GCC diagnostic pop
  ndpi_set_protocol_detection_bitmask2(module_.get(), &wanted);
  ndpi_finalize_initialization(module_.get());
  return true;
}

uint32_t Labeller::open() {
  // Checked before nDPI is asked: its own handling of failed allocations is not to be trusted.
  if (!is_ready() || !budget_.take(kCharge)) return 0;
  const uint32_t candidate = candidates_.take();
  auto* state = candidate == 0
                    ? nullptr
                    : static_cast<ndpi_flow_struct*>(ndpi_flow_malloc(SIZEOF_FLOW_STRUCT));
  if (state == nullptr) {
    if (candidate != 0) candidates_.give(candidate);
    budget_.give(kCharge);
    return 0;
  }
  std::memset(state, 0, SIZEOF_FLOW_STRUCT);
  candidates_[candidate].state = state;
  return candidate;
}

void Labeller::close(uint32_t candidate) noexcept {
  ndpi_free_flow(candidates_[candidate].state);
  candidates_.give(candidate);
  budget_.give(kCharge);
}

// nDPI wants an IP packet. It gets one with honest addresses, ports and payload; tunnels and
// options are left out.
size_t Labeller::write_packet(const wire::Packet& packet) noexcept {
  const bool ipv4 = packet.key.ip_version == 4;
  const size_t ip = ipv4 ? kIpv4Header : kIpv6Header;
  const size_t payload = std::min<size_t>(packet.payload.size, kMostOctets);
  const size_t total = ip + kTcpHeader + payload;
  uint8_t* at = scratch_.data();
  std::memset(at, 0, ip + kTcpHeader);
  const wire::Address& source = packet.from_lo ? packet.key.lo : packet.key.hi;
  const wire::Address& destination = packet.from_lo ? packet.key.hi : packet.key.lo;
  if (ipv4) {
    at[0] = 0x45;
    put16(at + 2, total);
    at[8] = packet.ttl;
    at[9] = kTcp;
    std::memcpy(at + 12, source.data(), 4);
    std::memcpy(at + 16, destination.data(), 4);
  } else {
    at[0] = 0x60;
    put16(at + 4, total - ip);
    at[6] = kTcp;
    at[7] = packet.ttl;
    std::memcpy(at + 8, source.data(), 16);
    std::memcpy(at + 24, destination.data(), 16);
  }
  uint8_t* tcp = at + ip;
  put16(tcp, packet.from_lo ? packet.key.lo_port : packet.key.hi_port);
  put16(tcp + 2, packet.from_lo ? packet.key.hi_port : packet.key.lo_port);
  put16(tcp + 4, packet.seq >> 16);
  put16(tcp + 6, packet.seq & 0xffff);
  put16(tcp + 8, packet.ack >> 16);
  put16(tcp + 10, packet.ack & 0xffff);
  tcp[12] = (kTcpHeader / 4) << 4;
  tcp[13] = packet.tcp_flags;
  put16(tcp + 14, packet.window);
  std::memcpy(tcp + kTcpHeader, packet.payload.data, payload);
  std::memset(at + total, 0, kSlack);
  return total;
}

bool Labeller::look(uint32_t candidate, const wire::Packet& packet, uint16_t& label) {
  Candidate& flow = candidates_[candidate];
  const size_t size = write_packet(packet);
  const auto now_ms = static_cast<u_int64_t>(packet.time.ns / kNanosPerMilli);
  const ndpi_protocol found = ndpi_detection_process_packet(
      module_.get(), flow.state, scratch_.data(), static_cast<uint16_t>(size), now_ms);
  ++flow.packets;
  flow.octets += packet.payload.size;
  if (found.master_protocol == NDPI_PROTOCOL_UNKNOWN &&
      found.app_protocol == NDPI_PROTOCOL_UNKNOWN && flow.packets < kMostPackets &&
      flow.octets < kMostOctets) {
    return false;
  }
  if (found.app_protocol == NDPI_PROTOCOL_UNKNOWN) {
    label = last_word(candidate);
    return true;
  }
  label = label_of(found);
  close(candidate);
  return true;
}

// Its guess by ports is not asked for: on port 443 that would be TLS, whatever is spoken.
uint16_t Labeller::last_word(uint32_t candidate) {
  u_int8_t guessed = 0;
  const uint16_t label =
      label_of(ndpi_detection_giveup(module_.get(), candidates_[candidate].state, 0, &guessed));
  close(candidate);
  return label;
}

const char* Labeller::name(uint16_t label) const noexcept {
  return label == 0 ? "" : ndpi_get_proto_name(module_.get(), label);
}

}  // namespace exwire::inspect
