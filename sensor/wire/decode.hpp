// SPDX-License-Identifier: BSD-3-Clause
// One frame to one TCP segment: link, then layer by layer through VLAN tags, labels and tunnels to
// the innermost IP packet, its fragments joined, its checksums judged, its second copy dropped.
// Decoding never fails loudly: what a receiving host would not take as TCP is told by status and
// counted.
#pragma once

#include <cstdint>
#include <memory>

#include "sensor/base/bytes.hpp"
#include "sensor/base/memory.hpp"
#include "sensor/base/time.hpp"
#include "sensor/base/universal_hash.hpp"
#include "sensor/wire/checksum.hpp"
#include "sensor/wire/duplicates.hpp"
#include "sensor/wire/fragments.hpp"
#include "sensor/wire/link.hpp"
#include "sensor/wire/network.hpp"
#include "sensor/wire/notices.hpp"
#include "sensor/wire/packet.hpp"
#include "sensor/wire/recent_hashes.hpp"
#include "sensor/wire/tunnel.hpp"
#include "sensor/wire/vlan_watch.hpp"

namespace exwire::wire {

struct FrameHead {
  Timestamp time;
  uint64_t number;
  uint32_t wire_octets;
  uint16_t link_type;
};

struct DecodeSettings {
  ChecksumMode checksums = ChecksumMode::automatic;
  FragmentPolicy fragments = FragmentPolicy::drop;
  VlanMode vlan = VlanMode::automatic;
  bool remove_duplicates = true;
};

/// A frame counts in `packets` once, and in a protocol once for every header of it.
struct DecodeCounters {
  uint64_t packets = 0, octets = 0;
  uint64_t ipv4 = 0, ipv6 = 0, vlan = 0, qinq = 0, tunnels = 0;
  uint64_t tcp = 0, udp = 0, other_ip = 0, not_ip = 0;
  uint64_t fragments = 0, invalid = 0, cut = 0, unknown_link = 0;
  uint64_t bad_checksums = 0, accepted_checksums = 0, duplicates = 0;
};

class Decoder {
 public:
  static constexpr int kMostLayers = 16;

  Decoder(HashKey secret, const DecodeSettings& settings, Budget& budget);
  /// Fills `packet` when the answer is `tcp`; its octets are views into `frame`, or into a joined
  /// datagram that is valid until the next release().
  DecodeStatus decode(const FrameHead& head, Bytes frame, Packet& packet) noexcept {
    ++counters_.packets;
    counters_.octets += head.wire_octets;
    const DecodeStatus status = walk(head, frame, packet);
    if (status == DecodeStatus::tcp) {
      ++counters_.tcp;
    } else {
      count_refused(status);
    }
    return status;
  }
  /// Looks at a frame only for what its sender does with checksums and its network with VLANs. Of
  /// use before a replay: the first packet is already judged by what the later ones show.
  void learn(const FrameHead& head, Bytes frame) noexcept;
  /// The packets so far are done with.
  void release() noexcept {
    fragments_.release();
    notices_.clear();
  }
  /// What the packets since the last release() or clear_notices() have to say.
  const Notices& notices() const noexcept { return notices_; }
  void clear_notices() noexcept { notices_.clear(); }
  const VlanWatch& vlans() const noexcept { return vlans_; }
  const DecodeCounters& counters() const noexcept { return counters_; }
  const FragmentCounters& fragment_counters() const noexcept { return fragments_.counters(); }

 private:
  /// Where the walk through the layers stands.
  struct Layer {
    LinkView view;
    uint32_t on_wire;  ///< octets of view.payload
  };

  DecodeStatus walk(const FrameHead& head, Bytes frame, Packet& packet) noexcept;
  DecodeStatus enter_shim(Layer& layer) noexcept;
  DecodeStatus enter_tunnel(const NetworkView& network, Layer& layer) noexcept;
  DecodeStatus enter(const Inner& inner, Layer& layer) noexcept;
  DecodeStatus finish(const FrameHead& head, const Layer& layer, const NetworkView& network,
                      uint64_t source, Packet& packet) noexcept;
  DecodeStatus join(const FrameHead& head, const Layer& layer, NetworkView& network);
  bool vlan_in_key() const noexcept;
  void tell(NoticeKind kind, const FrameHead& head, const NetworkView& network) noexcept;
  void count_refused(DecodeStatus status) noexcept;

  HashKey secret_;
  UniversalHash<0> sender_hash_;
  RecentHashes hashes_;
  DecodeSettings settings_;
  std::unique_ptr<ChecksumJudge> checksums_;  // 208 KiB: not on anybody's stack
  std::unique_ptr<Duplicates> duplicates_, learning_duplicates_;
  Fragments fragments_;
  VlanWatch vlans_;
  Notices notices_;
  DecodeCounters counters_;
  bool learning_ = false;
};

}  // namespace exwire::wire
