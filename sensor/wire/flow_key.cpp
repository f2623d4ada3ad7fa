// SPDX-License-Identifier: BSD-3-Clause
// Flow keys: canonical order, text forms, Community ID.
#include "sensor/wire/flow_key.hpp"

#include <cstring>

#include "sensor/base/digest.hpp"

namespace exwire::wire {
namespace {

// Each octet of an IPv4 address as it is written, with the dot that follows.
struct DottedOctet {
  std::array<char, 4> text;
  uint8_t size;
};
constexpr std::array<DottedOctet, 256> kDottedOctets = [] {
  std::array<DottedOctet, 256> octets{};
  for (size_t value = 0; value < octets.size(); ++value) {
    auto& [text, size] = octets[value];
    if (value >= 100) text[size++] = static_cast<char>('0' + value / 100);
    if (value >= 10) text[size++] = static_cast<char>('0' + value / 10 % 10);
    text[size++] = static_cast<char>('0' + value % 10);
    text[size++] = '.';
  }
  return octets;
}();

// Base64 (RFC 4648) of the 20 octets of a SHA-1, behind which a zero stands.
void put_base64(char* to, const std::array<uint8_t, 32>& digest) noexcept {
  static constexpr char kLetters[] =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  for (size_t at = 0; at < 20; at += 3, to += 4) {
    const uint32_t three =
        uint32_t{digest[at]} << 16 | uint32_t{digest[at + 1]} << 8 | digest[at + 2];
    to[0] = kLetters[three >> 18];
    to[1] = kLetters[three >> 12 & 63];
    to[2] = kLetters[three >> 6 & 63];
    to[3] = kLetters[three & 63];
  }
  to[-1] = '=';
}

// Of seed, addresses of kWidth octets each, protocol, padding and ports.
template <size_t kWidth>
DigestOctets community_digest(const FlowKey& key, uint16_t seed) {
  constexpr uint16_t kTcpAndPadding = 6 << 8;
  std::array<uint8_t, 2 + 2 * kWidth + 2 + 4> input;
  const auto put16 = [&](size_t at, uint16_t value) {
    value = __builtin_bswap16(value);
    std::memcpy(input.data() + at, &value, sizeof value);
  };
  put16(0, seed);
  std::memcpy(input.data() + 2, key.lo.data(), kWidth);
  std::memcpy(input.data() + 2 + kWidth, key.hi.data(), kWidth);
  put16(2 + 2 * kWidth, kTcpAndPadding);
  put16(2 + 2 * kWidth + 2, key.lo_port);
  put16(2 + 2 * kWidth + 4, key.hi_port);
  return sha1({input.data(), input.size()});
}

}  // namespace

std::string to_text(const Address& address, uint8_t ip_version) {
  return std::string(AddressText(address, ip_version).view());
}

AddressText::AddressText(const Address& address, uint8_t ip_version) noexcept {
  const auto add = [&](const std::array<char, 4>& written, size_t size) {
    std::memcpy(octets_.data() + size_, written.data(), written.size());
    size_ += size;
  };
  if (ip_version == 4) {
    for (size_t at = 0; at < 4; ++at) {
      const DottedOctet& octet = kDottedOctets[address[at]];
      add(octet.text, octet.size);
    }
    --size_;  // the last dot
    return;
  }
  static constexpr char kHex[] = "0123456789abcdef";
  for (size_t at = 0; at < 16; at += 2) {
    add({kHex[address[at] >> 4], kHex[address[at] & 15], kHex[address[at + 1] >> 4],
         kHex[address[at + 1] & 15]},
        4);
    octets_[size_++] = ':';
  }
  --size_;
}

CommunityId community_id(const FlowKey& key, uint16_t seed) {
  const DigestOctets digest =
      key.ip_version == 4 ? community_digest<4>(key, seed) : community_digest<16>(key, seed);
  CommunityId text{'1', ':'};
  put_base64(text.data() + 2, digest.octets);
  return text;
}

bool is_loopback(const Address& address, uint8_t ip_version) noexcept {
  if (ip_version == 4) return address[0] == 127;
  static constexpr Address kLoopback6{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1};
  return address == kLoopback6;
}

}  // namespace exwire::wire
