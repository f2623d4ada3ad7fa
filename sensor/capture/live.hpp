// SPDX-License-Identifier: BSD-3-Clause
// Live capture by libpcap: promiscuous, whole frames, a tick at least every 100 ms so that timers
// fire in silence. Rings, fan-out and privileges come later.
#pragma once

#include <atomic>
#include <memory>
#include <string>
#include <vector>

#include "sensor/capture/source.hpp"

struct pcap;

namespace exwire::capture {

struct LiveSettings {
  int snaplen = 262144;  ///< 65,535 would cut the largest loopback frames
  int buffer_octets = 64 << 20;
  std::string filter;
};

class Live final : public Source {
 public:
  /// Throws SetupError with the reason when the interface cannot be opened.
  Live(const std::string& interface, const LiveSettings& settings);
  ~Live() override;

  BatchStatus next_batch(Batch& batch) override;
  const std::string& name() const override { return name_; }
  CaptureCounters counters() const override;
  const std::optional<Error>& failure() const override { return failure_; }
  void stop() noexcept override { stopping_ = true; }

 private:
  struct Close {
    void operator()(pcap* handle) const noexcept;
  };
  bool is_copy(const Frame& frame) noexcept;

  std::string name_;
  std::unique_ptr<pcap, Close> handle_;
  std::vector<uint8_t> arena_;  ///< the frames of one batch: libpcap's are gone at the next read
  std::optional<Error> failure_;
  CaptureCounters counters_;
  int64_t tick_to_ns_ = 1;  ///< unit of the fraction in packet times
  uint16_t link_type_ = 0;
  bool loopback_ = false;
  uint64_t last_digest_ = 0;
  int64_t last_ns_ = 0;
  std::atomic<bool> stopping_{false};
};

}  // namespace exwire::capture
