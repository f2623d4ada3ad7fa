// SPDX-License-Identifier: BSD-3-Clause
// The header of IPv4 (RFC 791). Inline: nearly every packet has one.
#pragma once

#include <cstring>

#include "sensor/wire/checksum.hpp"
#include "sensor/wire/network.hpp"

namespace exwire::wire {

inline constexpr uint32_t kIpv4Header = 20;

/// The sum of an IPv4 header, in the order of this host: that of a right one is the same in both.
inline bool is_right_header(Bytes header) noexcept {
  uint64_t sum = 0;
  const auto add = [&](uint32_t at) {
    uint32_t word;
    std::memcpy(&word, header.data + at, sizeof word);
    sum += word;
  };
  for (const uint32_t at : {0U, 4U, 8U, 12U, 16U}) add(at);
  for (uint32_t at = kIpv4Header; at < header.size; at += 4) add(at);
  return folded(sum) == 0xffff;
}

/// In halves of 64 bits, as they are read again at once.
inline void set_ipv4(Address& address, const uint8_t* from) noexcept {
  uint32_t halves[] = {0, 0, 0, 0};
  std::memcpy(halves, from, sizeof *halves);
  std::memcpy(address.data(), halves, sizeof halves);
}

inline DecodeStatus read_ipv4(Bytes octets, uint32_t on_wire, NetworkView& view) noexcept {
  if (octets.size < kIpv4Header) return DecodeStatus::cut;
  const uint8_t* const at = octets.data;
  const uint32_t header = (at[0] & 0x0fU) * 4;
  if (at[0] >> 4 != 4 || header < kIpv4Header) return DecodeStatus::invalid;
  if (octets.size < header) return DecodeStatus::cut;
  const uint32_t total = load_be16(at + 2);
  // Length 0 is a segment the sending kernel had not cut yet (TSO, BIG TCP).
  const uint32_t length = total == 0 ? on_wire : total;
  if (length < header || on_wire < header) return DecodeStatus::invalid;
  constexpr uint16_t kMoreFragments = 0x2000, kOffset = 0x1fff;
  const uint16_t fragment = load_be16(at + 6), checksum = load_be16(at + 10);
  view.fragment_id = view.identification = load_be16(at + 4);
  view.more_fragments = (fragment & kMoreFragments) != 0;
  view.fragment_at = (fragment & kOffset) * 8U;
  view.is_fragment = view.more_fragments || view.fragment_at != 0;
  view.ttl = at[8];
  view.protocol = at[9];
  view.header_sum_ok = checksum == 0 || is_right_header({at, header});
  set_ipv4(view.source, at + 12);
  set_ipv4(view.destination, at + 16);
  const bool bounded = bound_payload(view, Bytes{at + header, octets.size - header},
                                     length - header, on_wire - header);
  return bounded ? DecodeStatus::tcp : DecodeStatus::invalid;
}

/// As open_ipv6().
inline NetworkView open_ipv4(Bytes octets, uint32_t on_wire) noexcept {
  NetworkView view;
  view.status = read_ipv4(octets, on_wire, view);
  return view;
}

}  // namespace exwire::wire
