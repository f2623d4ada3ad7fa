// SPDX-License-Identifier: BSD-3-Clause
// Any octets as an HTTP conversation, through the real path from segment to transaction: however
// the segments are cut, the log must be the same.
#include <cstdio>
#include <cstdlib>

#include "tests/support/http_log.hpp"

using namespace exwire;

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size);
extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size < 4 || size > 4096) return 0;
  // The first octets choose where directions change and where segments end.
  const size_t turn = 16 + data[0], step = 1 + data[1] % 64;
  const std::string octets(reinterpret_cast<const char*>(data + 2), size - 2);
  std::vector<test::StreamPiece> whole, cut;
  for (size_t at = 0, which = 0; at < octets.size(); at += turn, ++which) {
    const Direction direction = which % 2 == 0 ? Direction::to_server : Direction::to_client;
    const std::string part = octets.substr(at, turn);
    whole.push_back({direction, part, 0});
    for (size_t from = 0; from < part.size(); from += step) {
      cut.push_back({direction, part.substr(from, step), 0});
    }
  }
  const std::string one = test::http_log(whole), other = test::http_log(cut);
  if (one != other) {
    std::fprintf(stderr, "--- whole\n%s--- cut\n%s", one.c_str(), other.c_str());
    std::abort();
  }
  return 0;
}
