// SPDX-License-Identifier: BSD-3-Clause
// Classic pcap: both byte orders, microseconds and nanoseconds, and the modified format of the
// a1b2cd34 magic whose record header is eight octets longer.
#include <cstring>

#include "sensor/capture/format.hpp"

namespace exwire::capture {
namespace {

constexpr uint32_t kMicroseconds = 0xa1b2c3d4, kNanoseconds = 0xa1b23c4d, kModified = 0xa1b2cd34;
constexpr size_t kFileHeader = 24, kRecordHeader = 16, kModifiedRecordHeader = 24;

class PcapParser final : public FormatParser {
 public:
  Step step(std::span<const uint8_t> octets, Frame& frame, uint64_t& consumed) override {
    if (!opened_) return open(octets, consumed);
    if (octets.size() < record_header_) return Step::need_more;
    const uint32_t seconds = u32(octets, 0);
    uint64_t fraction = u32(octets, 4);
    const uint32_t captured = u32(octets, 8), on_wire = u32(octets, 12);
    if (captured > kMostCaptured) {
      return fail(ErrorCode::damaged, "captured length of " + std::to_string(captured) + " octets");
    }
    if (octets.size() - record_header_ < captured) return Step::need_more;
    const uint64_t per_second = nanoseconds_ ? 1'000'000'000 : 1'000'000;
    odd_times_ += fraction >= per_second;
    fraction *= nanoseconds_ ? 1 : 1000;
    frame.time = {int64_t{seconds} * kNanosPerSecond + static_cast<int64_t>(fraction)};
    frame.link_type = link_type_;
    frame.interface = 0;
    fill(frame, octets.data() + record_header_, captured, on_wire);
    consumed = record_header_ + captured;
    return Step::frame;
  }

 private:
  Step open(std::span<const uint8_t> octets, uint64_t& consumed) {
    if (octets.size() < kFileHeader) return Step::need_more;
    uint32_t magic;
    std::memcpy(&magic, octets.data(), sizeof magic);
    swapped_ = magic != kMicroseconds && magic != kNanoseconds && magic != kModified;
    if (swapped_) magic = __builtin_bswap32(magic);
    nanoseconds_ = magic == kNanoseconds;
    record_header_ = magic == kModified ? kModifiedRecordHeader : kRecordHeader;
    const uint32_t version = u32(octets, 4);
    const uint32_t major = swapped_ ? version >> 16 : version & 0xffff;
    if (major != 2) return fail(ErrorCode::unsupported, "pcap version " + std::to_string(major));
    // The upper bits hold the length of a frame check sequence, which is no part of the type.
    link_type_ = static_cast<uint16_t>(u32(octets, 20) & 0xffff);
    opened_ = true;
    consumed = kFileHeader;
    return Step::skipped;
  }
  uint32_t u32(std::span<const uint8_t> octets, size_t at) const noexcept {
    uint32_t value;
    std::memcpy(&value, octets.data() + at, sizeof value);
    return swapped_ ? __builtin_bswap32(value) : value;
  }

  bool opened_ = false, swapped_ = false, nanoseconds_ = false;
  size_t record_header_ = kRecordHeader;
  uint16_t link_type_ = 0;
};

}  // namespace

std::unique_ptr<FormatParser> make_pcap_parser() {
  return std::make_unique<PcapParser>();
}

std::unique_ptr<FormatParser> parser_for(std::span<const uint8_t> octets) {
  constexpr uint32_t kSectionHeader = 0x0a0d0d0a;
  if (octets.size() < kMagicOctets) return nullptr;
  uint32_t magic;
  std::memcpy(&magic, octets.data(), sizeof magic);
  if (magic == kSectionHeader) return make_pcapng_parser();
  for (const uint32_t known : {kMicroseconds, kNanoseconds, kModified}) {
    if (magic == known || magic == __builtin_bswap32(known)) return make_pcap_parser();
  }
  return nullptr;
}

}  // namespace exwire::capture
