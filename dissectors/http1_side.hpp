// SPDX-License-Identifier: BSD-3-Clause
// Where one direction of a connection stands: between messages, in a head, in a body, or lost; and
// how octets pass through a body without being looked at.
#pragma once

#include "dissectors/http1_challenge.hpp"
#include "dissectors/http1_framing.hpp"
#include "dissectors/http1_lines.hpp"

namespace exwire::http1 {

enum class Phase : uint8_t {
  start_line,  ///< before a message
  body,        ///< `left` octets, then the message is over
  chunk_size,
  chunk_end,    ///< the line end behind the data of a chunk
  until_close,  ///< the phases up to here can be slept in
  chunk_data,
  headers,
  trailers,
  skip_line,  ///< inside a line that is too long to be kept
};

/// How a body is compressed.
enum class Packing : uint8_t { none, packed, unknown };

inline Packing packing_of(std::string_view coding) noexcept {
  if (equal_ignoring_case(coding, "identity")) return Packing::none;
  const bool known = equal_ignoring_case(coding, "gzip") || equal_ignoring_case(coding, "x-gzip") ||
                     equal_ignoring_case(coding, "deflate");
  return known ? Packing::packed : Packing::unknown;
}

/// What was done with octets offered.
struct Step {
  uint32_t consumed = 0;
  uint64_t skip = 0;
  bool wait = false;  ///< the rest makes sense only with what follows it
};

struct Side {
  Side() noexcept {}  // NOLINT: otherwise `Side()` is cleared by a slow instruction first

  uint64_t left = 0;                    ///< of a body or the data of a chunk
  uint64_t body = 0;                    ///< octets of the body, all that are announced so far
  uint64_t other_end = Framing::kNone;  ///< octets until the other reading's end of the body
  uint32_t transaction = 0;
  uint32_t headers = 0, header_octets = 0;
  uint32_t wanted = 0;   ///< octets of the body's front that somebody reads
  uint32_t held = 0;     ///< of these, here already and waiting for the others
  uint32_t reading = 0;  ///< ticket of the WBXML being read, 0: none yet
  LineFinder lines;
  Phase phase = Phase::start_line, after_skip = Phase::start_line;
  bool lost = false;        ///< looking for the next start line
  bool finished = false;    ///< the direction has ended
  bool interim = false;     ///< a 1xx response: no answer yet
  bool full = false;        ///< more header fields than are kept
  bool activesync = false;  ///< the body is WBXML, and there is more to be learned of it
  Packing packing = Packing::none;
  bool web_services = false;  ///< a request to Exchange Web Services
  bool old_version = false, bodyless = false, upgrade_h2c = false;
  Framing framing;

  bool in_head() const noexcept {
    return phase == Phase::headers || (phase == Phase::skip_line && after_skip == Phase::headers);
  }
  bool in_data() const noexcept { return phase == Phase::body || phase == Phase::chunk_data; }
  /// Nothing is pending: the direction answers at_rest here.
  bool rests() const noexcept { return phase <= Phase::until_close; }
  /// What is pending fits into its share of sixteen octets.
  bool parkable(uint32_t newest_transaction) const noexcept {
    return other_end == Framing::kNone && body <= 0xffffffffU &&
           (phase != Phase::body || (left == 1 && wanted == 0)) &&
           (phase != Phase::chunk_size || wanted == 0) && !activesync &&
           (phase == Phase::start_line || transaction == newest_transaction);
  }
  /// `octets` of the message's wire form have passed outside of data.
  void count_framing(uint64_t octets) noexcept {
    if (other_end == Framing::kNone) return;
    other_end = other_end >= octets ? other_end - octets : Framing::kNone;
  }
};

/// Passes data of a body or a chunk. All but the last octet of a body are skipped at once; the last
/// one brings the end of the message with it. Stops where the other reading would end the body.
inline Step pass_data(Side& side, uint32_t offered) noexcept {
  const uint64_t border = std::min(side.left, side.other_end);
  const auto passed = static_cast<uint32_t>(std::min<uint64_t>(offered, border));
  side.left -= passed;
  side.count_framing(passed);
  if (passed == border || side.wanted > 0 || side.activesync) return {passed, 0, false};
  const uint64_t kept = side.phase == Phase::body ? 1 : 0;
  const uint64_t skip = std::min(side.left - kept, side.other_end);
  side.left -= skip;
  side.count_framing(skip);
  return {passed, skip, false};
}

}  // namespace exwire::http1
