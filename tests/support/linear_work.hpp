// SPDX-License-Identifier: BSD-3-Clause
// What a dissector does with a stream: calls, octets shown and lines of its log are counted, not
// time, so that a slow machine fails no test.
#pragma once

#include <catch2/catch.hpp>
#include <string>

#include "tests/support/dissector_harness.hpp"

namespace exwire::test {

struct Work {
  uint64_t calls = 0, offered = 0, lines = 0;
};

inline Work work_of(const ExwireDissectorApi& dissector, const std::string& octets,
                    size_t segment) {
  DissectorHarness harness(dissector, {false, false, true});
  for (size_t at = 0; at < octets.size(); at += segment) {
    harness.feed(Direction::to_server, as_bytes(std::string_view(octets).substr(at, segment)));
  }
  REQUIRE_FALSE(harness.violated());
  return {harness.calls, harness.offered, harness.lines};
}

}  // namespace exwire::test
