// SPDX-License-Identifier: BSD-3-Clause
// Any octets as a WBXML document and as a compressed body of ActiveSync: read whole and then cut
// anew, the same must come out, in calls that are linear in the octets, with texts and depth within
// their bounds.
//
// Input: an octet that chooses the cuts, then the document.
#include <cstdlib>
#include <string>
#include <utility>

#include "dissectors/activesync_readings.hpp"

using namespace exwire;
using namespace exwire::activesync;
using wbxml::Event;

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size);

namespace {

void require(bool kept) {
  if (!kept) std::abort();
}

/// Lengths of pieces: one octet is most common.
class Cuts {
 public:
  explicit Cuts(uint32_t seed) noexcept : seed_(seed) {}
  /// Takes a piece off the front of `rest`.
  Bytes next(Bytes& rest) noexcept {
    seed_ = seed_ * 1664525U + 1013904223U;
    const uint32_t size = seed_ >> 31 != 0 ? 1 : 1 + (seed_ >> 16 & 0xff);
    const Bytes piece = rest.first(size);
    rest = rest.from(piece.size);
    return piece;
  }

 private:
  uint32_t seed_;
};

// Every event but `cut`, with what goes with it.
void note(std::string& log, const wbxml::Reader& reader, Event event) {
  log += static_cast<char>('0' + static_cast<int>(event));
  log += static_cast<char>(reader.depth());
  if (event == Event::text) log += reader.text();
  if (event == Event::open || event == Event::close) {
    log += {static_cast<char>(reader.tag().page), static_cast<char>(reader.tag().token)};
  }
}

std::string events(Bytes rest, Cuts* cuts) {
  wbxml::Reader reader;
  std::string log;
  uint64_t calls = 0;
  const uint64_t octets = rest.size;
  uint64_t pieces = 0;
  while (!rest.empty()) {
    Bytes piece = cuts != nullptr ? cuts->next(rest) : std::exchange(rest, {});
    ++pieces;
    for (;;) {
      const Event event = reader.next(piece);
      ++calls;
      require(reader.depth() <= wbxml::Reader::kDeepest);
      require(reader.text().size() <= wbxml::Reader::kLongestText);
      if (event == Event::cut) break;
      note(log, reader, event);
      if (event == Event::finished || event == Event::broken) {
        require(calls <= octets + pieces);
        return log;
      }
    }
  }
  require(calls <= octets + pieces);
  return log;
}

std::string body(Bytes rest, bool packed, Cuts* cuts) {
  Readings& readings = Readings::here();
  const uint32_t ticket = readings.begin(packed);
  while (!rest.empty()) {
    if (!readings.feed(ticket, cuts != nullptr ? cuts->next(rest) : std::exchange(rest, {}))) break;
  }
  const Body* read = readings.find(ticket);
  require(read != nullptr && read->folders <= BodyReader::kMost);
  std::string said = read->whole ? "whole" : "cut";
  for (const auto& value : {read->heartbeat, read->status, read->policy_status}) {
    said += value ? " " + std::to_string(*value) : " none";
  }
  return said + " " + std::to_string(read->folders) + " " + std::to_string(read->policy_key) +
         (read->remote_wipe ? " wipe" : "");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size < 2 || size > 1U << 20) return 0;
  const uint32_t seed = data[0] * 2654435761U;
  const Bytes octets{data + 1, static_cast<uint32_t>(size - 1)};
  Cuts cuts(seed);
  require(events(octets, nullptr) == events(octets, &cuts));
  for (const bool packed : {false, true}) {
    require(body(octets, packed, nullptr) == body(octets, packed, &cuts));
  }
  return 0;
}
