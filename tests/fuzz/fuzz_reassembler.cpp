// SPDX-License-Identifier: BSD-3-Clause
// Segments of one direction in any order, cut and overlap, against a plain model: a map of
// the first copy of every octet. Within the limits both must agree on every octet of the stream.
#include <array>
#include <cstdlib>
#include <string>

#include "sensor/flow/reassembler.hpp"

using namespace exwire;

namespace {

constexpr size_t kMostOffset = 3000;

class Collector final : public flow::StreamReader {
 public:
  flow::ReadAnswer read(Bytes octets) override {
    const uint32_t part = step == 0 || octets.size <= step ? octets.size : step;
    text.append(octets.first(part).text());
    return {part, 0, 0, false};
  }
  bool gap(uint64_t missing) override {
    text.append(missing, '?');
    return true;
  }
  void conflict(int64_t, Bytes) override { ++conflicts; }
  uint32_t most_pending() const override { return 65536; }
  std::string text;
  uint32_t step = 0;
  uint64_t conflicts = 0;
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size);
extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  Budget budget(size_t{16} << 20);
  BufferPool pool(budget);
  flow::DirectionState side;
  side.next_seq = 0xfffffff0;
  flow::Reassembler reassembler;
  flow::ReassemblyCounters counters;
  Collector reader;
  std::array<char, kMostOffset + 256> model{};  // 0: not there
  uint64_t delivered = 0;  // what the model has handed on: copies of it change nothing
  if (size > 0) reader.step = data[0] % 8;
  // Operation: two octets of offset, one of length, one of content.
  for (size_t at = 1; at + 4 <= size && at < 4096; at += 4) {
    const auto offset = static_cast<size_t>(data[at] << 8 | data[at + 1]) % kMostOffset;
    const uint32_t length = data[at + 2];
    std::array<char, 256> octets;
    for (uint32_t index = 0; index < length; ++index) {
      octets[index] = static_cast<char>('a' + (data[at + 3] + index) % 26);
    }
    if (data[at + 3] == 255 && reassembler.has_hole()) {
      reassembler.give_up_hole(side, reader, pool, counters, 0);
      while (model[delivered] == 0) model[delivered++] = '?';
    } else {
      for (uint32_t index = 0; index < length; ++index) {
        char& kept = model[offset + index];
        if (kept == 0) kept = octets[index];
      }
      reassembler.segment(side, static_cast<int64_t>(offset),
                          as_bytes(std::string_view(octets.data(), length)), length, reader, pool,
                          counters, 0);
    }
    while (model[delivered] != 0) ++delivered;
    if (side.stream_octets != delivered || reader.text.size() != delivered) std::abort();
  }
  if (reader.text != std::string_view(model.data(), delivered)) std::abort();
  reassembler.clear(pool);
  return 0;
}
