// SPDX-License-Identifier: BSD-3-Clause
// Keeps the process alive when somebody shortens a mapped file (tcpdump -W does when its ring comes
// round) or its disk fails: a look beyond the new end raises SIGBUS. Asking for the size before is
// not enough, the file can shrink in between. As libwayland does for shared buffers, the rest of
// the map is replaced by zeros and the fault noted. Faults elsewhere go where they went before.
#pragma once

#include <cstddef>

namespace exwire::capture {

class MapGuard {
 public:
  MapGuard(void* begin, size_t size) noexcept;
  MapGuard(const MapGuard&) = delete;
  MapGuard& operator=(const MapGuard&) = delete;
  ~MapGuard() { release(); }

  /// Whether zeros stand where octets could not be had.
  bool hit() const noexcept;
  /// Call before unmapping.
  void release() noexcept;

 private:
  int place_ = -1;  ///< in the table of guarded maps; -1: it was full, this map is not guarded
};

}  // namespace exwire::capture
