// SPDX-License-Identifier: BSD-3-Clause
// Runs the text cases of tests/dissect against the dissector alone: as written, octet by octet, cut
// at every single position, each with and without sleep between the pieces. The log must be the
// expected one, complete and in order, every time.
#include <catch2/catch.hpp>
#include <cstdlib>
#include <iostream>
#include <regex>
#include <sstream>

#include "tests/support/dissect_cases.hpp"

using namespace exwire;
using namespace exwire::test;

extern "C" const ExwireDissectorApi dissector_http1;
extern "C" const ExwireDissectorApi dissector_socks5;
extern "C" const ExwireDissectorApi dissector_tls;

namespace {

// Cutting costs the square of the length: long cases are run in fewer ways.
constexpr size_t kMostCut = 4000, kMostSingle = 200000;

size_t octets_of(const DissectCase& one) {
  size_t total = 0;
  for (const Piece& piece : one.pieces) total += piece.octets.size();
  return total;
}

std::string final_state(const ExwireDissectorApi& api, const DissectCase& one) {
  DissectorHarness harness(api, {one.midstream, false, true});
  for (const Piece& piece : one.pieces) run_piece(harness, piece);
  return harness.at_rest() ? "at_rest" : "more";
}

void print_as_expected(const DissectCase& one, const std::string& log) {
  std::cout << "#" << one.line << " " << one.name << "\n";
  for (size_t at = 0; at < log.size();) {
    const size_t end = log.find('\n', at);
    std::cout << "expect " << log.substr(at, end - at) << "\n";
    at = end + 1;
  }
}

void run_every_way(const ExwireDissectorApi& api, const DissectCase& one) {
  INFO(one.name << " (line " << one.line << ")");
  const std::string whole = run_case(api, one, false);
  if (whole != one.expected && std::getenv("EXWIRE_SHOW") != nullptr) {
    print_as_expected(one, whole);
  }
  CHECK(whole == one.expected);
  if (!one.expected_state.empty()) CHECK(final_state(api, one) == one.expected_state);
  CHECK(run_case(api, one, true) == whole);
  const size_t total = octets_of(one);
  if (total > kMostSingle) return;
  CHECK(run_octet_by_octet(api, one, false) == whole);
  CHECK(run_octet_by_octet(api, one, true) == whole);
  for (size_t cut = 1; cut < total && total <= kMostCut; ++cut) {
    for (const bool sleepy : {false, true}) {
      const std::string log = run_cut(api, one, cut, sleepy);
      if (log != whole) FAIL("differs when cut at " << cut << ":\n" << log);
    }
  }
}

// What is said at the end is the whole conversation's, or that something was incomplete; the
// schemes of a challenge are gathered from several lines.
bool is_told_by(const std::string& whole, const std::string& lines) {
  static const std::regex kIncomplete(
      "handshake .*|moment .*|anomaly .*_incomplete|http[.]www_authenticate=.*");
  std::istringstream rest(lines);
  for (std::string line; std::getline(rest, line);) {
    if (std::regex_match(line, kIncomplete)) continue;
    if (("\n" + whole).find("\n" + line + "\n") == std::string::npos) return false;
  }
  return true;
}

// A conversation that ends anywhere says what the whole one says up to there, and that it is
// incomplete. Gives the number of fronts.
size_t check_fronts(const ExwireDissectorApi& api, const DissectCase& one) {
  const std::string whole = run_case(api, one, false);
  const size_t total = octets_of(one);
  size_t fronts = 0;
  for (size_t size = 0; size < total && total <= kMostCut; ++size, ++fronts) {
    DissectorHarness harness(api, {one.midstream, false, false});
    size_t left = size;
    for (Piece piece : one.pieces) {
      if (left == 0) break;
      const bool last = piece.octets.size() >= left;
      piece.octets.resize(std::min(piece.octets.size(), left));
      left -= piece.octets.size();
      run_piece(harness, piece);
      if (last) break;
    }
    const std::string said = harness.log();
    if (whole.substr(0, said.size()) != said) FAIL("front of " << size << ":\n" << said);
    harness.end(Direction::to_server);
    harness.end(Direction::to_client);
    if (harness.violated()) FAIL("front of " << size << ":\n" << harness.log());
    const std::string last = harness.log().substr(said.size());
    if (!is_told_by(whole, last)) FAIL("front of " << size << " ends with\n" << last);
  }
  return fronts;
}

void run_files(const ExwireDissectorApi& api, const char* what, size_t least,
               std::initializer_list<const char*> files) {
  size_t passed = 0, total = 0, fronts = 0;
  for (const char* file : files) {
    for (const DissectCase& one : read_dissect_cases(tests_folder() + "/dissect/" + file)) {
      run_every_way(api, one);
      passed += run_case(api, one, false) == one.expected ? 1 : 0;
      fronts += check_fronts(api, one);
      ++total;
    }
  }
  REQUIRE(total >= least);
  std::cout << "figure: rows of " << what << ": " << passed << " of " << total << "\n"
            << "figure: fronts of " << what << " conversations: " << fronts << " of " << fronts
            << "\n";
}

}  // namespace

TEST_CASE("text cases of the HTTP/1 dissector", "[http1]") {
  run_files(dissector_http1, "HTTP", 160,
            {"http1_dissector.txt", "http1_rows.txt", "http1_bodies.txt"});
}

TEST_CASE("text cases of the TLS dissector", "[tls]") {
  run_files(dissector_tls, "TLS", 90, {"tls.txt"});
}

TEST_CASE("text cases of the SOCKS5 dissector", "[socks5]") {
  run_files(dissector_socks5, "SOCKS5", 7, {"socks5.txt"});
}
