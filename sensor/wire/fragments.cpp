// SPDX-License-Identifier: BSD-3-Clause
#include "sensor/wire/fragments.hpp"

#include <algorithm>
#include <cstring>

namespace exwire::wire {
namespace {

constexpr size_t kMostLent = 1024;

}  // namespace

Fragments::Fragments(HashKey secret, FragmentPolicy policy, Budget& budget)
    : secret_(secret),
      policy_(policy),
      limit_(kMostOctets),
      buffers_(limit_),
      datagrams_(budget, kMostDatagrams) {
  by_key_.reserve(kMostDatagrams);
  lent_.reserve(kMostLent);
}

// The pool frees only what it was given back.
Fragments::~Fragments() {
  release();
  while (oldest_ != 0) drop(oldest_);
}

// IPv6 knows a datagram by addresses and identification alone (RFC 8200 4.5).
uint64_t Fragments::key_of(const NetworkView& view, uint16_t vlan) const noexcept {
  SipHash13 hash(secret_);
  hash.octets(view.source.data(), view.source.size());
  hash.octets(view.destination.data(), view.destination.size());
  const uint64_t protocol = view.ip_version == 4 ? view.protocol : uint8_t{0};
  hash.word(view.fragment_id | protocol << 32 | uint64_t{view.ip_version} << 40);
  hash.word(vlan);
  return hash.finish();
}

bool Fragments::join(NetworkView& view, uint16_t vlan, Timestamp now) {
  if (view.payload.size < view.payload_octets) {
    ++counters_.cut;
    return false;
  }
  expire(now);
  const uint32_t handle = find_or_open(view, vlan, now);
  if (handle == 0) {
    ++counters_.shed;
    return false;
  }
  Datagram& datagram = datagrams_[handle];
  if (datagram.dead) return false;
  // All but the last are cut to whole blocks, as hosts do.
  const uint32_t size =
      view.more_fragments ? view.payload_octets & ~(kBlock - 1) : view.payload_octets;
  const uint32_t start = view.fragment_at, end = start + size;
  if (size == 0) return false;
  const bool wrong_end =
      datagram.end_known && (view.more_fragments ? end > datagram.end : end != datagram.end);
  if (end > kLargest || wrong_end || (!view.more_fragments && datagram.highest > end)) {
    kill(datagram, counters_.oversize);
    return false;
  }
  const Bytes octets = view.payload.first(size);
  if (!mark(datagram, start, end)) {
    if (is_repetition(datagram, start, octets)) return false;
    if (policy_ == FragmentPolicy::drop) {
      kill(datagram, counters_.overlaps);
      return false;
    }
  }
  if (!keep(datagram, start, octets)) {
    kill(datagram, counters_.shed);
    return false;
  }
  datagram.highest = std::max(datagram.highest, end);
  if (start == 0) {
    datagram.protocol = view.protocol;
    datagram.ttl = view.ttl;
  }
  if (!view.more_fragments) {
    datagram.end = end;
    datagram.end_known = true;
  }
  if (!datagram.end_known || datagram.covered * kBlock < datagram.end) return false;
  const bool joined = assemble(datagram, view);
  drop(handle);
  return joined;
}

uint32_t Fragments::find_or_open(const NetworkView& view, uint16_t vlan, Timestamp now) {
  const uint64_t key = key_of(view, vlan);
  if (const auto known = by_key_.find(key); known != by_key_.end()) return known->second;
  uint32_t handle = datagrams_.take();
  if (handle == 0 && oldest_ != 0) {
    ++counters_.shed;
    drop(oldest_);
    handle = datagrams_.take();
  }
  if (handle == 0) return 0;
  Datagram& datagram = datagrams_[handle];
  datagram = {};
  datagram.source = view.source;
  datagram.destination = view.destination;
  datagram.hash = key;
  datagram.since_ns = now.ns;
  datagram.id = view.fragment_id;
  datagram.vlan = vlan;
  datagram.protocol = view.protocol;
  datagram.ip_version = view.ip_version;
  datagram.ttl = view.ttl;
  datagram.older = newest_;
  (newest_ != 0 ? datagrams_[newest_].newer : oldest_) = handle;
  newest_ = handle;
  by_key_.emplace(key, handle);
  return handle;
}

// Marks the blocks as there; false when one was there before.
bool Fragments::mark(Datagram& datagram, uint32_t start, uint32_t end) noexcept {
  bool fresh = true;
  for (uint32_t block = start / kBlock; block * kBlock < end; ++block) {
    uint64_t& word = datagram.blocks[block / 64];
    const uint64_t bit = uint64_t{1} << (block % 64);
    if (word & bit) {
      fresh = false;
    } else {
      word |= bit;
      ++datagram.covered;
    }
  }
  return fresh;
}

bool Fragments::is_repetition(const Datagram& datagram, uint32_t start,
                              Bytes octets) const noexcept {
  for (uint32_t at = 0; at < datagram.used;) {
    Piece piece;
    std::memcpy(&piece, datagram.buffer + at, sizeof piece);
    const uint8_t* kept = datagram.buffer + at + sizeof piece;
    if (piece.start == start && piece.size == octets.size &&
        std::memcmp(kept, octets.data, octets.size) == 0) {
      return true;
    }
    at += static_cast<uint32_t>(sizeof piece) + piece.size;
  }
  return false;
}

bool Fragments::keep(Datagram& datagram, uint32_t start, Bytes octets) {
  const Piece piece{start, octets.size};
  const uint32_t wanted = datagram.used + static_cast<uint32_t>(sizeof piece) + octets.size;
  if (wanted > datagram.capacity) {
    const uint32_t capacity = BufferPool::capacity_for(wanted);
    uint8_t* larger = capacity != 0 ? buffers_.take(capacity) : nullptr;
    if (larger == nullptr) return false;
    if (datagram.buffer != nullptr) {
      std::memcpy(larger, datagram.buffer, datagram.used);
      buffers_.give(datagram.buffer, datagram.capacity);
    }
    datagram.buffer = larger;
    datagram.capacity = capacity;
  }
  std::memcpy(datagram.buffer + datagram.used, &piece, sizeof piece);
  std::memcpy(datagram.buffer + datagram.used + sizeof piece, octets.data, octets.size);
  datagram.used = wanted;
  return true;
}

bool Fragments::wins(Piece fresh, Piece old) const noexcept {
  const uint32_t fresh_end = fresh.start + fresh.size, old_end = old.start + old.size;
  switch (policy_) {
    case FragmentPolicy::drop:
    case FragmentPolicy::first:
      return false;
    case FragmentPolicy::windows_legacy:
      return fresh.start < old.start && fresh_end > old_end;
    case FragmentPolicy::solaris:
      return fresh.start < old.start && fresh_end >= old_end;
    case FragmentPolicy::bsd:
      return fresh.start < old.start;
    case FragmentPolicy::linux_old:
      return fresh.start <= old.start;
    case FragmentPolicy::last:
      return true;
  }
  return false;
}

bool Fragments::assemble(Datagram& datagram, NetworkView& view) {
  const uint32_t capacity = BufferPool::capacity_for(datagram.end);
  uint8_t* whole = lent_.size() < kMostLent ? buffers_.take(capacity) : nullptr;
  if (whole == nullptr) {
    ++counters_.shed;
    return false;
  }
  constexpr uint32_t kNobody = 0xffffffff;
  std::array<uint32_t, kBlocks> owners;  // where in the buffer the piece of a block stands
  std::fill_n(owners.begin(), (datagram.end + kBlock - 1) / kBlock, kNobody);
  for (uint32_t at = 0; at < datagram.used;) {
    Piece piece;
    std::memcpy(&piece, datagram.buffer + at, sizeof piece);
    const uint8_t* octets = datagram.buffer + at + sizeof piece;
    for (uint32_t from = 0; from < piece.size; from += kBlock) {
      uint32_t& owner = owners[(piece.start + from) / kBlock];
      Piece old{};
      if (owner != kNobody) std::memcpy(&old, datagram.buffer + owner, sizeof old);
      if (owner != kNobody && !wins(piece, old)) continue;
      owner = at;
      std::memcpy(whole + piece.start + from, octets + from, std::min(kBlock, piece.size - from));
    }
    at += static_cast<uint32_t>(sizeof piece) + piece.size;
  }
  lent_.push_back({whole, capacity});
  ++counters_.joined;
  view.payload = {whole, datagram.end};
  view.payload_octets = datagram.end;
  view.protocol = datagram.protocol;
  view.ttl = datagram.ttl;
  view.is_fragment = view.more_fragments = false;
  view.joined = true;
  view.fragment_at = 0;
  return true;
}

void Fragments::kill(Datagram& datagram, uint64_t& counter) noexcept {
  ++counter;
  datagram.dead = true;
  if (datagram.buffer != nullptr) buffers_.give(datagram.buffer, datagram.capacity);
  datagram.buffer = nullptr;
  datagram.used = datagram.capacity = 0;
}

void Fragments::drop(uint32_t handle) noexcept {
  Datagram& datagram = datagrams_[handle];
  if (datagram.buffer != nullptr) buffers_.give(datagram.buffer, datagram.capacity);
  (datagram.older != 0 ? datagrams_[datagram.older].newer : oldest_) = datagram.newer;
  (datagram.newer != 0 ? datagrams_[datagram.newer].older : newest_) = datagram.older;
  by_key_.erase(datagram.hash);
  datagrams_.give(handle);
}

void Fragments::expire(Timestamp now) noexcept {
  while (oldest_ != 0 && now.ns - datagrams_[oldest_].since_ns > kTimeoutNs) {
    counters_.expired += datagrams_[oldest_].dead ? 0 : 1;
    drop(oldest_);
  }
}

void Fragments::release() noexcept {
  for (const Lent& one : lent_) buffers_.give(one.buffer, one.capacity);
  lent_.clear();
}

}  // namespace exwire::wire
