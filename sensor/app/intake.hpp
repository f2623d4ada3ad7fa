// SPDX-License-Identifier: BSD-3-Clause
// Where frames become packets, before a worker is chosen for each: what must meet in one place
// stands here (fragments, second copies of a packet, what senders do with checksums and VLANs, and
// time itself).
#pragma once

#include <array>
#include <string>

#include "sensor/app/outlet.hpp"
#include "sensor/base/packet_stamps.hpp"
#include "sensor/capture/source.hpp"
#include "sensor/wire/decode.hpp"

namespace exwire::app {

/// A packet on its way to the worker that has its flow.
struct Arrival {
  const wire::Packet* packet;
  uint32_t place;  ///< among those since the last release(), from 1
  uint16_t point;  ///< the capture point that saw it
};

class Intake {
 public:
  Intake(HashKey secret, const wire::DecodeSettings& settings, Budget& budget)
      : decoder_(secret, settings, budget) {}

  /// The batches that follow come from this source.
  void enter(const std::string& source) { points_.enter(source); }
  /// Learns from frames that will be replayed what their senders do with checksums.
  void learn(const capture::Batch& batch);
  /// Batches between two calls of release().
  static constexpr uint32_t kMostBatches = 16;
  /// Decodes a batch, tells what no flow will tell, and calls `take(arrival)` for each segment.
  template <class Take>
  void take_in(const capture::Batch& batch, Outlet& outlet, Take&& take) {
    const capture::Frame* const end = batch.frames.data() + batch.count;
    for (const capture::Frame* frame = batch.frames.data(); frame != end; ++frame) {
      if (frame + 1 != end) __builtin_prefetch(frame[1].octets.data);
      const Timestamp time =
          stamps_.believe(frame->time, frame + 1 != end ? &frame[1].time : nullptr);
      clock_.advance(time);
      wire::Packet& packet = packets_[count_];
      const auto status = decoder_.decode(head_of(*frame, time), frame->octets, packet);
      if (status == wire::DecodeStatus::tcp) {
        take(Arrival{&packet, ++count_, points_.point(frame->interface)});
      } else if (status == wire::DecodeStatus::duplicate) {
        points_.duplicate(frame->interface);
      }
    }
    if (!decoder_.notices().waiting().empty()) tell_notices(outlet);
  }
  /// The place of the last packet.
  uint32_t last_place() const noexcept { return count_; }
  /// All workers have done with the packets. Time goes on to the tick of the last batch.
  void release(const capture::Batch& batch);

  /// What follows may begin at any other time.
  void restart() noexcept;

  Timestamp now() const noexcept { return clock_.now(); }
  uint64_t packets() const noexcept { return decoder_.counters().packets; }
  /// Packets of link types that nothing here can open.
  uint64_t unknown_link() const noexcept { return decoder_.counters().unknown_link; }
  const wire::VlanWatch& vlans() const noexcept { return decoder_.vlans(); }
  CapturePoints& points() noexcept { return points_; }
  void add_to(report::StatsBody& stats) const;

 private:
  static wire::FrameHead head_of(const capture::Frame& frame, Timestamp time) noexcept {
    return {time, frame.number, frame.wire_octets, frame.link_type};
  }
  void tell_notices(Outlet& outlet);

  PacketStamps stamps_;
  PacketClock clock_;
  wire::Decoder decoder_;
  CapturePoints points_;
  std::array<wire::Packet, kMostBatches * capture::Batch::kCapacity> packets_;
  uint32_t count_ = 0;
  uint64_t notices_told_ = 0;
};

}  // namespace exwire::app
