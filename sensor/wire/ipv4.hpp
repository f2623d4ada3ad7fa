// SPDX-License-Identifier: BSD-3-Clause
// The header of IPv4 (RFC 791). Inline: nearly every packet has one.
#pragma once

#include <array>
#include <bit>
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
inline Address ipv4_address(const uint8_t* at) noexcept {
  std::array<uint32_t, 4> words{};
  std::memcpy(words.data(), at, sizeof words[0]);
  return std::bit_cast<Address>(words);
}

inline DecodeStatus read_ipv4(Bytes octets, uint32_t on_wire, NetworkView& view) noexcept {
  constexpr uint16_t kMoreFragments = 0x2000, kOffset = 0x1fff;
  if (octets.size < kIpv4Header) return DecodeStatus::cut;
  const uint8_t* const at = octets.data;
  const uint32_t header = (at[0] & 0x0fU) * 4;
  if (at[0] >> 4 != 4 || header < kIpv4Header) return DecodeStatus::invalid;
  if (octets.size < header) return DecodeStatus::cut;
  const uint32_t total = load_be16(at + 2);
  const uint32_t length = total == 0 ? on_wire : total;
  if (length < header || on_wire < header) return DecodeStatus::invalid;
  view.identification = load_be16(at + 4);
  if (const uint16_t fragment = load_be16(at + 6); fragment & (kMoreFragments | kOffset)) {
    view.is_fragment = true;
    view.more_fragments = (fragment & kMoreFragments) != 0;
    view.fragment_id = view.identification;
    view.fragment_at = (fragment & kOffset) * 8U;
  }
  view.ttl = at[8];
  view.protocol = at[9];
  view.header_sum_ok = load_be16(at + 10) == 0 || is_right_header({at, header});
  view.source = ipv4_address(at + 12);
  view.destination = ipv4_address(at + 16);
  const Bytes rest{at + header, octets.size - header};
  const bool bounded = bound_payload(view, rest, length - header, on_wire - header);
  return bounded ? DecodeStatus::tcp : DecodeStatus::invalid;
}

/// As open_ipv6().
inline NetworkView open_ipv4(Bytes octets, uint32_t on_wire) noexcept {
  NetworkView view;
  view.status = read_ipv4(octets, on_wire, view);
  return view;
}

}  // namespace exwire::wire
