// SPDX-License-Identifier: BSD-3-Clause
// Reads a whole capture from memory, once as a map would be read and once through the buffer of a
// stream in pieces of a given size, and keeps copies of the frames: what a reader says must not
// depend on how the octets came. Shared by the unit tests and the fuzz target.
#pragma once

#include <algorithm>
#include <cstring>
#include <string>
#include <vector>

#include "sensor/capture/capture_file.hpp"

namespace exwire::test {

struct ReadFrame {
  Timestamp time;
  std::vector<uint8_t> octets;
  uint32_t wire_octets;
  uint16_t link_type, interface;
  uint64_t number;
  friend bool operator==(const ReadFrame&, const ReadFrame&) = default;
};

struct ReadResult {
  std::vector<ReadFrame> frames;
  std::string failure;  ///< empty: none
  ErrorCode code = ErrorCode::device;
  capture::FormatCounters counters;
};

inline bool same(const ReadResult& one, const ReadResult& other) {
  return one.frames == other.frames && one.failure == other.failure && one.code == other.code &&
         std::memcmp(&one.counters, &other.counters, sizeof one.counters) == 0;
}

/// `out_at_once`: how many frames are held before their octets are looked at, as batches do.
inline ReadResult read_all(capture::CaptureFile& file, size_t out_at_once = 64) {
  ReadResult result;
  std::vector<capture::Frame> out;
  while (true) {
    capture::Frame frame;
    const bool got = file.next(frame, !out.empty());
    if (got) out.push_back(frame);
    if (got && out.size() < out_at_once) continue;
    for (const capture::Frame& held : out) {
      result.frames.push_back({held.time,
                               {held.octets.begin(), held.octets.end()},
                               held.wire_octets,
                               held.link_type,
                               held.interface,
                               held.number});
    }
    if (!got && !file.held()) break;
    out.clear();
  }
  result.counters = file.counters();
  if (file.failure()) {
    result.failure = file.failure()->message;
    result.code = file.failure()->code;
  }
  return result;
}

class PieceStream final : public capture::OctetStream {
 public:
  PieceStream(std::span<const uint8_t> octets, size_t piece) : octets_(octets), piece_(piece) {}
  Result<size_t> read(uint8_t* to, size_t most) override {
    const size_t part = std::min({most, piece_, octets_.size() - at_});
    if (part > 0) std::memcpy(to, octets_.data() + at_, part);
    at_ += part;
    return part;
  }
  uint64_t taken() const override { return at_; }

 private:
  std::span<const uint8_t> octets_;
  size_t piece_, at_ = 0;
};

inline ReadResult read_mapped(std::span<const uint8_t> octets) {
  capture::CaptureFile file("test", capture::make_memory_window(octets));
  return read_all(file);
}
inline ReadResult read_streamed(std::span<const uint8_t> octets, size_t piece) {
  capture::CaptureFile file(
      "test", capture::make_stream_window(std::make_unique<PieceStream>(octets, piece)));
  return read_all(file);
}

}  // namespace exwire::test
