// SPDX-License-Identifier: BSD-3-Clause
// The reading used by the unit tests: every capture is read in all ways, which must agree.
#pragma once

#include <catch2/catch.hpp>

#include "tests/support/capture_writer.hpp"
#include "tests/unit/capture/read_all.hpp"

namespace exwire::test {

inline ReadResult read(const Octets& octets) {
  ReadResult mapped = read_mapped(octets);
  const size_t smallest = octets.size() > 100'000 ? 4093 : 1;
  for (const size_t piece : {smallest, size_t{4099}, octets.size() + 1}) {
    INFO("pieces of " << piece);
    const ReadResult streamed = read_streamed(octets, piece);
    CHECK(streamed.failure == mapped.failure);
    CHECK(streamed.frames.size() == mapped.frames.size());
    CHECK(same(streamed, mapped));
  }
  return mapped;
}

inline const Octets kOne = octets_of("one"), kFour = octets_of("four");

}  // namespace exwire::test
