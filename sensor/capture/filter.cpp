// SPDX-License-Identifier: BSD-3-Clause
#include "sensor/capture/filter.hpp"

#include <pcap/pcap.h>

namespace exwire::capture {
namespace {

constexpr int kSnaplen = 262144;
constexpr uint16_t kLinkTypeRaw = 101;

// LINKTYPE_ values in files and libpcap's DLT_ values differ for raw IP only, of all we can read.
int dlt_of(uint16_t link_type) noexcept {
  return link_type == kLinkTypeRaw ? DLT_RAW : link_type;
}

}  // namespace

void Filter::Free::operator()(bpf_program* program) const noexcept {
  pcap_freecode(program);
  delete program;
}

Filter::Filter(std::string expression) : expression_(std::move(expression)) {
  if (empty()) return;
  std::string complaint;
  if (!compile(DLT_EN10MB, &complaint)) throw SetupError("filter: " + complaint);
}

Filter::~Filter() = default;

Filter::Program Filter::compile(int link_type, std::string* complaint) const {
  const std::unique_ptr<pcap_t, void (*)(pcap_t*)> handle(pcap_open_dead(link_type, kSnaplen),
                                                          pcap_close);
  Program program(new bpf_program{});
  if (handle && pcap_compile(handle.get(), program.get(), expression_.c_str(), 1,
                             PCAP_NETMASK_UNKNOWN) == 0) {
    return program;
  }
  if (complaint != nullptr) *complaint = handle ? pcap_geterr(handle.get()) : "no memory";
  return nullptr;
}

bool Filter::passes(const Frame& frame) {
  if (empty()) return true;
  auto known = programs_.find(frame.link_type);
  if (known == programs_.end()) {
    known = programs_.emplace(frame.link_type, compile(dlt_of(frame.link_type), nullptr)).first;
  }
  if (!known->second) return false;
  pcap_pkthdr header{};
  header.caplen = frame.octets.size;
  header.len = frame.wire_octets;
  return pcap_offline_filter(known->second.get(), &header, frame.octets.data) != 0;
}

}  // namespace exwire::capture
