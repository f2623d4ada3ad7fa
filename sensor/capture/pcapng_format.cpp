// SPDX-License-Identifier: BSD-3-Clause
// pcapng (draft-ietf-opsawg-pcapng): sections of either byte order, any number of interfaces with
// their own link type and time resolution, enhanced, simple and obsolete packet blocks. All other
// blocks (name resolution, statistics, secrets, custom) are passed over whatever their size and
// never kept. A packet block that makes no sense is passed over as long as its length does.
#include <algorithm>
#include <string>
#include <vector>

#include "sensor/capture/byte_order.hpp"
#include "sensor/capture/format.hpp"
#include "sensor/capture/tick_scale.hpp"

namespace exwire::capture {
namespace {

enum Block : uint32_t {
  kInterface = 1,
  kObsoletePacket = 2,
  kSimplePacket = 3,
  kEnhancedPacket = 6,
  kSection = 0x0a0d0d0a,
};
constexpr size_t kBlockHeader = 8, kTrailer = 4;  // type and length, the length again
constexpr size_t kMostInterfaces = size_t{1} << 20;

struct Interface {
  bool readable = false;
  uint16_t link_type = 0;
  uint32_t snaplen = 0;  // 0: no limit
  TickScale scale;
};

class PcapngParser final : public FormatParser {
 public:
  Step step(std::span<const uint8_t> octets, Frame& frame, uint64_t& consumed) override {
    if (length_due_ != 0) return check_trailer(octets, consumed);
    if (octets.size() < kBlockHeader + kTrailer) return Step::need_more;
    const uint32_t type = order_.u32(octets, 0);
    if (type == kSection && !read_byte_order(octets)) {
      return fail(ErrorCode::damaged, "section without a byte order");
    }
    const uint32_t length = order_.u32(octets, 4);
    if (length < kBlockHeader + kTrailer || length % 4 != 0) {
      return fail(ErrorCode::damaged, "block length of " + std::to_string(length) + " octets");
    }
    // Of an oversized block the beginning is enough: its end is checked when it comes by.
    const bool whole = length <= kMostNeeded;
    if (octets.size() < std::min<size_t>(length, kMostNeeded)) return Step::need_more;
    if (whole && order_.u32(octets, length - kTrailer) != length) {
      return fail(ErrorCode::damaged, "block whose two lengths differ");
    }
    consumed = whole ? length : length - kTrailer;
    length_due_ = whole ? 0 : length;
    const size_t body = (whole ? length - kTrailer : kMostNeeded) - kBlockHeader;
    return read_block(type, octets.subspan(kBlockHeader, body), frame);
  }

 private:
  Step read_block(uint32_t type, std::span<const uint8_t> body, Frame& frame) {
    switch (type) {
      case kEnhancedPacket:
        return packet(body, false, frame);
      case kObsoletePacket:
        return packet(body, true, frame);
      case kSimplePacket:
        return simple_packet(body, frame);
      case kInterface:
        return interface(body);
      case kSection:
        return section(body);
      default:
        return Step::skipped;
    }
  }

  Step check_trailer(std::span<const uint8_t> octets, uint64_t& consumed) {
    if (octets.size() < kTrailer) return Step::need_more;
    if (order_.u32(octets, 0) != length_due_) {
      return fail(ErrorCode::damaged, "block whose two lengths differ");
    }
    length_due_ = 0;
    consumed = kTrailer;
    return Step::skipped;
  }

  // The byte order is known only from inside the section's first block.
  bool read_byte_order(std::span<const uint8_t> octets) noexcept {
    constexpr uint32_t kOrder = 0x1a2b3c4d;
    const uint32_t magic = ByteOrder().u32(octets, kBlockHeader);
    order_ = ByteOrder(magic != kOrder);
    return magic == kOrder || magic == __builtin_bswap32(kOrder);
  }

  Step section(std::span<const uint8_t> body) {
    if (body.size() < 16) return fail(ErrorCode::damaged, "section header that is too short");
    const uint16_t major = order_.u16(body, 4);
    if (major != 1) return fail(ErrorCode::unsupported, "pcapng version " + std::to_string(major));
    interfaces_.clear();
    return Step::skipped;
  }

