// SPDX-License-Identifier: BSD-3-Clause
// libpcap is used without blocking, the waiting is done here by poll(): the tick must come on time
// when no frame does, and libpcap's own time-out does not promise that (pcap(3PCAP)).
#include "sensor/capture/live.hpp"

#include <net/if.h>
#include <pcap/pcap.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstring>

namespace exwire::capture {
namespace {

constexpr int kTickMs = 100;
using SteadyClock = std::chrono::steady_clock;

Timestamp wall_clock() noexcept {
  return {std::chrono::duration_cast<std::chrono::nanoseconds>(
              std::chrono::system_clock::now().time_since_epoch())
              .count()};
}

// Until something can be read, a signal comes or the tick is due.
void wait_for(int descriptor, SteadyClock::time_point deadline) noexcept {
  const auto left =
      std::chrono::duration_cast<std::chrono::milliseconds>(deadline - SteadyClock::now()).count();
  pollfd wanted{descriptor, POLLIN, 0};
  poll(&wanted, 1, static_cast<int>(std::clamp<int64_t>(left, 1, kTickMs)));
}

bool is_loopback(const std::string& interface) noexcept {
  ifreq request{};
  if (interface.size() >= sizeof request.ifr_name) return false;
  std::memcpy(request.ifr_name, interface.data(), interface.size());
  const int any = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  if (any < 0) return false;
  const bool answered = ioctl(any, SIOCGIFFLAGS, &request) == 0;
  close(any);
  return answered && (request.ifr_flags & IFF_LOOPBACK) != 0;
}

}  // namespace

Live::Live(const std::string& interface, const LiveSettings& settings) : name_(interface) {
  char words[PCAP_ERRBUF_SIZE] = "";
  handle_.reset(pcap_create(interface.c_str(), words));
  if (!handle_) throw SetupError(interface + ": " + words);
  activate(settings);
  if (!settings.filter.empty()) set_filter(settings.filter);
  if (pcap_setnonblock(handle_.get(), 1, words) != 0) throw SetupError(interface + ": " + words);
  snaplen_ = static_cast<size_t>(std::max(pcap_snapshot(handle_.get()), 1));
  constexpr size_t kOrdinaryFrame = 4096;
  arena_octets_ = Batch::kCapacity * kOrdinaryFrame + snaplen_;
  arena_ = std::make_unique<uint8_t[]>(arena_octets_);
}

void Live::activate(const LiveSettings& settings) {
  pcap_t* handle = handle_.get();
  demand(pcap_set_snaplen(handle, settings.snaplen));
  demand(pcap_set_promisc(handle, 1));
  demand(pcap_set_timeout(handle, kTickMs));
  demand(pcap_set_buffer_size(handle, settings.buffer_octets));
  pcap_set_tstamp_precision(handle, PCAP_TSTAMP_PRECISION_NANO);  // microseconds where refused
  demand(pcap_activate(handle));
  const bool nanoseconds = pcap_get_tstamp_precision(handle) == PCAP_TSTAMP_PRECISION_NANO;
  tick_ns_ = nanoseconds ? 1 : 1000;
  link_type_ = link_type_of(pcap_datalink(handle));
  // What is sent on a loopback interface passes twice, out and in. libpcap leaves out the first of
  // both on `lo`; asking for the second alone makes it sure for any other.
  if (is_loopback(name_)) pcap_setdirection(handle, PCAP_D_IN);
}

void Live::set_filter(const std::string& expression) {
  bpf_program program{};
  demand(pcap_compile(handle_.get(), &program, expression.c_str(), 1, PCAP_NETMASK_UNKNOWN));
  const int status = pcap_setfilter(handle_.get(), &program);
  pcap_freecode(&program);
  demand(status);
}

void Live::demand(int status) const {
  if (status >= 0) return;  // above 0: warnings, such as no promiscuous mode on "any"
  const std::string words = pcap_geterr(handle_.get());
  const std::string kind = status == PCAP_ERROR ? "" : pcap_statustostr(status);
  throw SetupError(name_ + ": " + kind + (kind.empty() || words.empty() ? "" : ": ") + words);
}

Live::Next Live::take_frame(Frame& frame, size_t& used) {
  pcap_pkthdr* header = nullptr;
  const u_char* octets = nullptr;
  const int status = pcap_next_ex(handle_.get(), &header, &octets);
  if (status == 0) return Next::nothing;
  if (status < 0) {
    failure_ = Error{ErrorCode::device, name_ + ": " + pcap_geterr(handle_.get())};
    return Next::failed;
  }
  const auto captured = static_cast<uint32_t>(std::min<size_t>(header->caplen, snaplen_));
  std::memcpy(arena_.get() + used, octets, captured);
  frame.octets = {arena_.get() + used, captured};
  frame.wire_octets = std::max<uint32_t>(header->len, captured);
  frame.time = {header->ts.tv_sec * kNanosPerSecond + header->ts.tv_usec * tick_ns_};
  frame.link_type = link_type_;
  frame.interface = 0;
  frame.number = ++counters_.frames;
  counters_.octets += captured;
  counters_.cut_by_snaplen += captured < frame.wire_octets;
  used += captured;
  return Next::frame;
}

BatchStatus Live::next_batch(Batch& batch) {
  batch.count = 0;
  batch.tick.reset();
  if (failure_) return BatchStatus::finished;
  const auto deadline = SteadyClock::now() + std::chrono::milliseconds(kTickMs);
  size_t used = 0;
  while (!stopping_ && batch.count < Batch::kCapacity && arena_octets_ - used >= snaplen_) {
    const Next next = take_frame(batch.frames[batch.count], used);
    if (next == Next::failed) break;
    if (next == Next::frame) {
      ++batch.count;
    } else {
      if (batch.count > 0 || SteadyClock::now() >= deadline) break;
      wait_for(descriptor(), deadline);
    }
  }
  batch.tick = wall_clock();
  return stopping_ || failure_ ? BatchStatus::finished : BatchStatus::frames;
}

CaptureCounters Live::counters() const {
  pcap_stat now{};
  if (pcap_stats(handle_.get(), &now) == 0) {
    KernelSums& kernel = kernel_;
    kernel.sums.kernel_received += uint32_t{now.ps_recv} - kernel.received;
    kernel.sums.kernel_dropped += uint32_t{now.ps_drop} - kernel.dropped;
    kernel.sums.interface_dropped += uint32_t{now.ps_ifdrop} - kernel.interface_dropped;
    kernel.received = now.ps_recv;
    kernel.dropped = now.ps_drop;
    kernel.interface_dropped = now.ps_ifdrop;
  }
  CaptureCounters all = counters_;
  all.kernel_received = kernel_.sums.kernel_received;
  all.kernel_dropped = kernel_.sums.kernel_dropped;
  all.interface_dropped = kernel_.sums.interface_dropped;
  return all;
}

int Live::descriptor() const noexcept {
  return pcap_get_selectable_fd(handle_.get());
}

}  // namespace exwire::capture
