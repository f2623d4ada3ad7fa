// SPDX-License-Identifier: BSD-3-Clause
// Any octets as a capture file, compressed or not. Read as from a map and as from a stream in
// pieces of several sizes: frames, counters and the failure must be the same to the octet.
#include <cstdlib>

#include "sensor/capture/tick_scale.hpp"
#include "tests/unit/capture/read_all.hpp"

using namespace exwire;
using namespace exwire::test;

namespace {

void demand(bool holds) {
  if (!holds) std::abort();
}

/// A few octets can hold gigabytes: the fuzzer looks at their beginning.
class Limited final : public capture::OctetStream {
 public:
  explicit Limited(std::unique_ptr<OctetStream> from) : from_(std::move(from)) {}
  Result<size_t> read(uint8_t* to, size_t most) override {
    if (left_ == 0) return size_t{0};
    const Result<size_t> count = from_->read(to, std::min(most, left_));
    if (count) left_ -= *count;
    return count;
  }
  uint64_t taken() const override { return from_->taken(); }

 private:
  std::unique_ptr<OctetStream> from_;
  size_t left_ = size_t{4} << 20;
};

ReadResult read_decompressed(std::span<const uint8_t> octets, size_t piece) {
  auto stream = capture::decompressed(std::make_unique<PieceStream>(octets, piece));
  demand(stream.has_value());
  capture::CaptureFile file(
      "test", capture::make_stream_window(std::make_unique<Limited>(std::move(*stream))));
  return read_all(file);
}

void check(const ReadResult& result) {
  uint64_t number = 0;
  for (const ReadFrame& frame : result.frames) {
    demand(frame.number > number);
    number = frame.number;
    demand(frame.octets.size() <= capture::kMostCaptured);
    demand(frame.wire_octets >= frame.octets.size());
    demand(frame.time.ns >= 0 && frame.time.ns <= capture::TickScale::kLatestNs);
  }
  // Numbers count the records passed over, too.
  demand(number <= result.frames.size() + result.counters.bad_records);
  demand(result.counters.bad_records == 0 || !result.failure.empty());
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size);
extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::span<const uint8_t> octets{data, size};
  const size_t piece = size < 2048 ? 1 : 61 + size % 4001;
  if (capture::is_compressed(octets)) {
    check(read_decompressed(octets, piece));
    return 0;
  }
  const ReadResult mapped = read_mapped(octets);
  check(mapped);
  demand(same(mapped, read_streamed(octets, piece)));
  demand(same(mapped, read_decompressed(octets, size + 1)));
  return 0;
}