  Step interface(std::span<const uint8_t> body) {
    if (interfaces_.size() == kMostInterfaces) {
      return fail(ErrorCode::damaged, "more than a million interfaces");
    }
    // One that cannot be read still takes its number: the next ones must not move up.
    Interface& added = interfaces_.emplace_back();
    if (body.size() < 8) return Step::skipped;
    added.readable = true;
    added.link_type = order_.u16(body, 0);
    added.snaplen = order_.u32(body, 4);
    read_options(body.subspan(8), added);
    return Step::skipped;
  }

  void read_options(std::span<const uint8_t> options, Interface& of) const {
    enum Option : uint16_t { kEnd = 0, kResolution = 9, kOffset = 14 };
    uint8_t resolution = TickScale::kMicroseconds;
    int64_t offset_seconds = 0;
    while (options.size() >= 4) {
      const uint16_t code = order_.u16(options, 0), size = order_.u16(options, 2);
      const size_t padded = (size_t{size} + 3) / 4 * 4;
      if (code == kEnd || options.size() - 4 < padded) break;
      const auto value = options.subspan(4, size);
      if (code == kResolution && size == 1) resolution = value[0];
      if (code == kOffset && size == 8) offset_seconds = static_cast<int64_t>(order_.u64(value, 0));
      options = options.subspan(4 + padded);
    }
    of.scale = TickScale(resolution, offset_seconds);
  }

  // Enhanced and obsolete packet blocks differ only in the width of the interface number.
  Step packet(std::span<const uint8_t> body, bool obsolete, Frame& frame) {
    constexpr size_t kFixed = 20;
    if (body.size() < kFixed) return pass_over("packet block that is too short");
    const uint32_t number = obsolete ? order_.u16(body, 0) : order_.u32(body, 0);
    if (!described(number)) {
      return pass_over("packet of interface " + std::to_string(number) +
                       ", which was never described");
    }
    const uint64_t ticks = uint64_t{order_.u32(body, 4)} << 32 | order_.u32(body, 8);
    const uint32_t captured = order_.u32(body, 12), on_wire = order_.u32(body, 16);
    if (captured > body.size() - kFixed || captured > kMostCaptured) {
      return pass_over("captured length of " + std::to_string(captured) + " octets");
    }
    const TickScale::Converted converted = interfaces_[number].scale.to_time(ticks);
    counters_.odd_times += converted.moved;
    last_time_ = converted.time;
    deliver(body.subspan(kFixed), number, captured, on_wire, frame);
    return Step::frame;
  }

  // Without a time of its own: it came after the one before it, no more is known.
  Step simple_packet(std::span<const uint8_t> body, Frame& frame) {
    if (body.size() < 4) return pass_over("packet block that is too short");
    if (!described(0)) return pass_over("packet before any interface was described");
    const uint32_t on_wire = order_.u32(body, 0);
    const uint32_t snaplen = interfaces_[0].snaplen == 0 ? UINT32_MAX : interfaces_[0].snaplen;
    const auto held = static_cast<uint32_t>(body.size() - 4);
    const uint32_t captured = std::min({on_wire, snaplen, held});
    if (captured > kMostCaptured) {
      return pass_over("captured length of " + std::to_string(captured) + " octets");
    }
    deliver(body.subspan(4), 0, captured, on_wire, frame);
    return Step::frame;
  }

  void deliver(std::span<const uint8_t> octets, uint32_t number, uint32_t captured,
               uint32_t on_wire, Frame& frame) noexcept {
    frame.time = last_time_;
    frame.link_type = interfaces_[number].link_type;
    frame.interface = static_cast<uint16_t>(std::min<uint32_t>(number, UINT16_MAX));
    fill(frame, octets.data(), captured, on_wire);
  }

  bool described(uint32_t number) const noexcept {
    return number < interfaces_.size() && interfaces_[number].readable;
  }

  ByteOrder order_;
  uint32_t length_due_ = 0;  // the trailer still to be seen of an oversized block
  Timestamp last_time_;
  std::vector<Interface> interfaces_;
};

}  // namespace

std::unique_ptr<FormatParser> make_pcapng_parser() {
  return std::make_unique<PcapngParser>();
}

}  // namespace exwire::capture
