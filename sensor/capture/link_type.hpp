// SPDX-License-Identifier: BSD-3-Clause
// libpcap's own numbers (DLT_) and those of capture files (LINKTYPE_) differ here and there, by
// operating system. Its table is not public, but its reader and writer apply it: they are asked.
#pragma once

#include <cstdint>
#include <memory>

struct pcap;

namespace exwire::capture {

struct PcapClose {
  void operator()(pcap* handle) const noexcept;
};
using PcapHandle = std::unique_ptr<pcap, PcapClose>;

/// A handle without packets that filters can be compiled for; null when libpcap will not have the
/// type at all.
PcapHandle handle_for(uint16_t link_type);
/// The LINKTYPE_ of a DLT_; the same number when libpcap cannot tell.
uint16_t link_type_of(int dlt);

}  // namespace exwire::capture
