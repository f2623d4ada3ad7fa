// SPDX-License-Identifier: BSD-3-Clause
// What the real path from segment to transaction says about octets, as text: flow table,
// reassembly, sessions that sleep whenever they may, the built-in dissectors.
#pragma once

#include <string>
#include <vector>

#include "sensor/base/bytes.hpp"

namespace exwire::test {

/// Octets of one direction, or a hole in it.
struct StreamPiece {
  Direction direction = Direction::to_server;
  std::string octets;
  uint32_t lost = 0;  ///< octets the capture misses (the peer has them)
};

/// One line per fact, in order. Pieces become segments as they are.
std::string http_log(const std::vector<StreamPiece>& pieces);

}  // namespace exwire::test
