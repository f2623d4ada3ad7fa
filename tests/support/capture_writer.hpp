// SPDX-License-Identifier: BSD-3-Clause
// Writes capture files octet by octet, for tests: classic pcap (draft-ietf-opsawg-pcap) and pcapng
// (draft-ietf-opsawg-pcapng) in either byte order. Every length can be a lie; nothing is checked.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

namespace exwire::test {

using Octets = std::vector<uint8_t>;

inline Octets octets_of(std::string_view text) {
  return {text.begin(), text.end()};
}

class NumberWriter {
 public:
  explicit NumberWriter(bool big_endian) : big_endian_(big_endian) {}
  NumberWriter& u16(uint16_t value) { return number(value, 2); }
  NumberWriter& u32(uint32_t value) { return number(value, 4); }
  NumberWriter& u64(uint64_t value) { return number(value, 8); }
  NumberWriter& raw(const Octets& octets) {
    octets_.insert(octets_.end(), octets.begin(), octets.end());
    return *this;
  }
  NumberWriter& padded(const Octets& octets) {
    raw(octets);
    while (octets_.size() % 4 != 0) octets_.push_back(0);
    return *this;
  }
  const Octets& octets() const { return octets_; }
  bool big_endian() const { return big_endian_; }

 private:
  NumberWriter& number(uint64_t value, unsigned count) {
    for (unsigned index = 0; index < count; ++index) {
      const unsigned place = big_endian_ ? count - 1 - index : index;
      octets_.push_back(static_cast<uint8_t>(value >> (8 * place)));
    }
    return *this;
  }
  bool big_endian_;
  Octets octets_;
};

struct PcapHeader {
  uint32_t magic = 0xa1b2c3d4;
  bool big_endian = false;
  uint16_t major = 2, minor = 4;
  uint32_t snaplen = 262144, link_type = 1;
};

class PcapWriter {
 public:
  explicit PcapWriter(const PcapHeader& header = {})
      : modified_(header.magic == 0xa1b2cd34), out_(header.big_endian) {
    out_.u32(header.magic).u16(header.major).u16(header.minor).u32(0).u32(0);
    out_.u32(header.snaplen).u32(header.link_type);
  }
  /// The lengths are those of `octets` unless given.
  PcapWriter& record(uint32_t seconds, uint32_t fraction, const Octets& octets,
                     std::optional<uint32_t> captured = {}, std::optional<uint32_t> on_wire = {}) {
    const auto size = static_cast<uint32_t>(octets.size());
    const uint32_t claimed = captured.value_or(size);
    out_.u32(seconds).u32(fraction).u32(claimed).u32(on_wire.value_or(claimed));
    if (modified_) out_.u32(7).u16(8).u16(0);  // interface index, protocol, packet type
    out_.raw(octets);
    return *this;
  }
  const Octets& octets() const { return out_.octets(); }

 private:
  bool modified_;
  NumberWriter out_;
};

class PcapngWriter {
 public:
  explicit PcapngWriter(bool big_endian = false) : big_endian_(big_endian) {}

  PcapngWriter& section(bool big_endian, uint16_t major = 1) {
    big_endian_ = big_endian;
    return block(0x0a0d0d0a, body().u32(0x1a2b3c4d).u16(major).u16(0).u64(UINT64_MAX).octets());
  }
  PcapngWriter& section() { return section(big_endian_); }
  /// `options` are those of option() and offset_option(), one behind the other.
  PcapngWriter& interface(uint16_t link_type, uint32_t snaplen = 0, const Octets& options = {}) {
    return block(1, body().u16(link_type).u16(0).u32(snaplen).raw(options).octets());
  }
  Octets option(uint16_t code, const Octets& value, std::optional<uint16_t> size = {}) const {
    return body()
        .u16(code)
        .u16(size.value_or(static_cast<uint16_t>(value.size())))
        .padded(value)
        .octets();
  }
  Octets resolution(uint8_t value) const { return option(9, {value}); }
  Octets offset(int64_t seconds) const {
    return option(14, body().u64(static_cast<uint64_t>(seconds)).octets());
  }
  PcapngWriter& enhanced(uint32_t interface, uint64_t ticks, const Octets& octets,
                         std::optional<uint32_t> captured = {},
                         std::optional<uint32_t> on_wire = {}, const Octets& options = {}) {
    NumberWriter fixed = body();
    fixed.u32(interface);
    return packet(6, fixed, ticks, octets, captured, on_wire, options);
  }
  PcapngWriter& obsolete(uint16_t interface, uint64_t ticks, const Octets& octets) {
    NumberWriter fixed = body();
    fixed.u16(interface).u16(0xffff);
    return packet(2, fixed, ticks, octets, {}, {}, {});
  }
  PcapngWriter& simple(const Octets& octets, std::optional<uint32_t> on_wire = {}) {
    const auto size = static_cast<uint32_t>(octets.size());
    return block(3, body().u32(on_wire.value_or(size)).padded(octets).octets());
  }
  PcapngWriter& block(uint32_t type, const Octets& octets, std::optional<uint32_t> length = {},
                      std::optional<uint32_t> length_again = {}) {
    NumberWriter out(big_endian_);
    const auto all = static_cast<uint32_t>(12 + (octets.size() + 3) / 4 * 4);
    const uint32_t claimed = length.value_or(all);
    out.u32(type).u32(claimed).padded(octets).u32(length_again.value_or(claimed));
    return raw(out.octets());
  }
  PcapngWriter& raw(const Octets& octets) {
    octets_.insert(octets_.end(), octets.begin(), octets.end());
    return *this;
  }
  const Octets& octets() const { return octets_; }

 private:
  NumberWriter body() const { return NumberWriter(big_endian_); }
  PcapngWriter& packet(uint32_t type, NumberWriter& fixed, uint64_t ticks, const Octets& octets,
                       std::optional<uint32_t> captured, std::optional<uint32_t> on_wire,
                       const Octets& options) {
    const uint32_t claimed = captured.value_or(static_cast<uint32_t>(octets.size()));
    fixed.u32(static_cast<uint32_t>(ticks >> 32)).u32(static_cast<uint32_t>(ticks));
    fixed.u32(claimed).u32(on_wire.value_or(claimed)).padded(octets).raw(options);
    return block(type, fixed.octets());
  }
  bool big_endian_;
  Octets octets_;
};

}  // namespace exwire::test
