// SPDX-License-Identifier: BSD-3-Clause
// What the site said about itself, in the form the packet path asks: which ports are Exchange's.
#pragma once

#include <bitset>
#include <cstdint>

namespace exwire::flow {

struct Watch {
  std::bitset<65536> tls_ports;
  std::bitset<65536> plaintext_ports;

  bool port(uint16_t number) const noexcept { return tls_ports[number] || plaintext_ports[number]; }
};

}  // namespace exwire::flow
