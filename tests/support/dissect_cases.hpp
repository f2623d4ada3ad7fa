// SPDX-License-Identifier: BSD-3-Clause
// Text cases for one dissector, read from tests/dissect (see the head of such a file for its
// form), and how a case is run: as it stands or cut anew.
#pragma once

#include <string>
#include <vector>

#include "tests/support/dissector_harness.hpp"

namespace exwire::test {

struct Piece {
  enum class What : uint8_t { octets, gap, end };
  What what = What::octets;
  Direction direction = Direction::to_server;
  std::string octets{};
  uint64_t missing = 0;
};

struct DissectCase {
  std::string name;
  int line = 0;
  bool midstream = false;
  std::vector<Piece> pieces;
  std::string expected;        ///< the whole log
  std::string expected_state;  ///< "at_rest", "more" or nothing to be checked
};

/// Octets of protocols made of nested vectors: 0a0b, "text", N*part, (parts), and [n parts] behind
/// their length in n octets; [n+5 parts] or [n-5 parts] lie about it.
class NestedParts {
 public:
  explicit NestedParts(const std::string& text) : text_(text) {}
  /// Up to `end`, or the end of the text for 0. Throws std::runtime_error.
  std::string until(char end);

 private:
  std::string part();
  std::string vector();
  std::string digits();
  char next();

  const std::string& text_;
  size_t at_ = 0;
};

/// Throws std::runtime_error with the line of a mistake.
std::vector<DissectCase> read_dissect_cases(const std::string& path);

/// What a line of a case stands for: text with \r, \n, \t and \xHH, "N*text" for the text N times
/// over, "hex: 0a 0b", or "parts: " and what NestedParts reads.
std::string octets_of(const std::string& text);

/// EXWIRE_TESTS, else where the tests were when they were compiled.
std::string tests_folder();

void run_piece(DissectorHarness& harness, const Piece& piece);
std::string run_case(const ExwireDissectorApi& api, const DissectCase& one, bool sleepy);
/// Segments of one octet each.
std::string run_octet_by_octet(const ExwireDissectorApi& api, const DissectCase& one, bool sleepy);
/// All octets of the case numbered in order; the segment that holds number `cut` is split there.
std::string run_cut(const ExwireDissectorApi& api, const DissectCase& one, size_t cut, bool sleepy);

}  // namespace exwire::test
