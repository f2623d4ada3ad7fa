// SPDX-License-Identifier: BSD-3-Clause
// Compiling is done on a handle libpcap believes to be an opened capture file of that link type.
#include "sensor/capture/filter.hpp"

#include <pcap/pcap.h>

#include "sensor/capture/link_type.hpp"

namespace exwire::capture {
namespace {

// Ethernet first: its complaint is the one shown. Then raw IP, Linux cooked 1 and 2, BSD loopback,
// PPP, 802.11 with radiotap.
constexpr uint16_t kUsualLinkTypes[] = {1, 101, 113, 276, 0, 9, 127};

}  // namespace

void Filter::Free::operator()(bpf_program* program) const noexcept {
  pcap_freecode(program);
  delete program;
}

Filter::Filter(std::string expression) : expression_(std::move(expression)) {
  if (empty()) return;
  bool meaningful = false;
  for (const uint16_t link_type : kUsualLinkTypes) {
    const auto added = entries_.emplace(link_type, compile(link_type)).first;
    meaningful = meaningful || added->second.program;
  }
  if (!meaningful) throw SetupError("filter: " + entries_.at(kUsualLinkTypes[0]).why);
}

Filter::~Filter() = default;

Filter::Entry Filter::compile(uint16_t link_type) const {
  Entry entry;
  const PcapHandle handle = handle_for(link_type);
  if (!handle) {
    entry.why = "libpcap does not know the link type";
    return entry;
  }
  auto program = std::make_unique<bpf_program>();
  if (pcap_compile(handle.get(), program.get(), expression_.c_str(), 1, PCAP_NETMASK_UNKNOWN) ==
      0) {
    entry.program.reset(program.release());
  } else {
    entry.why = pcap_geterr(handle.get());
  }
  return entry;
}

bool Filter::matches(const Frame& frame) {
  if (last_ == nullptr || frame.link_type != last_link_type_) {
    auto known = entries_.find(frame.link_type);
    if (known == entries_.end()) {
      known = entries_.emplace(frame.link_type, compile(frame.link_type)).first;
    }
    last_ = &known->second;  // nodes of a map do not move
    last_link_type_ = frame.link_type;
  }
  if (!last_->program) {
    ++last_->refused;
    return false;
  }
  return bpf_filter(last_->program->bf_insns, frame.octets.data, frame.wire_octets,
                    frame.octets.size) != 0;
}

std::vector<Filter::Refusal> Filter::refusals() const {
  std::vector<Refusal> all;
  for (const auto& [link_type, entry] : entries_) {
    if (entry.refused > 0) all.push_back({link_type, entry.why, entry.refused});
  }
  return all;
}

}  // namespace exwire::capture
