// SPDX-License-Identifier: BSD-3-Clause
// Capture file formats as incremental parsers over octets that lie in a map or in a stream's
// buffer: classic pcap and pcapng (draft-ietf-opsawg-pcap, draft-ietf-opsawg-pcapng). A parser
// never trusts a length; what cannot be read ends the file with a reason, and what came before
// stands.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>

#include "sensor/capture/source.hpp"

namespace exwire::capture {

/// Larger captured lengths are damage: the largest loopback frames hold 65,549 octets, segments not
/// yet cut by the kernel at most 256 KiB.
inline constexpr uint32_t kMostCaptured = 262144 + 4096;

class FormatParser {
 public:
  enum class Step : uint8_t {
    frame,      ///< `frame` is filled
    skipped,    ///< something else was passed
    need_more,  ///< the octets end within a record
    failed,     ///< reading cannot go on; see failure()
  };
  struct Failure {
    ErrorCode code;
    std::string what;
  };

  virtual ~FormatParser() = default;
  /// Looks at the octets from the current position on. `consumed` is set except for need_more and
  /// failed. The frame's octets are a view into `octets`; its number is left to the caller.
  virtual Step step(std::span<const uint8_t> octets, Frame& frame, uint64_t& consumed) = 0;

  const Failure& failure() const noexcept { return failure_; }
  uint64_t cut_by_snaplen() const noexcept { return cut_by_snaplen_; }
  uint64_t odd_times() const noexcept { return odd_times_; }

 protected:
  Step fail(ErrorCode code, std::string what) {
    failure_ = {code, std::move(what)};
    return Step::failed;
  }
  /// Fills the parts common to both formats.
  void fill(Frame& frame, const uint8_t* octets, uint32_t captured, uint32_t on_wire) noexcept {
    // Some writers claim less than they captured: then all of it was on the wire.
    frame.octets = {octets, captured};
    frame.wire_octets = on_wire < captured ? captured : on_wire;
    cut_by_snaplen_ += on_wire > captured;
  }

  Failure failure_;
  uint64_t cut_by_snaplen_ = 0, odd_times_ = 0;
};

/// How many octets tell the format; fewer are no capture.
inline constexpr size_t kMagicOctets = 4;
/// The parser for a file that begins with `octets`, null when that is no capture format.
std::unique_ptr<FormatParser> parser_for(std::span<const uint8_t> octets);

std::unique_ptr<FormatParser> make_pcap_parser();
std::unique_ptr<FormatParser> make_pcapng_parser();

}  // namespace exwire::capture
