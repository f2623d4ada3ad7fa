// SPDX-License-Identifier: BSD-3-Clause
// Octets of one direction that arrived before their turn: sorted, disjoint ranges, and their octets
// in pages by stream offset, so that neighbours merge without moving a single octet. Which copy of
// an octet stays is the receiver's overlap policy; a copy that differs is told.
// Bounded: 1 MiB of pages and 1,024 ranges, all charged to the budget.
#pragma once

#include <array>
#include <cstdint>

#include "sensor/base/bytes.hpp"
#include "sensor/base/memory.hpp"
#include "sensor/flow/overlap.hpp"

namespace exwire::flow {

class OutOfOrder {
 public:
  static constexpr uint32_t kPage = BufferPool::kSmallest;
  static constexpr uint32_t kMostRanges = 1024;
  static constexpr uint32_t kMostPages = 512;

  struct Stored {
    uint64_t offset = 0;
    uint32_t size = 0;
  };
  enum class Kept : uint8_t { all, conflict, full };

  struct Range {
    uint64_t start;
    uint32_t size;
    bool counted_only;  ///< lies in a part nobody reads: covered, octets not kept
    SentSegment sent;   ///< the segment it came in, where the policy asks for it
    uint64_t end() const noexcept { return start + size; }
  };

  bool empty() const noexcept { return range_count_ == 0; }
  const Range& first() const noexcept { return ranges()[0]; }
  uint64_t stored() const noexcept { return uint64_t{page_count_} * kPage; }

  /// Keeps what of [offset, offset + octets.size) is not there yet, or wins over what is. `sent`:
  /// the segment the octets are part of. `full`: not all of it was kept.
  Kept keep(uint64_t offset, Bytes octets, const SentSegment& sent, OverlapPolicy policy,
            BufferPool& pool);
  /// Copies out the stored octets of the first range that [offset, offset + size) touches.
  Stored copy(uint64_t offset, uint32_t size, std::array<uint8_t, kPage>& to) const noexcept;
  /// Remembers a stretch as covered without its octets.
  Kept cover(uint64_t offset, uint32_t size, BufferPool& pool);
  /// Octets of the first range from `offset` on, up to the end of their page.
  Bytes view(uint64_t offset) const noexcept;
  /// Whether `octets` at `offset` differ from what is stored there.
  bool differs(uint64_t offset, Bytes octets) const noexcept;
  /// Takes the first range out and lets go of pages that lie before its end.
  void pop_first(BufferPool& pool) noexcept;
  void clear(BufferPool& pool) noexcept {
    if (range_buffer_ != nullptr || page_buffer_ != nullptr) give_back(pool);
  }

 private:
  struct Page {
    uint64_t number;
    uint8_t* octets;
  };
  // Both arrays live in pool buffers of a fixed class: present only while there is a hole.
  static constexpr uint32_t kRangeBuffer = 32 * 1024;
  static constexpr uint32_t kPageBuffer = 8 * 1024;
  static_assert(kMostRanges * sizeof(Range) <= kRangeBuffer);
  static_assert(kMostPages * sizeof(Page) <= kPageBuffer);

  Range* ranges() const noexcept { return reinterpret_cast<Range*>(range_buffer_); }
  Page* pages() const noexcept { return reinterpret_cast<Page*>(page_buffer_); }
  bool reserve(BufferPool& pool);
  void give_back(BufferPool& pool) noexcept;
  uint32_t lower_range(uint64_t offset) const noexcept;
  uint8_t* page(uint64_t number) const noexcept;
  uint8_t* make_page(uint64_t number, BufferPool& pool);
  bool write(uint64_t offset, Bytes octets, BufferPool& pool);
  Kept add(Range added, const uint8_t* octets, OverlapPolicy policy, BufferPool& pool);
  void replace(uint32_t at, const Range& winner, Bytes octets, BufferPool& pool);
  void insert(uint32_t at, Range range) noexcept;
  void merge_around(uint32_t at) noexcept;
  void drop_pages_before(uint64_t offset, BufferPool& pool) noexcept;

  uint8_t* range_buffer_ = nullptr;
  uint8_t* page_buffer_ = nullptr;
  uint32_t range_count_ = 0;
  uint32_t page_count_ = 0;
};

}  // namespace exwire::flow
