// SPDX-License-Identifier: BSD-3-Clause
// Octets that come one after the other: a pipe, or a compressed file (gzip with any number of
// members, RFC 1952; Zstandard with any number of frames, RFC 8878). The form is told by its first
// octets, not by the file's name. Errors do not name the file: who opened it does.
#pragma once

#include <cstdint>
#include <memory>
#include <span>

#include "sensor/base/result.hpp"

namespace exwire::capture {

class OctetStream {
 public:
  virtual ~OctetStream() = default;
  /// At least one octet, or 0 at the end; an Error when the rest cannot be had.
  virtual Result<size_t> read(uint8_t* to, size_t most) = 0;
  /// Octets taken from the file itself so far.
  virtual uint64_t taken() const = 0;
};

/// Over a file descriptor, which is closed in the end. Decompresses when the octets ask for it.
Result<std::unique_ptr<OctetStream>> open_stream(int descriptor);
/// The same over any other stream, for tests and fuzzing.
Result<std::unique_ptr<OctetStream>> decompressed(std::unique_ptr<OctetStream> stream);
/// Whether a file that begins with these octets must be read as a stream.
bool is_compressed(std::span<const uint8_t> octets) noexcept;

}  // namespace exwire::capture
