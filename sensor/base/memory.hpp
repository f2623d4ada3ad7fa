// SPDX-License-Identifier: BSD-3-Clause
// Memory of the packet path: everything comes from slabs and buffer classes that are charged to one
// Budget and given back to free lists, never to the system allocator. A refusal is an ordinary
// answer that the caller counts; it is never a crash.
#pragma once

#include <array>
#include <bit>
#include <cassert>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <new>
#include <type_traits>
#include <vector>

#include "sensor/base/page_array.hpp"

namespace exwire {

/// What all tables together may hold, in octets.
class Budget {
 public:
  explicit Budget(size_t limit) noexcept : limit_(limit) {}
  bool take(size_t octets) noexcept {
    if (octets > limit_ - used_) {
      ++refusals_;
      return false;
    }
    used_ += octets;
    return true;
  }
  void give(size_t octets) noexcept { used_ -= octets; }
  size_t used() const noexcept { return used_; }
  size_t limit() const noexcept { return limit_; }
  uint64_t refusals() const noexcept { return refusals_; }

 private:
  size_t limit_;
  size_t used_ = 0;
  uint64_t refusals_ = 0;
};

/// Fixed-size records addressed by 32-bit handles; 0 is no record. They are charged in chunks that
/// are never given back: the peak is what the budget was sized for.
template <class T>
class Slab {
  static_assert(std::is_trivially_destructible_v<T>);
  static constexpr uint32_t kPerChunk =
      std::bit_floor(static_cast<uint32_t>(sizeof(T) >= (1U << 20) ? 1 : (1U << 20) / sizeof(T)));

 public:
  Slab(Budget& budget, uint32_t most) : budget_(budget), most_(most), records_(size_t{most} + 1) {}

  /// A default-constructed record, or 0 when full.
  uint32_t take() {
    uint32_t handle = free_head_;
    if (handle != 0) {
      std::memcpy(&free_head_, storage(handle), sizeof free_head_);
    } else {
      if (in_use_ >= most_) return 0;
      if (next_ >= charged_) {
        if (!budget_.take(kPerChunk * sizeof(T))) return 0;
        charged_ += kPerChunk;
        if (next_ == 0) next_ = 1;  // handle 0 stays nobody's
      }
      handle = next_++;
    }
    ++in_use_;
    ::new (storage(handle)) T();
    return handle;
  }
  void give(uint32_t handle) noexcept {
    std::memcpy(storage(handle), &free_head_, sizeof free_head_);
    free_head_ = handle;
    --in_use_;
  }
  T& operator[](uint32_t handle) noexcept {
    return *std::launder(reinterpret_cast<T*>(storage(handle)));
  }
  const T& operator[](uint32_t handle) const noexcept { return const_cast<Slab&>(*this)[handle]; }
  /// The handle of a record, 0 for what stands elsewhere.
  uint32_t handle_of(const T& record) const noexcept {
    const auto distance =
        reinterpret_cast<uintptr_t>(&record) - reinterpret_cast<uintptr_t>(records_.begin());
    return distance < next_ * sizeof(T) ? static_cast<uint32_t>(distance / sizeof(T)) : 0;
  }
  void prefetch(uint32_t handle) const noexcept {
    constexpr size_t kCacheLine = 64;
    for (size_t at = 0; at < sizeof(T); at += kCacheLine) {
      __builtin_prefetch(records_[handle].octets + at, 1);
    }
  }
  uint32_t in_use() const noexcept { return in_use_; }
  /// All handles ever taken are smaller.
  uint32_t bound() const noexcept { return next_; }

 private:
  struct alignas(T) Storage {
    std::byte octets[sizeof(T)];
  };
  static_assert(sizeof(T) >= sizeof(uint32_t));

  std::byte* storage(uint32_t handle) noexcept {
    assert(handle != 0 && handle < next_);
    return records_[handle].octets;
  }

  Budget& budget_;
  uint32_t most_;
  uint32_t next_ = 0, free_head_ = 0, in_use_ = 0;
  size_t charged_ = 0;  ///< records
  PageArray<Storage> records_;
};

/// Octet buffers in classes of 2 KiB, 8 KiB, 32 KiB and 128 KiB.
class BufferPool {
 public:
  static constexpr uint32_t kSmallest = 2048;
  static constexpr uint32_t kLargest = 128 * 1024;

  explicit BufferPool(Budget& budget) : budget_(budget) {}
  BufferPool(const BufferPool&) = delete;
  BufferPool& operator=(const BufferPool&) = delete;
  ~BufferPool() {
    for (size_t which = 0; which < free_.size(); ++which) {
      for (uint8_t* buffer : free_[which]) delete[] buffer;
    }
  }

  /// The capacity of the class that holds `octets`, 0 when none does.
  static constexpr uint32_t capacity_for(uint32_t octets) noexcept {
    uint32_t capacity = kSmallest;
    while (capacity < octets) capacity *= 4;
    return capacity <= kLargest ? capacity : 0;
  }
  /// Null when the budget refuses. `capacity` is an answer of capacity_for().
  uint8_t* take(uint32_t capacity) {
    auto& free = free_[class_of(capacity)];
    if (!free.empty()) {
      uint8_t* buffer = free.back();
      free.pop_back();
      return buffer;
    }
    if (!budget_.take(capacity)) return nullptr;
    if (free.capacity() < ++made_[class_of(capacity)]) free.reserve(2 * free.capacity() + 16);
    return new uint8_t[capacity];
  }
  void give(uint8_t* buffer, uint32_t capacity) noexcept {
    free_[class_of(capacity)].push_back(buffer);  // reserved when the buffer was made
  }

 private:
  static constexpr size_t class_of(uint32_t capacity) noexcept {
    return static_cast<size_t>(std::countr_zero(capacity / kSmallest)) / 2;
  }
  Budget& budget_;
  std::array<std::vector<uint8_t*>, 4> free_;
  std::array<size_t, 4> made_{};
};

}  // namespace exwire
