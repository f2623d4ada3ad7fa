// SPDX-License-Identifier: BSD-3-Clause
// A capture file of nothing but its header, written to and read from memory.
#include "sensor/capture/link_type.hpp"

#include <pcap/pcap.h>

#include <cstdio>
#include <cstdlib>
#include <cstring>

namespace exwire::capture {
namespace {

constexpr uint32_t kSnaplen = 262144;

struct FileHeader {
  uint32_t magic = 0xa1b2c3d4;
  uint16_t major = 2, minor = 4;
  uint32_t zone = 0, accuracy = 0, snaplen = kSnaplen, link_type = 0;
};
static_assert(sizeof(FileHeader) == 24);

}  // namespace

void PcapClose::operator()(pcap* handle) const noexcept {
  pcap_close(handle);
}

PcapHandle handle_for(uint16_t link_type) {
  FileHeader header;
  header.link_type = link_type;
  FILE* file = fmemopen(&header, sizeof header, "rb");
  if (file == nullptr) return nullptr;
  char words[PCAP_ERRBUF_SIZE];
  PcapHandle handle(pcap_fopen_offline(file, words));
  if (!handle) std::fclose(file);
  return handle;
}

uint16_t link_type_of(int dlt) {
  const PcapHandle handle(pcap_open_dead(dlt, kSnaplen));
  char* octets = nullptr;
  size_t size = 0;
  FILE* file = handle ? open_memstream(&octets, &size) : nullptr;
  if (file == nullptr) return static_cast<uint16_t>(dlt);
  pcap_dumper_t* dumper = pcap_dump_fopen(handle.get(), file);
  if (dumper != nullptr) {
    pcap_dump_close(dumper);
  } else {
    std::fclose(file);
  }
  FileHeader header;
  header.link_type = static_cast<uint32_t>(dlt);
  if (dumper != nullptr && size >= sizeof header) std::memcpy(&header, octets, sizeof header);
  std::free(octets);
  return static_cast<uint16_t>(header.link_type & 0xffff);
}

}  // namespace exwire::capture
