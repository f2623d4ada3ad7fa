// SPDX-License-Identifier: BSD-3-Clause
// One capture file being read: mapped when it is a plain regular file, through a bounded buffer
// when it is a pipe or compressed. Frames are views into either; nothing is copied per packet.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "sensor/capture/format.hpp"
#include "sensor/capture/octet_stream.hpp"

namespace exwire::capture {

class CaptureFile {
 public:
  virtual ~CaptureFile() = default;
  /// Fills one frame. False at the end: failure() then tells whether it came too early. `hold`:
  /// frames given since the last call with hold = false must stay valid; when that cannot be kept
  /// any longer the answer is false and held() is true: hand them on first, then call again.
  virtual bool next(Frame& frame, bool hold) = 0;
  virtual bool held() const = 0;
  virtual const std::optional<Error>& failure() const = 0;
  virtual uint64_t cut_by_snaplen() const = 0;
  virtual uint64_t odd_times() const = 0;
  /// Octets read and in all; 0 in all when not known.
  virtual uint64_t position() const = 0;
  virtual uint64_t size() const = 0;
};

/// Opens a file, or standard input for "-". The error names the file.
Result<std::unique_ptr<CaptureFile>> open_capture(const std::string& path);

/// Reads captures from memory, as a mapped file would be; for tests and fuzzing.
std::unique_ptr<CaptureFile> capture_in_memory(std::vector<uint8_t> octets, std::string name);
/// The same octets through the bounded buffer of streams, `chunk` octets at a time.
std::unique_ptr<CaptureFile> capture_as_stream(std::vector<uint8_t> octets, std::string name,
                                               size_t chunk);

}  // namespace exwire::capture
