// SPDX-License-Identifier: BSD-3-Clause
// The signal handler reads a fixed table of atomics and calls mmap(), a plain system call: nothing
// here is unsafe in a handler.
#include "sensor/capture/map_guard.hpp"

#include <signal.h>
#include <sys/mman.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <cerrno>
#include <cstdint>
#include <mutex>

namespace exwire::capture {
namespace {

struct Place {
  std::atomic<bool> taken{false}, hit{false};
  std::atomic<uintptr_t> begin{0}, end{0};
};
constexpr size_t kPlaces = 64;
std::array<Place, kPlaces> places;
struct sigaction action_before;
uintptr_t page_size = 4096;

bool replace_by_zeros(void* at) noexcept {
  const auto address = reinterpret_cast<uintptr_t>(at);
  for (Place& place : places) {
    const uintptr_t end = place.end.load(std::memory_order_acquire);
    if (end == 0 || address < place.begin.load(std::memory_order_relaxed) || address >= end) {
      continue;
    }
    const uintptr_t into_page = address % page_size;
    void* zeros = mmap(static_cast<char*>(at) - into_page, end - address + into_page, PROT_READ,
                       MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED | MAP_NORESERVE, -1, 0);
    place.hit.store(true, std::memory_order_release);
    return zeros != MAP_FAILED;
  }
  return false;
}

extern "C" void exwire_map_fault(int, siginfo_t* info, void*) {
  const int error_before = errno;
  // Not ours: the same instruction faults again under the action that was there before.
  if (!replace_by_zeros(info->si_addr)) {
    sigaction(SIGBUS, &action_before, nullptr);
  }
  errno = error_before;
}

void install_once() {
  static std::once_flag once;
  std::call_once(once, [] {
    page_size = static_cast<uintptr_t>(sysconf(_SC_PAGESIZE));
    struct sigaction action {};
    action.sa_sigaction = exwire_map_fault;
    action.sa_flags = SA_SIGINFO | SA_RESTART;
    sigemptyset(&action.sa_mask);
    sigaction(SIGBUS, &action, &action_before);
  });
}

}  // namespace

MapGuard::MapGuard(void* begin, size_t size) noexcept {
  install_once();
  for (size_t index = 0; index < kPlaces; ++index) {
    Place& place = places[index];
    if (place.taken.exchange(true)) continue;
    place.hit = false;
    place.begin = reinterpret_cast<uintptr_t>(begin);
    place.end.store(reinterpret_cast<uintptr_t>(begin) + size, std::memory_order_release);
    place_ = static_cast<int>(index);
    return;
  }
}

bool MapGuard::hit() const noexcept {
  return place_ >= 0 && places[static_cast<size_t>(place_)].hit.load(std::memory_order_relaxed);
}

void MapGuard::release() noexcept {
  if (place_ < 0) return;
  Place& place = places[static_cast<size_t>(place_)];
  place.end.store(0, std::memory_order_release);
  place.taken.store(false, std::memory_order_release);
  place_ = -1;
}

}  // namespace exwire::capture
