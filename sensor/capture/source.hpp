// SPDX-License-Identifier: BSD-3-Clause
// Where frames come from. A Source fills batches of views; the octets of a batch stay valid until
// the next call of next_batch() on the same source. Replay hands out views into the mapped file;
// live capture views into the kernel's or its own ring.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "sensor/base/bytes.hpp"
#include "sensor/base/result.hpp"
#include "sensor/base/time.hpp"

namespace exwire::capture {

/// One captured frame. `octets.size` is what was captured, `wire_octets` what was on the wire.
struct Frame {
  Timestamp time;
  Bytes octets;
  uint32_t wire_octets = 0;
  uint16_t link_type = 0;  ///< LINKTYPE_ value as registered by the tcpdump group
  uint16_t interface = 0;  ///< number of the interface within the source
  uint64_t number = 0;     ///< packet number within the file, from 1; live: since start
};

struct Batch {
  static constexpr uint32_t kCapacity = 64;
  /// A batch ends here, unless the time of its last frame jumps: then the next frame is taken, too,
  /// because it tells whether the jump is real.
  static constexpr uint32_t kFull = kCapacity - 4;
  std::array<Frame, kCapacity> frames;
  uint32_t count = 0;
  /// Live sources: the time of the tick, so that timers fire in silence. Replay leaves it empty.
  std::optional<Timestamp> tick;
};

enum class BatchStatus : uint8_t {
  frames,    ///< the batch holds frames (or only a tick)
  finished,  ///< no more frames will come; the batch may still hold the last ones
};

/// Counters of one source; what does not apply stays 0.
struct CaptureCounters {
  uint64_t frames = 0;    ///< handed out, after the filter
  uint64_t octets = 0;    ///< captured octets of those
  uint64_t filtered = 0;  ///< refused by the BPF filter
  uint64_t kernel_received = 0;
  uint64_t kernel_dropped = 0;
  uint64_t interface_dropped = 0;
  uint64_t loopback_copies = 0;  ///< second copies on `lo`, removed
  uint64_t cut_by_snaplen = 0;   ///< frames whose captured part is shorter than the wire's
  uint64_t odd_times = 0;        ///< fractions of a second above one second, normalised
  uint64_t odd_lengths = 0;      ///< captured more than is said to have been on the wire
  uint64_t bad_records = 0;      ///< packet records that could not be read
  uint64_t refused = 0;          ///< of `filtered`: the filter has no form for their link type
  uint64_t skipped = 0;          ///< entries of folders that are no captures
};

class Source {
 public:
  virtual ~Source() = default;
  virtual BatchStatus next_batch(Batch& batch) = 0;
  /// One more batch of the same file, while those since next_batch() stay valid. False: there is
  /// none, or they cannot; then next_batch() goes on.
  virtual bool one_more_batch(Batch&) { return false; }
  /// What is being read now: file name as given, or interface.
  virtual const std::string& name() const = 0;
  virtual CaptureCounters counters() const = 0;
  /// Why reading ended early, when it did: names the file and the packet.
  virtual const std::optional<Error>& failure() const = 0;
  /// Replay of a regular file: share of the input already read, 0..1, for a progress line.
  virtual std::optional<double> progress() const { return std::nullopt; }
  /// Asks a live source to return from a waiting next_batch() soon. Safe in a signal handler.
  virtual void stop() noexcept {}
};

}  // namespace exwire::capture
