// SPDX-License-Identifier: BSD-3-Clause
// Whose connections stand at a stage: client addresses in a table of fixed size, found by a keyed
// hash. When it is full, the address that has held a single connection for longest makes room, so
// that heavy sources stay among any number of forged ones; what is told does not depend on the key.
#pragma once

#include <array>
#include <cstdint>
#include <cstring>
#include <span>

#include "sensor/base/siphash.hpp"
#include "sensor/wire/flow_key.hpp"

namespace exwire::detect {

/// Two words of each: comparing arrays of octets is a call.
inline bool is_same(const wire::Address& a, const wire::Address& b) noexcept {
  std::array<uint64_t, 2> left, right;
  std::memcpy(left.data(), a.data(), sizeof left);
  std::memcpy(right.data(), b.data(), sizeof right);
  return ((left[0] ^ right[0]) | (left[1] ^ right[1])) == 0;
}

/// One client address and how many of its connections are certainly stalled.
struct StallSource {
  wire::Address address{};
  uint8_t ip_version = 4;
  uint16_t port = 0;  ///< of its newest connection
  uint32_t connections = 0;
};

/// A client address, and the hash by which tables of sources find it.
struct StallClient {
  wire::Address address{};
  uint8_t ip_version = 0;
  uint32_t hash = 0;
};

/// Hashes clients. Most are asked for several times in a row, as their handshakes go on.
class StallClients {
 public:
  explicit StallClients(HashKey secret) noexcept : secret_(secret) {}
  const StallClient& of(const wire::Address& address, uint8_t ip_version) noexcept {
    const bool again = latest_.ip_version == ip_version && is_same(latest_.address, address);
    return again ? latest_ : another(address, ip_version);
  }

 private:
  const StallClient& another(const wire::Address& address, uint8_t ip_version) noexcept;

  HashKey secret_;
  StallClient latest_;
};

class StallSources {
 public:
  static constexpr uint16_t kMost = 512;
  static constexpr uint32_t kSlots = 14;  ///< of time, in which young connections are counted

  StallSources() noexcept { clear(); }

  void add(const StallClient& client, uint16_t port, uint32_t slot) noexcept;
  void remove(const StallClient& client, uint32_t slot) noexcept;
  /// From now on what was added in slots before `slot` is old: certainly stalled.
  void age_to(uint32_t slot) noexcept;
  void clear() noexcept;

  /// Addresses with old connections, or with `all` any.
  uint32_t count(bool all) const noexcept;
  /// Fills `list` with those that hold most, largest first, and returns how many. Nobody counts,
  /// here and below, of whose connections nearly all go on: behind a shared address (a carrier's
  /// NAT) some phones always lose their network.
  size_t top(std::span<StallSource> list, bool all) const noexcept;
  /// Connections of the `most` (at most 16) largest.
  uint32_t held_by(size_t most) const noexcept;
  uint64_t old_connections() const noexcept;
  /// Connections whose address found no place or lost it: since clear(), and ever.
  uint64_t displaced() const noexcept { return displaced_; }
  uint64_t shed() const noexcept { return shed_; }

 private:
  static constexpr uint16_t kNone = 0xffff;
  static constexpr uint32_t kChains = 1024;  // power of two

  struct Source {
    wire::Address address{};
    uint32_t total = 0;
    uint32_t old = 0;
    uint32_t passed = 0;  ///< that went on in time, lately
    std::array<uint32_t, kSlots> young{};
    uint16_t port = 0;
    uint16_t chain = 0;
    uint16_t next = kNone;                    ///< in its chain, or of the free ones
    uint16_t before = kNone, behind = kNone;  ///< among those with one connection
    uint8_t ip_version = 0;                   ///< 0: free
  };

  static bool mostly_pass(const Source& source) noexcept {
    constexpr uint64_t kToOneHeld = 20;
    return source.passed > kToOneHeld * source.total;
  }
  static uint16_t chain_of(const StallClient& client) noexcept { return client.hash % kChains; }
  uint16_t find(const StallClient& client) const noexcept;
  uint16_t take(uint16_t chain) noexcept;
  void give(uint16_t at) noexcept;
  void join_singles(uint16_t at) noexcept;
  void leave_singles(uint16_t at) noexcept;
  uint32_t& count_of(Source& source, uint32_t slot) noexcept {
    return slot < oldest_young_ ? source.old : source.young[slot % kSlots];
  }

  uint32_t oldest_young_ = 0;  ///< slot
  uint64_t displaced_ = 0, shed_ = 0;
  uint16_t free_ = 0, first_single_ = kNone, last_single_ = kNone;
  std::array<uint16_t, kChains> chains_{};
  std::array<Source, kMost> sources_{};
};

}  // namespace exwire::detect
