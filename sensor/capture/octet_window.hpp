// SPDX-License-Identifier: BSD-3-Clause
// The octets of a capture file at hand: all of a map at once, or what a bounded buffer over a
// stream holds. Readers keep their own view and ask for more when it ends within a record.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>

#include "sensor/base/result.hpp"
#include "sensor/capture/octet_stream.hpp"

namespace exwire::capture {

class OctetWindow {
 public:
  enum class Refill : uint8_t { grown, end, failed };

  virtual ~OctetWindow() = default;
  /// Adds octets behind those of `unread`. Where moves() says so, octets handed out before go.
  virtual Refill refill(std::span<const uint8_t>& unread) = 0;
  virtual bool moves() const noexcept { return false; }
  /// Told now and then how far reading came while no view is out. False: the octets are gone, see
  /// error().
  virtual bool passed(uint64_t /*position*/) { return true; }
  /// True once octets could not be had while they were looked at (zeros were seen instead). Never
  /// where moves() says so.
  virtual bool broken() const noexcept { return false; }
  /// Why, without the file's name.
  const Error& error() const noexcept { return error_; }
  /// How much of the file itself was read, in octets of the file; for progress.
  virtual uint64_t file_position(uint64_t position) const { return position; }

 protected:
  Error error_{};
};

/// Octets that stay where they are, for tests and fuzzing; not copied.
std::unique_ptr<OctetWindow> make_memory_window(std::span<const uint8_t> octets);
/// A map of the first `size` octets of an open file, which is closed in the end; null when it
/// cannot be mapped (then the descriptor is untouched).
std::unique_ptr<OctetWindow> make_mapped_window(int descriptor, uint64_t size);
/// A buffer of a few MiB over a stream.
std::unique_ptr<OctetWindow> make_stream_window(std::unique_ptr<OctetStream> stream);

}  // namespace exwire::capture
