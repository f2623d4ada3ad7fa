// SPDX-License-Identifier: BSD-3-Clause
// One capture file being read: mapped when it is a plain regular file, through a bounded buffer
// when it is a pipe or compressed. Frames are views into either; nothing is copied per packet. A
// failure names the file, the packet and the octet; what came before it was delivered.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>

#include "sensor/capture/format.hpp"
#include "sensor/capture/octet_window.hpp"

namespace exwire::capture {

class CaptureFile {
 public:
  /// `size`: of the file itself, 0 when not known.
  CaptureFile(std::string name, std::unique_ptr<OctetWindow> window, uint64_t size = 0);

  /// Fills one frame. False at the end: failure() then tells whether something was lost. `hold`:
  /// frames given since the last call with hold = false must stay valid; when that cannot be kept
  /// any longer the answer is false and held() is true: hand them on first, then call again.
  bool next(Frame& frame, bool hold);
  /// Frames that follow without anything else between, as long as the octets at hand hold them
  /// whole. Those given before stay valid.
  std::span<const Frame> take_in_a_row(std::span<Frame> frames);
  bool held() const noexcept { return held_; }
  /// Final once next() said false without held(). A file with unreadable packet records that could
  /// be passed over has a failure, too.
  const std::optional<Error>& failure() const noexcept { return failure_; }
  FormatCounters counters() const { return parser_ ? parser_->counters() : FormatCounters{}; }
  uint64_t packets() const noexcept { return packets_; }
  /// Octets of the file itself: read so far and in all (0: not known).
  uint64_t position() const { return window_->file_position(offset_); }
  uint64_t size() const noexcept { return size_; }

 private:
  enum class More : uint8_t { yes, not_now, never };

  void take(uint64_t consumed) noexcept;
  bool look_behind();
  More refill(bool hold);
  bool choose_parser();
  void note_bad_record();
  void finish();
  void end_with(ErrorCode code, const std::string& what);

  std::string name_;
  std::unique_ptr<OctetWindow> window_;
  bool is_breakable_;  ///< only octets that stay where they are can go while they are looked at
  std::unique_ptr<FormatParser> parser_;
  std::span<const uint8_t> unread_;
  uint64_t offset_ = 0;   ///< of unread_ in the (decompressed) octets
  uint64_t to_pass_ = 0;  ///< octets to pass over that are not at hand yet
  uint64_t looked_at_ = 0;
  uint64_t size_;
  uint64_t packets_ = 0;
  std::string first_bad_record_;
  std::optional<Error> failure_;
  bool held_ = false, finished_ = false;
};

/// What a path may be.
enum class PathKind : uint8_t {
  any,           ///< as the user named it: also a pipe, a link, or "-" for standard input
  regular_file,  ///< found in a folder: no link, pipe or device
};
/// How a plain regular file is read; pipes and compressed files are always read into a buffer.
enum class Reading : uint8_t {
  mapped,    ///< the file in the address space; views into it stay good as long as it is open
  buffered,  ///< in pieces of 256 KiB through the same few MiB; views go with the next batch
};
/// Opens a file. The error names it.
Result<std::unique_ptr<CaptureFile>> open_capture(const std::string& path,
                                                  PathKind kind = PathKind::any,
                                                  Reading reading = Reading::mapped);

}  // namespace exwire::capture
