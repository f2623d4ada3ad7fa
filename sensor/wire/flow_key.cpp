// SPDX-License-Identifier: BSD-3-Clause
// Flow keys: canonical order, text forms, Community ID.
#include "sensor/wire/flow_key.hpp"

#include <openssl/evp.h>

#include <cstring>

#include "sensor/base/digest.hpp"

namespace exwire::wire {

bool set_endpoints(FlowKey& key, const Address& source, uint16_t source_port,
                   const Address& destination, uint16_t destination_port) noexcept {
  const int order = std::memcmp(source.data(), destination.data(), source.size());
  const bool source_is_lo = order < 0 || (order == 0 && source_port <= destination_port);
  key.lo = source_is_lo ? source : destination;
  key.hi = source_is_lo ? destination : source;
  key.lo_port = source_is_lo ? source_port : destination_port;
  key.hi_port = source_is_lo ? destination_port : source_port;
  return source_is_lo;
}

std::string to_text(const Address& address, uint8_t ip_version) {
  std::string text;
  if (ip_version == 4) {
    for (size_t octet = 0; octet < 4; ++octet) {
      const unsigned value = address[octet];
      if (octet > 0) text += '.';
      if (value >= 100) text += static_cast<char>('0' + value / 100);
      if (value >= 10) text += static_cast<char>('0' + value / 10 % 10);
      text += static_cast<char>('0' + value % 10);
    }
    return text;
  }
  constexpr char kHex[] = "0123456789abcdef";
  text.reserve(39);
  for (size_t octet = 0; octet < 16; ++octet) {
    if (octet > 0 && octet % 2 == 0) text += ':';
    text += kHex[address[octet] >> 4];
    text += kHex[address[octet] & 15];
  }
  return text;
}

std::string community_id(const FlowKey& key, uint16_t seed) {
  constexpr uint8_t kProtocolTcp = 6;
  std::array<uint8_t, 2 + 16 + 16 + 2 + 4> input;
  size_t size = 0;
  const auto put16 = [&](uint16_t value) {
    input[size++] = static_cast<uint8_t>(value >> 8);
    input[size++] = static_cast<uint8_t>(value);
  };
  const size_t width = key.ip_version == 4 ? 4 : 16;
  put16(seed);
  std::memcpy(input.data() + size, key.lo.data(), width);
  std::memcpy(input.data() + size + width, key.hi.data(), width);
  size += 2 * width;
  input[size++] = kProtocolTcp;
  input[size++] = 0;
  put16(key.lo_port);
  put16(key.hi_port);

  const DigestOctets digest = sha1({input.data(), static_cast<uint32_t>(size)});
  std::array<unsigned char, 32> base64;  // 20 octets of SHA-1 make 28 characters and a NUL
  EVP_EncodeBlock(base64.data(), digest.octets.data(), static_cast<int>(digest.size));
  return "1:" + std::string(reinterpret_cast<const char*>(base64.data()));
}

bool is_loopback(const Address& address, uint8_t ip_version) noexcept {
  if (ip_version == 4) return address[0] == 127;
  static constexpr Address kLoopback6{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1};
  return address == kLoopback6;
}

}  // namespace exwire::wire
