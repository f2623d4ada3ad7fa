// SPDX-License-Identifier: BSD-3-Clause
// One direction's octets in order. A segment that is next in line goes to the reader as a view of
// the frame; copied is only what the reader left unconsumed and what arrived out of order. Skip
// credit: octets the reader does not want are counted in any order and never kept. A hole the
// receiver has acknowledged was lost by the capture, not by the network: it is given up, and the
// reader is told; octets are never joined across it.
#pragma once

#include <algorithm>
#include <cstdint>

#include "sensor/base/bytes.hpp"
#include "sensor/base/memory.hpp"
#include "sensor/flow/flow.hpp"
#include "sensor/flow/out_of_order.hpp"

namespace exwire::flow {

struct ReassemblyCounters {
  uint64_t out_of_order = 0, overlaps = 0, conflicts = 0;
  uint64_t gaps = 0, gap_octets = 0, shed = 0;
};

/// What the reader of a stream answers, see ExwireProgress. `stop`: wants no more of it.
struct ReadAnswer {
  uint32_t consumed = 0;
  uint32_t need = 0;
  uint64_t skip = 0;
  bool stop = false;
};

/// Where a stream goes.
class StreamReader {
 public:
  virtual ~StreamReader() = default;
  virtual ReadAnswer read(Bytes octets) = 0;
  /// The last word on octets that waited for others, which are lost: read, they will not be offered
  /// again.
  virtual ReadAnswer read_before_gap(Bytes) { return {}; }
  /// False: cannot go on behind the gap.
  virtual bool gap(uint64_t missing) = 0;
  /// Octets differ from those stored: `octets` at `offset` are the copy that is not read, or the
  /// segment it was part of.
  virtual void conflict(int64_t offset, Bytes octets) = 0;
  /// How the receiver of this stream treats overlaps.
  virtual OverlapPolicy overlap_policy() const { return OverlapPolicy::first; }
  /// Most octets to be kept unconsumed.
  virtual uint32_t most_pending() const = 0;
};

class Reassembler {
 public:
  Reassembler() noexcept {}  // NOLINT: otherwise two of them are cleared by a slow instruction

  /// Hands on a segment. `offset`: of its first octet in the stream. `claimed`: its length on the
  /// wire; what lies beyond `octets` was cut off by the capture and is a gap.
  void segment(DirectionState& side, int64_t offset, Bytes octets, uint32_t claimed,
               StreamReader& reader, BufferPool& pool, ReassemblyCounters& counters,
               int64_t now_ns);
  /// An octet that belongs to the sequence but not to the stream (urgent data, RFC 6093 3.1).
  void omit(DirectionState& side, int64_t offset, StreamReader& reader, BufferPool& pool,
            int64_t now_ns);
  /// Gives the first hole up and goes on behind it.
  void give_up_hole(DirectionState& side, StreamReader& reader, BufferPool& pool,
                    ReassemblyCounters& counters, int64_t now_ns);
  /// Offers pending octets again: to a reader that has just become able to read them.
  void offer_pending(StreamReader& reader, BufferPool& pool);
  void clear(BufferPool& pool) noexcept {
    if (buffer_ != nullptr) drop_pending(pool);
    early_.clear(pool);
  }

  bool has_hole() const noexcept { return !early_.empty(); }
  uint64_t early_octets() const noexcept { return early_.stored(); }
  int64_t hole_since_ns() const noexcept { return hole_since_ns_; }
  Bytes pending() const noexcept { return {buffer_ + begin_, end_ - begin_}; }
  bool idle() const noexcept { return begin_ == end_ && early_.empty(); }
  bool stopped() const noexcept { return stopped_; }
  uint64_t skip_left() const noexcept { return skip_; }
  void set_skip(uint64_t octets) noexcept { skip_ = octets; }
  void set_need(uint32_t octets) noexcept { need_ = octets; }

 private:
  void in_order(DirectionState& side, Bytes octets, StreamReader& reader, BufferPool& pool);
  void lose(DirectionState& side, uint64_t octets, StreamReader& reader, BufferPool& pool,
            ReassemblyCounters& counters);
  void keep_early(uint64_t offset, Bytes octets, uint32_t claimed, DirectionState& side,
                  StreamReader& reader, BufferPool& pool, ReassemblyCounters& counters,
                  int64_t now_ns);
  OutOfOrder::Kept store(uint64_t offset, Bytes octets, const SentSegment& sent,
                         OverlapPolicy policy, StreamReader& reader, BufferPool& pool,
                         ReassemblyCounters& counters);
  void drain_early(DirectionState& side, StreamReader& reader, BufferPool& pool, int64_t now_ns);
  bool take_answer(const ReadAnswer& answer, BufferPool& pool) noexcept;
  bool append(Bytes octets, const StreamReader& reader, BufferPool& pool);
  void read_pending(StreamReader& reader, BufferPool& pool);
  void drop_pending(BufferPool& pool) noexcept;
  void stop(BufferPool& pool) noexcept;

  OutOfOrder early_;
  uint8_t* buffer_ = nullptr;  ///< unconsumed octets [begin_, end_)
  uint32_t capacity_ = 0, begin_ = 0, end_ = 0;
  uint32_t need_ = 0;
  bool stopped_ = false;
  uint64_t skip_ = 0;
  int64_t hole_since_ns_ = 0;
};

}  // namespace exwire::flow
