// SPDX-License-Identifier: BSD-3-Clause
// Capture file formats as incremental parsers over octets that lie in a map or in a stream's
// buffer: classic pcap and pcapng (draft-ietf-opsawg-pcap, draft-ietf-opsawg-pcapng). A parser
// never trusts a length and never needs more than kMostNeeded octets at once, so that a block of 4
// GiB costs no memory. It reads no files and numbers no packets.
#pragma once

#include <algorithm>
#include <cstdint>
#include <memory>
#include <span>
#include <string>

#include "sensor/capture/source.hpp"

namespace exwire::capture {

/// Larger captured lengths are damage: the largest loopback frames hold 65,549 octets, segments not
/// yet cut by the kernel at most 256 KiB.
inline constexpr uint32_t kMostCaptured = 262144 + 4096;
/// No parser asks for more octets than this before it can go on.
inline constexpr size_t kMostNeeded = size_t{1} << 20;

/// What a file showed besides its frames.
struct FormatCounters {
  uint64_t cut_by_snaplen = 0;  ///< captured less than was on the wire
  uint64_t odd_times = 0;       ///< fraction of a second too large, or a time that cannot be held
  uint64_t odd_lengths = 0;     ///< captured more than is said to have been on the wire
  uint64_t bad_records = 0;     ///< packet records that could not be read, and were passed over
};

class FormatParser {
 public:
  enum class Step : uint8_t {
    frame,       ///< `frame` is filled
    skipped,     ///< something else was passed
    bad_record,  ///< a packet record that cannot be read was passed; failure() tells why
    need_more,   ///< the octets end within a record
    failed,      ///< reading cannot go on; see failure()
  };
  struct Failure {
    ErrorCode code;
    std::string what;
  };

  virtual ~FormatParser() = default;
  /// Looks at the octets from the current position on. `consumed` is set except for need_more and
  /// failed, and may reach beyond `octets`: then the rest is to be passed over unseen. The frame's
  /// octets are a view into `octets`; its number is left to the caller.
  virtual Step step(std::span<const uint8_t> octets, Frame& frame, uint64_t& consumed) = 0;
  /// Fills as many of `frames` as follow each other whole at the beginning of `octets`: what step()
  /// would give, in one go. None where it must look.
  virtual uint32_t fill_in_a_row(std::span<const uint8_t> /*octets*/, std::span<Frame> /*frames*/,
                                 uint64_t& consumed) {
    consumed = 0;
    return 0;
  }

  const Failure& failure() const noexcept { return failure_; }
  const FormatCounters& counters() const noexcept { return counters_; }

 protected:
  Step fail(ErrorCode code, std::string what) {
    failure_ = {code, std::move(what)};
    return Step::failed;
  }
  Step pass_over(std::string what) {
    failure_ = {ErrorCode::damaged, std::move(what)};
    ++counters_.bad_records;
    return Step::bad_record;
  }
  /// Fills the parts common to both formats.
  void fill(Frame& frame, const uint8_t* octets, uint32_t captured, uint32_t on_wire) noexcept {
    // Who claims less than was captured is wrong about the wire: cutting the frame to the claim
    // would let a writer hide octets that are there.
    frame.octets = {octets, captured};
    frame.wire_octets = std::max(on_wire, captured);
    if (on_wire != captured) {
      ++(on_wire > captured ? counters_.cut_by_snaplen : counters_.odd_lengths);
    }
  }

  Failure failure_{};
  FormatCounters counters_;
};

/// How many octets tell the format; fewer are no capture.
inline constexpr size_t kMagicOctets = 4;
/// The parser for a file that begins with `octets`, null when that is no capture format.
std::unique_ptr<FormatParser> parser_for(std::span<const uint8_t> octets);

std::unique_ptr<FormatParser> make_pcap_parser();
std::unique_ptr<FormatParser> make_pcapng_parser();

}  // namespace exwire::capture
