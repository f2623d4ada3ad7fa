// SPDX-License-Identifier: BSD-3-Clause
// pcapng: sections of either byte order, any number of interfaces with their own link type and time
// resolution, enhanced, simple and obsolete packet blocks. All other blocks (name resolution,
// statistics, secrets, custom) are passed over whatever their size and never kept.
#include <algorithm>
#include <cstring>
#include <vector>

#include "sensor/capture/format.hpp"

namespace exwire::capture {
namespace {

enum Block : uint32_t {
  kSection = 0x0a0d0d0a,
  kInterface = 1,
  kObsoletePacket = 2,
  kSimplePacket = 3,
  kEnhancedPacket = 6,
};
constexpr size_t kBlockOverhead = 12;  // type, length, length again
constexpr size_t kMostInterfaces = size_t{1} << 20;

struct Interface {
  uint16_t link_type = 0;
  uint32_t snaplen = 0;
  int64_t offset_seconds = 0;
  uint8_t resolution = 6;  // power of ten, or of two with the upper bit
};

// Ticks to nanoseconds without overflow; resolutions finer than 2^-63 and 10^-18 hold no time.
int64_t to_nanoseconds(uint64_t ticks, const Interface& interface) noexcept {
  const unsigned exponent = interface.resolution & 0x7f;
  unsigned __int128 denominator = 1;
  if (interface.resolution & 0x80) {
    if (exponent > 63) return 0;
    denominator <<= exponent;
  } else {
    if (exponent > 18) return 0;
    for (unsigned step = 0; step < exponent; ++step) denominator *= 10;
  }
  const auto seconds = static_cast<unsigned __int128>(ticks) / denominator;
  const auto rest = static_cast<unsigned __int128>(ticks) % denominator;
  const auto fraction = static_cast<int64_t>(rest * 1'000'000'000 / denominator);
  constexpr int64_t kMostSeconds = INT64_MAX / kNanosPerSecond - 1;
  const int64_t whole = seconds > static_cast<unsigned __int128>(kMostSeconds)
                            ? kMostSeconds
                            : static_cast<int64_t>(seconds);
  const int64_t offset =
      std::clamp<int64_t>(interface.offset_seconds, -kMostSeconds, kMostSeconds - whole);
  return std::max<int64_t>(0, whole + offset) * kNanosPerSecond + fraction;
}

class PcapngParser final : public FormatParser {
 public:
  Step step(std::span<const uint8_t> octets, Frame& frame, uint64_t& consumed) override {
    if (octets.size() < kBlockOverhead) return Step::need_more;
    const uint32_t type = u32(octets, 0);
    if (type == kSection) {
      // The byte order is known only from inside this block.
      uint32_t magic;
      std::memcpy(&magic, octets.data() + 8, sizeof magic);
      constexpr uint32_t kOrder = 0x1a2b3c4d;
      if (magic != kOrder && magic != __builtin_bswap32(kOrder)) {
        return fail(ErrorCode::damaged, "section without a byte order");
      }
      swapped_ = magic != kOrder;
    }
    const uint32_t length = u32(octets, 4);
    if (length < kBlockOverhead || length % 4 != 0) {
      return fail(ErrorCode::damaged, "block length of " + std::to_string(length) + " octets");
    }
    if (octets.size() < length) return Step::need_more;
    if (u32(octets, length - 4) != length) {
      return fail(ErrorCode::damaged, "block whose two lengths differ");
    }
    consumed = length;
    const auto body = octets.subspan(8, length - kBlockOverhead);
    switch (type) {
      case kSection:
        return section(body);
      case kInterface:
        return interface(body);
      case kEnhancedPacket:
        return packet(body, false, frame);
      case kObsoletePacket:
        return packet(body, true, frame);
      case kSimplePacket:
        return simple_packet(body, frame);
      default:
        return Step::skipped;
    }
  }

 private:
  Step section(std::span<const uint8_t> body) {
    if (body.size() < 16) return fail(ErrorCode::damaged, "section header that is too short");
    const uint16_t major = u16(body, 4);
    if (major != 1) return fail(ErrorCode::unsupported, "pcapng version " + std::to_string(major));
    interfaces_.clear();
    return Step::skipped;
  }

  Step interface(std::span<const uint8_t> body) {
    if (body.size() < 8) return fail(ErrorCode::damaged, "interface block that is too short");
    if (interfaces_.size() == kMostInterfaces) {
      return fail(ErrorCode::damaged, "more than a million interfaces");
    }
    Interface interface;
    interface.link_type = u16(body, 0);
    interface.snaplen = u32(body, 4);
    read_options(body.subspan(8), interface);
    interfaces_.push_back(interface);
    return Step::skipped;
  }

  void read_options(std::span<const uint8_t> options, Interface& interface) const {
    enum Option : uint16_t { kEnd = 0, kResolution = 9, kOffset = 14 };
    while (options.size() >= 4) {
      const uint16_t code = u16(options, 0), size = u16(options, 2);
      const size_t padded = (size_t{size} + 3) / 4 * 4;
      if (code == kEnd || options.size() - 4 < padded) return;
      const auto value = options.subspan(4, size);
      if (code == kResolution && size == 1) interface.resolution = value[0];
      if (code == kOffset && size == 8) {
        const uint64_t low = u32(value, swapped_ ? 4 : 0), high = u32(value, swapped_ ? 0 : 4);
        interface.offset_seconds = static_cast<int64_t>(high << 32 | low);
      }
      options = options.subspan(4 + padded);
    }
  }

  // Enhanced and obsolete packet blocks differ only in the width of the interface number.
  Step packet(std::span<const uint8_t> body, bool obsolete, Frame& frame) {
    constexpr size_t kFixed = 20;
    if (body.size() < kFixed) return fail(ErrorCode::damaged, "packet block that is too short");
    const uint32_t number = obsolete ? u16(body, 0) : u32(body, 0);
    if (number >= interfaces_.size()) {
      return fail(ErrorCode::damaged,
                  "packet of interface " + std::to_string(number) + ", which was never described");
    }
    const uint64_t ticks = uint64_t{u32(body, 4)} << 32 | u32(body, 8);
    const uint32_t captured = u32(body, 12), on_wire = u32(body, 16);
    return deliver(body.subspan(kFixed), number, captured, on_wire,
                   to_nanoseconds(ticks, interfaces_[number]), frame);
  }

  Step simple_packet(std::span<const uint8_t> body, Frame& frame) {
    if (body.size() < 4) return fail(ErrorCode::damaged, "packet block that is too short");
    if (interfaces_.empty()) {
      return fail(ErrorCode::damaged, "packet before any interface was described");
    }
    const uint32_t on_wire = u32(body, 0);
    const uint32_t snaplen = interfaces_[0].snaplen == 0 ? UINT32_MAX : interfaces_[0].snaplen;
    const auto held = static_cast<uint32_t>(body.size() - 4);
    return deliver(body.subspan(4), 0, std::min({on_wire, snaplen, held}), on_wire, 0, frame);
  }

  Step deliver(std::span<const uint8_t> data, uint32_t number, uint32_t captured, uint32_t on_wire,
               int64_t time_ns, Frame& frame) {
    if (captured > data.size() || captured > kMostCaptured) {
      return fail(ErrorCode::damaged, "captured length of " + std::to_string(captured) + " octets");
    }
    frame.time = {time_ns};
    frame.link_type = interfaces_[number].link_type;
    frame.interface = static_cast<uint16_t>(number);
    fill(frame, data.data(), captured, on_wire);
    return Step::frame;
  }

  uint16_t u16(std::span<const uint8_t> octets, size_t at) const noexcept {
    uint16_t value;
    std::memcpy(&value, octets.data() + at, sizeof value);
    return swapped_ ? __builtin_bswap16(value) : value;
  }
  uint32_t u32(std::span<const uint8_t> octets, size_t at) const noexcept {
    uint32_t value;
    std::memcpy(&value, octets.data() + at, sizeof value);
    return swapped_ ? __builtin_bswap32(value) : value;
  }
  bool swapped_ = false;
  std::vector<Interface> interfaces_;
};

}  // namespace

std::unique_ptr<FormatParser> make_pcapng_parser() {
  return std::make_unique<PcapngParser>();
}

}  // namespace exwire::capture
