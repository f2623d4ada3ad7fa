// SPDX-License-Identifier: BSD-3-Clause
#include "sensor/flow/reassembler.hpp"

#include <array>
#include <cstring>

namespace exwire::flow {

void Reassembler::segment(DirectionState& side, int64_t offset, Bytes octets, uint32_t claimed,
                          StreamReader& reader, BufferPool& pool, ReassemblyCounters& counters,
                          int64_t now_ns) {
  const auto position = static_cast<int64_t>(side.stream_octets);
  const int64_t end = offset + claimed;
  if (end <= position) return;
  if (offset == position && octets.size == claimed && early_.empty()) {  // nearly always
    in_order(side, octets, reader, pool);
    return;
  }
  const SentSegment sent{offset, claimed};
  const Bytes whole = octets;
  if (offset < position) {
    const auto old = static_cast<uint32_t>(position - offset);
    octets = octets.from(old);
    claimed -= old;
    offset = position;
    ++counters.overlaps;
  }
  if (offset > position) {
    keep_early(static_cast<uint64_t>(offset), octets, claimed, side, reader, pool, counters,
               now_ns);
    return;
  }
  if (!early_.empty() && early_.first().start < side.stream_octets + claimed &&
      octets.size == claimed) {
    const OverlapPolicy policy = reader.overlap_policy();
    if (policy != OverlapPolicy::first && store(side.stream_octets, octets, sent, policy, reader,
                                                pool, counters) != OutOfOrder::Kept::full) {
      ++counters.overlaps;
      drain_early(side, reader, pool, now_ns);
      return;
    }
  }
  // What arrived early and overlaps wins over this copy (policy `first`).
  bool told = false;
  while (!early_.empty() && early_.first().start < side.stream_octets + claimed) {
    const OutOfOrder::Range range = early_.first();
    const auto before = static_cast<uint32_t>(range.start - side.stream_octets);
    const Bytes part = octets.first(before);
    in_order(side, part, reader, pool);
    if (part.size < before) lose(side, before - part.size, reader, pool, counters);
    octets = octets.from(before);
    claimed -= before;
    ++counters.overlaps;
    const auto shared = static_cast<uint32_t>(std::min<uint64_t>(claimed, range.size));
    if (!told && !range.counted_only && early_.differs(range.start, octets.first(shared))) {
      told = true;
      ++counters.conflicts;
      reader.conflict(sent.start, whole);
    }
    drain_early(side, reader, pool, now_ns);
    const auto passed = std::min<uint64_t>(claimed, side.stream_octets - range.start);
    octets = octets.from(static_cast<uint32_t>(passed));
    claimed -= static_cast<uint32_t>(passed);
    if (claimed == 0) return;
  }
  in_order(side, octets, reader, pool);
  if (octets.size < claimed) lose(side, claimed - octets.size, reader, pool, counters);
  drain_early(side, reader, pool, now_ns);
}

void Reassembler::keep_early(uint64_t offset, Bytes octets, uint32_t claimed, DirectionState& side,
                             StreamReader& reader, BufferPool& pool, ReassemblyCounters& counters,
                             int64_t now_ns) {
  ++counters.out_of_order;
  if (early_.empty()) hole_since_ns_ = now_ns;
  const bool unread = offset + claimed <= side.stream_octets + skip_;
  const SentSegment sent{static_cast<int64_t>(offset), claimed};
  const OverlapPolicy policy = reader.overlap_policy();
  OutOfOrder::Kept kept = unread ? early_.cover(offset, claimed, pool)
                                 : store(offset, octets, sent, policy, reader, pool, counters);
  if (kept == OutOfOrder::Kept::full) {
    // No room to wait any longer: the hole is skipped rather than the flow dropped.
    ++counters.shed;
    if (!early_.empty()) give_up_hole(side, reader, pool, counters, now_ns);
    if (offset <= side.stream_octets) {
      segment(side, static_cast<int64_t>(offset), octets, claimed, reader, pool, counters, now_ns);
      return;
    }
    kept = store(offset, octets, sent, policy, reader, pool, counters);
    if (kept == OutOfOrder::Kept::full && early_.empty()) {
      lose(side, offset - side.stream_octets, reader, pool, counters);
      in_order(side, octets, reader, pool);
    }
  }
}

// Stores octets by the receiver's policy and tells of a copy that differs. Where the later copy may
// win, the stored one is shown as well, as far as 2 KiB reach: one of the two will not be read.
OutOfOrder::Kept Reassembler::store(uint64_t offset, Bytes octets, const SentSegment& sent,
                                    OverlapPolicy policy, StreamReader& reader, BufferPool& pool,
                                    ReassemblyCounters& counters) {
  std::array<uint8_t, OutOfOrder::kPage> older;
  const OutOfOrder::Stored stored = policy == OverlapPolicy::first
                                        ? OutOfOrder::Stored{}
                                        : early_.copy(offset, octets.size, older);
  const OutOfOrder::Kept kept = early_.keep(offset, octets, sent, policy, pool);
  if (kept == OutOfOrder::Kept::conflict) {
    ++counters.conflicts;
    reader.conflict(static_cast<int64_t>(offset), octets);
    if (stored.size > 0) {
      reader.conflict(static_cast<int64_t>(stored.offset), {older.data(), stored.size});
    }
  }
  return kept;
}

void Reassembler::omit(DirectionState& side, int64_t offset, StreamReader& reader, BufferPool& pool,
                       int64_t now_ns) {
  const auto position = static_cast<int64_t>(side.stream_octets);
  if (offset < position) return;
  if (offset > position) {
    if (early_.empty()) hole_since_ns_ = now_ns;
    early_.cover(static_cast<uint64_t>(offset), 1, pool);
    return;
  }
  side.advance(1);
  skip_ -= std::min<uint64_t>(skip_, 1);
  drain_early(side, reader, pool, now_ns);
}

void Reassembler::give_up_hole(DirectionState& side, StreamReader& reader, BufferPool& pool,
                               ReassemblyCounters& counters, int64_t now_ns) {
  lose(side, early_.first().start - side.stream_octets, reader, pool, counters);
  drain_early(side, reader, pool, now_ns);
}

void Reassembler::lose(DirectionState& side, uint64_t octets, StreamReader& reader,
                       BufferPool& pool, ReassemblyCounters& counters) {
  ++counters.gaps;
  counters.gap_octets += octets;
  side.advance(octets);
  const uint64_t unread = std::min(octets, skip_);
  skip_ -= unread;
  if (unread == octets || stopped_) return;  // the reader misses nothing
  const bool stopped = begin_ != end_ && reader.read_before_gap(pending()).stop;
  drop_pending(pool);
  if (stopped || !reader.gap(octets - unread)) stop(pool);
}

// Hands on what has become next in line.
void Reassembler::drain_early(DirectionState& side, StreamReader& reader, BufferPool& pool,
                              int64_t now_ns) {
  while (!early_.empty() && early_.first().start <= side.stream_octets) {
    const OutOfOrder::Range range = early_.first();
    if (range.counted_only) {
      const uint64_t passed = range.end() - side.stream_octets;
      side.advance(passed);
      skip_ -= std::min(skip_, passed);
    }
    while (side.stream_octets < range.end()) {
      in_order(side, early_.view(side.stream_octets), reader, pool);
    }
    early_.pop_first(pool);
    hole_since_ns_ = now_ns;
  }
}

// True while there is more to be read at once.
bool Reassembler::take_answer(const ReadAnswer& answer, BufferPool& pool) noexcept {
  if (answer.stop) {
    stop(pool);
    return false;
  }
  need_ = answer.need;
  skip_ = answer.skip;
  return answer.consumed > 0 || answer.skip > 0;
}

void Reassembler::in_order(DirectionState& side, Bytes octets, StreamReader& reader,
                           BufferPool& pool) {
  side.advance(octets.size);
  while (!octets.empty() && !stopped_) {
    if (skip_ > 0) {
      const auto passed = static_cast<uint32_t>(std::min<uint64_t>(skip_, octets.size));
      skip_ -= passed;
      octets = octets.from(passed);
    } else if (begin_ == end_) {
      const ReadAnswer answer = reader.read(octets);
      const bool again = take_answer(answer, pool);
      octets = octets.from(answer.consumed);
      if (!again) {
        if (!stopped_ && !append(octets, reader, pool)) stop(pool);
        return;
      }
    } else {
      // Only as much as the reader asked for, and never more than it keeps: what follows may then
      // be read from the frame.
      constexpr uint32_t kStep = 2048;
      const uint32_t have = end_ - begin_, most = reader.most_pending();
      const uint32_t step = have < most ? std::min(kStep, most - have) : kStep;
      const uint32_t wanted = need_ > have ? need_ - have : step;
      const Bytes part = octets.first(wanted);
      octets = octets.from(part.size);
      if (!append(part, reader, pool)) {
        stop(pool);
        return;
      }
      read_pending(reader, pool);
    }
  }
}

void Reassembler::read_pending(StreamReader& reader, BufferPool& pool) {
  while (begin_ != end_ && !stopped_) {
    if (skip_ > 0) {
      const auto passed = static_cast<uint32_t>(std::min<uint64_t>(skip_, end_ - begin_));
      skip_ -= passed;
      begin_ += passed;
      continue;
    }
    if (end_ - begin_ < need_) return;
    const ReadAnswer answer = reader.read(pending());
    const bool again = take_answer(answer, pool);
    if (stopped_) return;
    begin_ += answer.consumed;
    if (!again) return;
  }
  if (begin_ == end_) drop_pending(pool);
}

void Reassembler::offer_pending(StreamReader& reader, BufferPool& pool) {
  need_ = 0;
  read_pending(reader, pool);
}

bool Reassembler::append(Bytes octets, const StreamReader& reader, BufferPool& pool) {
  const uint32_t have = end_ - begin_;
  const uint64_t total = uint64_t{have} + octets.size;
  if (total > reader.most_pending()) return false;
  if (total > capacity_) {
    const uint32_t capacity = BufferPool::capacity_for(static_cast<uint32_t>(total));
    uint8_t* larger = capacity != 0 ? pool.take(capacity) : nullptr;
    if (larger == nullptr) return false;
    if (have > 0) std::memcpy(larger, buffer_ + begin_, have);
    if (buffer_ != nullptr) pool.give(buffer_, capacity_);
    buffer_ = larger;
    capacity_ = capacity;
    begin_ = 0;
    end_ = have;
  } else if (end_ + octets.size > capacity_) {
    std::memmove(buffer_, buffer_ + begin_, have);
    begin_ = 0;
    end_ = have;
  }
  if (!octets.empty()) std::memcpy(buffer_ + end_, octets.data, octets.size);
  end_ += octets.size;
  return true;
}

void Reassembler::drop_pending(BufferPool& pool) noexcept {
  if (buffer_ != nullptr) pool.give(buffer_, capacity_);
  buffer_ = nullptr;
  capacity_ = begin_ = end_ = need_ = 0;
}

void Reassembler::stop(BufferPool& pool) noexcept {
  stopped_ = true;
  drop_pending(pool);
}

}  // namespace exwire::flow
