// SPDX-License-Identifier: BSD-3-Clause
// Classic pcap (draft-ietf-opsawg-pcap): both byte orders, microseconds and nanoseconds, the
// modified format of the a1b2cd34 magic whose record header is eight octets longer, and the lengths
// in swapped places of versions before 2.4. Nothing marks where a record begins: after a length
// that cannot be right the rest is lost.
#include "sensor/capture/byte_order.hpp"
#include "sensor/capture/format.hpp"

namespace exwire::capture {
namespace {

constexpr uint32_t kMicroseconds = 0xa1b2c3d4, kNanoseconds = 0xa1b23c4d, kModified = 0xa1b2cd34;
constexpr size_t kFileHeader = 24, kRecordHeader = 16, kModifiedRecordHeader = 24;

/// Where the two lengths stand; versions before 2.3 had them the other way round, 2.3 came in both.
enum class Lengths : uint8_t { captured_first, wire_first, either };

class PcapParser final : public FormatParser {
 public:
  Step step(std::span<const uint8_t> octets, Frame& frame, uint64_t& consumed) override {
    if (!opened_) return open(octets, consumed);
    if (octets.size() < record_header_) return Step::need_more;
    const uint32_t captured = lengths_of(octets).captured;
    if (captured > kMostCaptured) {
      return fail(ErrorCode::damaged, "captured length of " + std::to_string(captured) + " octets");
    }
    Frame* const only = &frame;
    return fill_in_a_row(octets, {only, 1}, consumed) == 1 ? Step::frame : Step::need_more;
  }

  uint32_t fill_in_a_row(std::span<const uint8_t> octets, std::span<Frame> frames,
                         uint64_t& consumed) override {
    consumed = 0;
    if (!opened_) return 0;
    uint32_t count = 0;
    for (Frame& frame : frames) {
      const std::span<const uint8_t> record = octets.subspan(consumed);
      if (record.size() < record_header_) break;
      const auto [captured, on_wire] = lengths_of(record);
      if (captured > kMostCaptured || record.size() - record_header_ < captured) break;
      // A fraction above a second only adds up: normalised by the addition itself.
      const uint32_t seconds = order_.u32(record, 0), fraction = order_.u32(record, 4);
      counters_.odd_times += fraction >= ticks_per_second_;
      frame.time = {int64_t{seconds} * kNanosPerSecond + int64_t{fraction} * tick_ns_};
      frame.link_type = link_type_;
      frame.interface = 0;
      fill(frame, record.data() + record_header_, captured, on_wire);
      consumed += record_header_ + captured;
      ++count;
    }
    return count;
  }

 private:
  struct RecordLengths {
    uint32_t captured, on_wire;
  };

  RecordLengths lengths_of(std::span<const uint8_t> record) const noexcept {
    const RecordLengths found{order_.u32(record, 8), order_.u32(record, 12)};
    const bool swapped = lengths_ == Lengths::wire_first ||
                         (lengths_ == Lengths::either && found.captured > found.on_wire);
    return swapped ? RecordLengths{found.on_wire, found.captured} : found;
  }

  Step open(std::span<const uint8_t> octets, uint64_t& consumed) {
    if (octets.size() < kFileHeader) return Step::need_more;
    uint32_t magic = ByteOrder().u32(octets, 0);
    const bool swapped = magic != kMicroseconds && magic != kNanoseconds && magic != kModified;
    if (swapped) magic = __builtin_bswap32(magic);
    order_ = ByteOrder(swapped);
    tick_ns_ = magic == kNanoseconds ? 1 : 1000;
    ticks_per_second_ = kNanosPerSecond / tick_ns_;
    record_header_ = magic == kModified ? kModifiedRecordHeader : kRecordHeader;
    const uint16_t major = order_.u16(octets, 4), minor = order_.u16(octets, 6);
    constexpr uint16_t kDgUx = 543;  // what DG/UX tcpdump wrote for 2.x
    if (major != 2 && !(major == kDgUx && minor == 0)) {
      return fail(ErrorCode::unsupported,
                  "pcap version " + std::to_string(major) + "." + std::to_string(minor));
    }
    lengths_ = major == kDgUx || minor < 3 ? Lengths::wire_first
               : minor == 3                ? Lengths::either
                                           : Lengths::captured_first;
    // The upper bits hold the length of a frame check sequence, which is no part of the type.
    link_type_ = static_cast<uint16_t>(order_.u32(octets, 20) & 0xffff);
    opened_ = true;
    consumed = kFileHeader;
    return Step::skipped;
  }

  ByteOrder order_;
  bool opened_ = false;
  Lengths lengths_ = Lengths::captured_first;
  uint16_t link_type_ = 0;
  int64_t tick_ns_ = 1000, ticks_per_second_ = 1'000'000;
  size_t record_header_ = kRecordHeader;
};

}  // namespace

std::unique_ptr<FormatParser> make_pcap_parser() {
  return std::make_unique<PcapParser>();
}

std::unique_ptr<FormatParser> parser_for(std::span<const uint8_t> octets) {
  constexpr uint32_t kSectionHeader = 0x0a0d0d0a;  // reads the same in both orders
  if (octets.size() < kMagicOctets) return nullptr;
  const uint32_t magic = ByteOrder().u32(octets, 0);
  if (magic == kSectionHeader) return make_pcapng_parser();
  for (const uint32_t known : {kMicroseconds, kNanoseconds, kModified}) {
    if (magic == known || magic == __builtin_bswap32(known)) return make_pcap_parser();
  }
  return nullptr;
}

}  // namespace exwire::capture
