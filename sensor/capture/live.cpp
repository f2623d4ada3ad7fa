// SPDX-License-Identifier: BSD-3-Clause
#include "sensor/capture/live.hpp"

#include <pcap/pcap.h>
#include <poll.h>

#include <algorithm>
#include <chrono>
#include <cstring>

#include "sensor/base/siphash.hpp"

namespace exwire::capture {
namespace {

constexpr int kTickMs = 100;

void demand(pcap_t* handle, int status, const std::string& interface) {
  if (status >= 0) return;
  const std::string words = pcap_geterr(handle);
  throw SetupError(interface + ": " + (words.empty() ? pcap_statustostr(status) : words));
}

Timestamp wall_clock() noexcept {
  return {std::chrono::duration_cast<std::chrono::nanoseconds>(
              std::chrono::system_clock::now().time_since_epoch())
              .count()};
}

// Until something can be read or the tick is due.
void wait_for(int descriptor, int64_t deadline_ns) noexcept {
  pollfd wanted{descriptor, POLLIN, 0};
  const int64_t left_ms = (deadline_ns - wall_clock().ns) / kNanosPerMilli;
  poll(&wanted, 1, static_cast<int>(std::clamp<int64_t>(left_ms, 1, kTickMs)));
}

// The files' numbers: libpcap's own differ for raw IP.
uint16_t link_type_of(int dlt) noexcept {
  return dlt == DLT_RAW ? uint16_t{101} : static_cast<uint16_t>(dlt);
}

}  // namespace

void Live::Close::operator()(pcap* handle) const noexcept {
  pcap_close(handle);
}

Live::Live(const std::string& interface, const LiveSettings& settings) : name_(interface) {
  char words[PCAP_ERRBUF_SIZE] = "";
  handle_.reset(pcap_create(interface.c_str(), words));
  if (!handle_) throw SetupError(interface + ": " + words);
  pcap_t* handle = handle_.get();
  demand(handle, pcap_set_snaplen(handle, settings.snaplen), interface);
  demand(handle, pcap_set_promisc(handle, 1), interface);
  demand(handle, pcap_set_timeout(handle, kTickMs), interface);
  demand(handle, pcap_set_buffer_size(handle, settings.buffer_octets), interface);
  const bool nanoseconds = pcap_set_tstamp_precision(handle, PCAP_TSTAMP_PRECISION_NANO) == 0;
  demand(handle, pcap_activate(handle), interface);
  tick_to_ns_ = nanoseconds ? 1 : 1000;
  link_type_ = link_type_of(pcap_datalink(handle));
  if (!settings.filter.empty()) {
    bpf_program program{};
    demand(handle, pcap_compile(handle, &program, settings.filter.c_str(), 1, PCAP_NETMASK_UNKNOWN),
           interface);
    const int status = pcap_setfilter(handle, &program);
    pcap_freecode(&program);
    demand(handle, status, interface);
  }
  // Not to wait inside libpcap: the tick must come on time when nothing else does.
  demand(handle, pcap_setnonblock(handle, 1, words), interface);
  loopback_ = interface == "lo";
  arena_.resize(size_t{Batch::kCapacity} * 4096 + static_cast<size_t>(settings.snaplen));
}

Live::~Live() = default;

// On `lo` every packet passes twice, out and in. libpcap drops the first of both by itself; where
// it does not, the second is the same octets within a moment.
bool Live::is_copy(const Frame& frame) noexcept {
  constexpr int64_t kMomentNs = kNanosPerMilli;
  if (!loopback_) return false;
  SipHash13 hash{HashKey{}};
  hash.octets(frame.octets.data, std::min<uint32_t>(frame.octets.size, 128));
  hash.word(frame.wire_octets);
  const uint64_t digest = hash.finish();
  const bool copy = digest == last_digest_ && frame.time.ns - last_ns_ < kMomentNs;
  last_digest_ = copy ? 0 : digest;
  last_ns_ = frame.time.ns;
  return copy;
}

BatchStatus Live::next_batch(Batch& batch) {
  batch.count = 0;
  const int64_t deadline = wall_clock().ns + kTickMs * kNanosPerMilli;
  size_t used = 0;
  const auto room = [&] {
    return arena_.size() - used >= static_cast<size_t>(pcap_snapshot(handle_.get()));
  };
  while (!stopping_ && batch.count < Batch::kCapacity && room()) {
    pcap_pkthdr* header = nullptr;
    const u_char* octets = nullptr;
    const int status = pcap_next_ex(handle_.get(), &header, &octets);
    if (status < 0) {
      failure_ = Error{ErrorCode::device, name_ + ": " + pcap_geterr(handle_.get())};
      return BatchStatus::finished;
    }
    if (status == 0) {
      if (batch.count > 0 || wall_clock().ns >= deadline) break;
      wait_for(pcap_get_selectable_fd(handle_.get()), deadline);
      continue;
    }
    Frame& frame = batch.frames[batch.count];
    std::memcpy(arena_.data() + used, octets, header->caplen);
    frame.octets = {arena_.data() + used, header->caplen};
    frame.wire_octets = header->len;
    frame.time = {header->ts.tv_sec * kNanosPerSecond + header->ts.tv_usec * tick_to_ns_};
    frame.link_type = link_type_;
    frame.interface = 0;
    frame.number = ++counters_.frames;
    if (is_copy(frame)) {
      ++counters_.loopback_copies;
      --counters_.frames;
      continue;
    }
    counters_.octets += header->caplen;
    counters_.cut_by_snaplen += header->caplen < header->len;
    used += header->caplen;
    ++batch.count;
  }
  batch.tick = wall_clock();
  return stopping_ ? BatchStatus::finished : BatchStatus::frames;
}

CaptureCounters Live::counters() const {
  CaptureCounters all = counters_;
  pcap_stat kernel{};
  if (pcap_stats(handle_.get(), &kernel) == 0) {
    all.kernel_received = kernel.ps_recv;
    all.kernel_dropped = kernel.ps_drop;
    all.interface_dropped = kernel.ps_ifdrop;
  }
  return all;
}

}  // namespace exwire::capture
