// SPDX-License-Identifier: BSD-3-Clause
// Large tables, made once for the most they may ever hold: zeroed pages of the kernel, of which
// only those in use cost memory. They begin at a page, so records of whole cache lines never
// straddle.
#pragma once

#include <sys/mman.h>

#include <cstddef>
#include <new>
#include <type_traits>

namespace exwire {

template <class T>
class PageArray {
  static_assert(std::is_trivially_copyable_v<T> && std::is_trivially_destructible_v<T>);

 public:
  explicit PageArray(size_t count) : count_(count) {
    // Without reserve: what a table may hold at most is no promise to use it.
    constexpr int kFlags = MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE;
    void* pages = mmap(nullptr, octets(), PROT_READ | PROT_WRITE, kFlags, -1, 0);
    if (pages == MAP_FAILED) throw std::bad_alloc();
    first_ = static_cast<T*>(pages);
  }
  PageArray(const PageArray&) = delete;
  PageArray& operator=(const PageArray&) = delete;
  ~PageArray() { munmap(first_, octets()); }

  /// All zero again: its pages go back to the kernel.
  void clear() noexcept { madvise(first_, octets(), MADV_DONTNEED); }

  T& operator[](size_t index) noexcept { return first_[index]; }
  const T& operator[](size_t index) const noexcept { return first_[index]; }
  T* begin() noexcept { return first_; }
  T* end() noexcept { return first_ + count_; }
  const T* begin() const noexcept { return first_; }
  const T* end() const noexcept { return first_ + count_; }
  size_t size() const noexcept { return count_; }
  size_t octets() const noexcept { return count_ * sizeof(T); }

 private:
  size_t count_;
  T* first_ = nullptr;
};

}  // namespace exwire
