// SPDX-License-Identifier: BSD-3-Clause
// Live capture by libpcap: promiscuous, whole frames, the packet's own time in nanoseconds where
// the kernel has it, and a tick of the wall clock at least every 100 ms so that timers fire in
// silence. One source per interface; whoever has several gives each a thread or polls descriptor().
// It needs CAP_NET_RAW while it is made. Fan-out and privileges are not its business.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <string>

#include "sensor/capture/link_type.hpp"
#include "sensor/capture/source.hpp"

namespace exwire::capture {

struct LiveSettings {
  int snaplen = 262144;  ///< 65,535 would cut the largest loopback frames
  int buffer_octets = 64 << 20;
  std::string filter;  ///< BPF, runs in the kernel
};

class Live final : public Source {
 public:
  /// Throws SetupError with the reason when the interface cannot be opened or the filter is wrong.
  Live(const std::string& interface, const LiveSettings& settings);

  /// Waits up to 100 ms for the first frame, never for more of them.
  BatchStatus next_batch(Batch& batch) override;
  const std::string& name() const override { return name_; }
  /// To be called by the thread that reads: it asks the kernel.
  CaptureCounters counters() const override;
  const std::optional<Error>& failure() const override { return failure_; }
  void stop() noexcept override { stopping_ = true; }

  /// Readable when frames wait; -1 when there is none that could be polled.
  int descriptor() const noexcept;
  uint16_t link_type() const noexcept { return link_type_; }

 private:
  /// The kernel's 32-bit counters, which wrap, as sums.
  struct KernelSums {
    uint32_t received = 0, dropped = 0, interface_dropped = 0;
    CaptureCounters sums;
  };
  enum class Next : uint8_t { frame, nothing, failed };

  void activate(const LiveSettings& settings);
  void set_filter(const std::string& expression);
  void demand(int status) const;
  Next take_frame(Frame& frame, size_t& used);

  std::string name_;
  PcapHandle handle_;
  std::unique_ptr<uint8_t[]> arena_;  ///< the frames of one batch: libpcap's go with the next read
  size_t arena_octets_ = 0, snaplen_ = 0;
  std::optional<Error> failure_;
  CaptureCounters counters_;
  mutable KernelSums kernel_;
  int64_t tick_ns_ = 1;  ///< unit of the fraction in packet times
  uint16_t link_type_ = 0;
  std::atomic<bool> stopping_{false};
  static_assert(std::atomic<bool>::is_always_lock_free);  // stop() is called by signal handlers
};

}  // namespace exwire::capture
