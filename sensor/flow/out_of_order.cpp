// SPDX-License-Identifier: BSD-3-Clause
#include "sensor/flow/out_of_order.hpp"

#include <algorithm>
#include <cstring>

namespace exwire::flow {

bool OutOfOrder::reserve(BufferPool& pool) {
  if (range_buffer_ == nullptr) range_buffer_ = pool.take(kRangeBuffer);
  if (page_buffer_ == nullptr) page_buffer_ = pool.take(kPageBuffer);
  return range_buffer_ != nullptr && page_buffer_ != nullptr;
}

// Index of the first range that ends behind `offset`.
uint32_t OutOfOrder::lower_range(uint64_t offset) const noexcept {
  const Range* begin = ranges();
  const Range* found = std::partition_point(
      begin, begin + range_count_, [&](const Range& range) { return range.end() <= offset; });
  return static_cast<uint32_t>(found - begin);
}

uint8_t* OutOfOrder::page(uint64_t number) const noexcept {
  const Page* begin = pages();
  const Page* end = begin + page_count_;
  const Page* found =
      std::partition_point(begin, end, [&](const Page& page) { return page.number < number; });
  return found != end && found->number == number ? found->octets : nullptr;
}

uint8_t* OutOfOrder::make_page(uint64_t number, BufferPool& pool) {
  if (uint8_t* known = page(number)) return known;
  if (page_count_ == kMostPages) return nullptr;
  uint8_t* octets = pool.take(kPage);
  if (octets == nullptr) return nullptr;
  Page* begin = pages();
  Page* at = std::partition_point(begin, begin + page_count_,
                                  [&](const Page& page) { return page.number < number; });
  std::move_backward(at, begin + page_count_, begin + page_count_ + 1);
  *at = {number, octets};
  ++page_count_;
  return octets;
}

bool OutOfOrder::write(uint64_t offset, Bytes octets, BufferPool& pool) {
  while (!octets.empty()) {
    const auto within = static_cast<uint32_t>(offset % kPage);
    const uint32_t part = std::min(octets.size, kPage - within);
    uint8_t* to = make_page(offset / kPage, pool);
    if (to == nullptr) return false;
    std::memcpy(to + within, octets.data, part);
    offset += part;
    octets = octets.from(part);
  }
  return true;
}

OutOfOrder::Kept OutOfOrder::keep(uint64_t offset, Bytes octets, const SentSegment& sent,
                                  OverlapPolicy policy, BufferPool& pool) {
  // Neighbours merge unless the policy will ask where they came from.
  const SentSegment from = asks_for_segment(policy) ? sent : SentSegment{};
  return add({offset, octets.size, false, from}, octets.data, policy, pool);
}

OutOfOrder::Kept OutOfOrder::cover(uint64_t offset, uint32_t size, BufferPool& pool) {
  return add({offset, size, true, {}}, nullptr, OverlapPolicy::first, pool);
}

OutOfOrder::Kept OutOfOrder::add(Range added, const uint8_t* octets, OverlapPolicy policy,
                                 BufferPool& pool) {
  if (!reserve(pool)) return Kept::full;
  Kept result = Kept::all;
  uint64_t offset = added.start;
  const uint64_t end = added.end();
  while (offset < end) {
    const uint32_t at = lower_range(offset);
    const bool covered = at < range_count_ && ranges()[at].start <= offset;
    if (covered) {
      const Range& old = ranges()[at];
      const auto part = static_cast<uint32_t>(std::min(end, old.end()) - offset);
      if (octets != nullptr) {
        if (!old.counted_only) {
          if (differs(offset, {octets, part})) result = Kept::conflict;
          if (later_wins(policy, old.sent, added.sent)) {
            replace(at, {offset, part, false, added.sent}, {octets, part}, pool);
          }
        }
        octets += part;
      }
      offset += part;
      continue;
    }
    const uint64_t stop = at < range_count_ ? std::min(end, ranges()[at].start) : end;
    const auto part = static_cast<uint32_t>(stop - offset);
    if (range_count_ == kMostRanges) return Kept::full;
    if (octets != nullptr) {
      if (!write(offset, {octets, part}, pool)) return Kept::full;
      octets += part;
    }
    insert(at, {offset, part, octets == nullptr, added.sent});
    merge_around(at);
    offset = stop;
  }
  return result;
}

// The octets of a part of the range at `at` give way to a later copy; what is left of the range on
// either side keeps the segment it came in. Without room for the pieces the older copy stays.
void OutOfOrder::replace(uint32_t at, const Range& winner, Bytes octets, BufferPool& pool) {
  const Range old = ranges()[at];
  const bool split = old.sent != winner.sent;
  const bool before = split && old.start < winner.start;
  const bool behind = split && winner.end() < old.end();
  if (range_count_ + (before ? 1U : 0U) + (behind ? 1U : 0U) > kMostRanges) return;
  if (!write(winner.start, octets, pool)) return;
  if (!split) return;
  if (behind) {
    const auto left = static_cast<uint32_t>(old.end() - winner.end());
    insert(at + 1, {winner.end(), left, false, old.sent});
  }
  if (before) {
    ranges()[at].size = static_cast<uint32_t>(winner.start - old.start);
    insert(++at, winner);
  } else {
    ranges()[at] = winner;
  }
  merge_around(at);
}

void OutOfOrder::insert(uint32_t at, Range range) noexcept {
  Range* begin = ranges();
  std::move_backward(begin + at, begin + range_count_, begin + range_count_ + 1);
  begin[at] = range;
  ++range_count_;
}

// Joins the range at `at` with the neighbours it touches, when they are of the same kind, of the
// same segment where that matters, and the sum still fits 32 bits.
void OutOfOrder::merge_around(uint32_t at) noexcept {
  Range* all = ranges();
  const auto join = [&](uint32_t left) {
    const uint64_t sum = uint64_t{all[left].size} + all[left + 1].size;
    if (all[left].end() != all[left + 1].start || sum > 0x7fffffff ||
        all[left].counted_only != all[left + 1].counted_only ||
        all[left].sent != all[left + 1].sent) {
      return;
    }
    all[left].size = static_cast<uint32_t>(sum);
    std::move(all + left + 2, all + range_count_, all + left + 1);
    --range_count_;
  };
  if (at + 1 < range_count_) join(at);
  if (at > 0) join(at - 1);
}

Bytes OutOfOrder::view(uint64_t offset) const noexcept {
  const auto within = static_cast<uint32_t>(offset % kPage);
  const auto left = static_cast<uint32_t>(std::min<uint64_t>(first().end() - offset, kPage));
  return {page(offset / kPage) + within, std::min(left, kPage - within)};
}

bool OutOfOrder::differs(uint64_t offset, Bytes octets) const noexcept {
  while (!octets.empty()) {
    const auto within = static_cast<uint32_t>(offset % kPage);
    const uint32_t part = std::min(octets.size, kPage - within);
    const uint8_t* stored = page(offset / kPage);
    if (stored != nullptr && std::memcmp(stored + within, octets.data, part) != 0) return true;
    offset += part;
    octets = octets.from(part);
  }
  return false;
}

OutOfOrder::Stored OutOfOrder::copy(uint64_t offset, uint32_t size,
                                    std::array<uint8_t, kPage>& to) const noexcept {
  if (empty()) return {};
  const uint32_t at = lower_range(offset);
  if (at == range_count_) return {};
  const Range& range = ranges()[at];
  if (range.start >= offset + size || range.counted_only) return {};
  Stored stored{range.start, std::min(range.size, kPage)};
  for (uint32_t done = 0; done < stored.size;) {
    const uint64_t from = stored.offset + done;
    const auto within = static_cast<uint32_t>(from % kPage);
    const uint32_t part = std::min(stored.size - done, kPage - within);
    std::memcpy(to.data() + done, page(from / kPage) + within, part);
    done += part;
  }
  return stored;
}

void OutOfOrder::pop_first(BufferPool& pool) noexcept {
  const uint64_t end = first().end();
  Range* begin = ranges();
  std::move(begin + 1, begin + range_count_, begin);
  --range_count_;
  if (range_count_ == 0) {
    clear(pool);
  } else {
    drop_pages_before(end, pool);
  }
}

void OutOfOrder::drop_pages_before(uint64_t offset, BufferPool& pool) noexcept {
  Page* begin = pages();
  uint32_t dropped = 0;
  while (dropped < page_count_ && (begin[dropped].number + 1) * kPage <= offset) {
    pool.give(begin[dropped++].octets, kPage);
  }
  std::move(begin + dropped, begin + page_count_, begin);
  page_count_ -= dropped;
}

void OutOfOrder::give_back(BufferPool& pool) noexcept {
  for (uint32_t index = 0; index < page_count_; ++index) pool.give(pages()[index].octets, kPage);
  if (range_buffer_ != nullptr) pool.give(range_buffer_, kRangeBuffer);
  if (page_buffer_ != nullptr) pool.give(page_buffer_, kPageBuffer);
  *this = OutOfOrder{};
}

}  // namespace exwire::flow
