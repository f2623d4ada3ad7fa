// SPDX-License-Identifier: BSD-3-Clause
// EXWIRE_DISSECTOR: the symbol of the dissector to fuzz.
//
// Any octets as a conversation, offered to a dissector whole and then cut anew with sleep and wake
// between the pieces: both logs must be the same, no answer may break the contract of
// dissectors/api.hpp, and the number of calls is bounded by the octets.
//
// Input: two octets that choose flags and cuts, then the text. 0xff '<' and 0xff '>' change the
// direction, 0xff 'g' and an octet is a gap of so many, 0xff 'e' ends the direction.
#pragma once

#include <cstdio>
#include <cstdlib>

#include "tests/support/dissect_cases.hpp"

using namespace exwire;
using namespace exwire::test;

extern "C" const ExwireDissectorApi EXWIRE_DISSECTOR;
extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size);

namespace {

DissectCase read_input(const uint8_t* data, size_t size) {
  DissectCase one;
  one.midstream = (data[0] & 1) != 0;
  Piece piece;
  const auto flush = [&] {
    if (!piece.octets.empty()) one.pieces.push_back(piece);
    piece.octets.clear();
  };
  for (size_t at = 2; at < size; ++at) {
    const uint8_t what = data[at] == 0xff && at + 1 < size ? data[at + 1] : uint8_t{0};
    if (what == '<' || what == '>') {
      flush();
      piece.direction = what == '<' ? Direction::to_client : Direction::to_server;
    } else if (what == 'e' || (what == 'g' && at + 2 < size)) {
      flush();
      Piece event;
      event.direction = piece.direction;
      event.what = what == 'e' ? Piece::What::end : Piece::What::gap;
      event.missing = what == 'g' ? data[++at + 1] : 0;
      one.pieces.push_back(event);
    } else {
      piece.octets += static_cast<char>(data[at]);
      continue;
    }
    ++at;
  }
  flush();
  return one;
}

void fail(const char* why, const std::string& whole, const std::string& cut) {
  std::fprintf(stderr, "%s\n--- whole\n%s--- cut\n%s", why, whole.c_str(), cut.c_str());
  std::abort();
}

// A few octets of state make the lengths of segments; small ones are most common.
uint32_t next_length(uint32_t& seed) {
  seed = seed * 1664525U + 1013904223U;
  const uint32_t kind = seed >> 30, value = seed >> 16 & 0xff;
  return kind == 0 ? 1 : kind == 1 ? 1 + value % 4 : 1 + value;
}

std::string run_in_segments(const DissectCase& one, bool sleepy, uint32_t seed) {
  DissectorHarness harness(EXWIRE_DISSECTOR, {one.midstream, sleepy, false});
  uint64_t octets = 0, segments = 0;
  for (const Piece& piece : one.pieces) {
    if (piece.what != Piece::What::octets) run_piece(harness, piece);
    for (size_t at = 0; at < piece.octets.size();) {
      const std::string_view part = std::string_view(piece.octets).substr(at, next_length(seed));
      harness.feed(piece.direction, as_bytes(part));
      at += part.size();
      ++segments;
    }
    octets += piece.octets.size();
  }
  if (harness.calls > 2 * octets + segments) fail("too many calls", harness.log(), {});
  return harness.log();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size < 3 || size > 65536) return 0;
  const DissectCase one = read_input(data, size);
  // Pieces of one direction that follow each other are one segment or many all the same.
  const std::string whole = run_case(EXWIRE_DISSECTOR, one, false);
  if (("\n" + whole).find("\nviolation ") != std::string::npos) fail("violation", whole, {});
  const std::string cut = run_in_segments(one, (data[0] & 2) != 0, data[1] * 2654435761U);
  if (whole != cut) fail("the log depends on the cuts", whole, cut);
  std::string probed;
  for (const Piece& piece : one.pieces) probed += piece.octets;
  EXWIRE_DISSECTOR.probe(as_bytes(probed), {});
  EXWIRE_DISSECTOR.probe({}, as_bytes(probed));
  return 0;
}
