// SPDX-License-Identifier: BSD-3-Clause
// Runs the cases of tests/dissect/http1.txt through the real path: whole, octet by octet, and cut
// at every single position. The log must be the expected one each time, although the flow sleeps
// and wakes at other moments.
#include <catch2/catch.hpp>
#include <fstream>
#include <iostream>
#include <sstream>

#include "tests/support/dissect_cases.hpp"
#include "tests/support/http_log.hpp"

using namespace exwire;
using test::StreamPiece;

namespace {

struct Case {
  std::string name;
  int line = 0;
  std::vector<StreamPiece> pieces;
  std::string expected;
};

std::vector<Case> read_cases() {
  std::ifstream file(std::string(EXWIRE_TESTS_DIR) + "/dissect/http1.txt");
  std::vector<Case> cases;
  std::string line;
  for (int number = 1; std::getline(file, line); ++number) {
    if (line.rfind("# ", 0) == 0) {
      cases.push_back({line.substr(2), number, {}, {}});
    } else if (line.rfind(">> ", 0) == 0 || line.rfind("<< ", 0) == 0) {
      const Direction direction = line[0] == '>' ? Direction::to_server : Direction::to_client;
      auto& pieces = cases.back().pieces;
      const std::string octets = test::octets_of(line.substr(3));
      if (!pieces.empty() && pieces.back().direction == direction) {
        pieces.back().octets += octets;
      } else {
        pieces.push_back({direction, octets, 0});
      }
    } else if (line.rfind("!! gap ", 0) == 0) {  // "!! gap N to_server text behind it"
      std::istringstream words(line.substr(7));
      uint32_t lost = 0;
      std::string direction, rest;
      words >> lost >> direction;
      std::getline(words, rest);
      cases.back().pieces.push_back(
          {direction == "to_server" ? Direction::to_server : Direction::to_client,
           test::octets_of(rest.empty() ? rest : rest.substr(1)), lost});
    } else if (line.rfind("= ", 0) == 0) {
      cases.back().expected += line.substr(2) + "\n";
    }
  }
  return cases;
}

bool has_gap(const Case& one) {
  for (const StreamPiece& piece : one.pieces) {
    if (piece.lost > 0) return true;
  }
  return false;
}

std::vector<StreamPiece> octet_by_octet(const Case& one) {
  std::vector<StreamPiece> pieces;
  for (const StreamPiece& piece : one.pieces) {
    for (const char octet : piece.octets) pieces.push_back({piece.direction, {octet}, 0});
  }
  return pieces;
}

}  // namespace

TEST_CASE("HTTP/1 text cases", "[http1]") {
  const std::vector<Case> cases = read_cases();
  REQUIRE(cases.size() >= 50);
  const bool show = std::getenv("EXWIRE_SHOW") != nullptr;  // prints what a new case gives
  for (const Case& one : cases) {
    INFO(one.name << " (line " << one.line << ")");
    const std::string whole = test::http_log(one.pieces);
    if (show && whole != one.expected) std::cout << "# " << one.name << "\n" << whole << "\n";
    CHECK(whole == one.expected);
    if (has_gap(one)) continue;
    size_t total = 0;
    for (const StreamPiece& piece : one.pieces) total += piece.octets.size();
    if (total > 20000) continue;
    REQUIRE(test::http_log(octet_by_octet(one)) == whole);
    for (size_t which = 0; which < one.pieces.size() && total < 3000; ++which) {
      for (size_t cut = 1; cut < one.pieces[which].octets.size(); ++cut) {
        std::vector<StreamPiece> pieces = one.pieces;
        const StreamPiece rest{pieces[which].direction, pieces[which].octets.substr(cut), 0};
        pieces[which].octets.resize(cut);
        pieces.insert(pieces.begin() + static_cast<long>(which) + 1, rest);
        if (test::http_log(pieces) != whole) {
          FAIL("differs when piece " << which << " is cut at octet " << cut << ":\n"
                                     << test::http_log(pieces));
        }
      }
    }
  }
}
