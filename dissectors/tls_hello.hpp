// SPDX-License-Identifier: BSD-3-Clause
// ClientHello and ServerHello (RFC 5246 7.4.1, RFC 8446 4.1) as views into their octets, and the
// SSLv2-compatible hello (RFC 5246 appendix E.2). A hello whose lists lie is read as far as it is
// true; `sound` tells. Work is linear in the octets: each list is walked once.
#pragma once

#include <algorithm>
#include <array>

#include "sensor/base/bytes.hpp"

namespace exwire::tls {

enum Extension : uint16_t {
  kServerNameList = 0,
  kSupportedGroups = 10,
  kPointFormats = 11,
  kSignatureAlgorithms = 13,
  kApplicationProtocols = 16,
  kPreSharedKey = 41,
  kEarlyData = 42,
  kSupportedVersions = 43,
  kKeyShare = 51,
  kEncryptedClientHello = 0xfe0d,
};

/// Extension types in their order, network order; what does not fit is counted.
struct TypeList {
  static constexpr uint32_t kMost = 128, kSmall = 64;
  std::array<uint8_t, 2 * kMost> octets;
  uint32_t count = 0, left_out = 0;
  uint64_t small = 0;  ///< a bit for each type below kSmall, as nearly all are

  /// False: the type was there already.
  bool add(uint16_t type) noexcept {
    if (count == kMost) {
      ++left_out;
      return true;
    }
    const bool fresh = !holds(type);
    if (type < kSmall) small |= uint64_t{1} << type;
    octets[2 * count] = static_cast<uint8_t>(type >> 8);
    octets[2 * count + 1] = static_cast<uint8_t>(type);
    ++count;
    return fresh;
  }
  bool holds(uint16_t type) const noexcept {
    if (type < kSmall) return small >> type & 1;
    for (uint32_t at = 0; at < count; ++at) {
      if (load_be16(octets.data() + 2 * at) == type) return true;
    }
    return false;
  }
  Bytes view() const noexcept { return {octets.data(), 2 * count}; }
};

struct ClientHello {
  uint16_t version = 0;       ///< legacy_version
  Bytes session_id, ciphers;  ///< two octets each; three for SSLv2
  Bytes server_name;          ///< the first host_name
  Bytes groups, point_formats, signature_algorithms, versions;
  Bytes protocols;  ///< ALPN list, each behind its length
  TypeList extensions;
  bool has_extensions = false, early_data = false, encrypted_hello = false;
  bool sound = true;  ///< no length lied and no extension came twice
};

struct ServerHello {
  uint16_t version = 0;  ///< of supported_versions, else legacy_version
  uint16_t legacy_version = 0, cipher = 0;
  Bytes session_id, protocol;
  TypeList extensions;
  bool retry = false;  ///< HelloRetryRequest
  bool pre_shared_key = false, sound = true;
};

namespace detail {

/// A vector with its length in front; false when it reaches beyond the end.
inline bool take_vector(Cursor& cursor, uint32_t length_octets, Bytes& vector) noexcept {
  const uint32_t length = length_octets == 1 ? cursor.u8() : cursor.u16();
  const bool whole = cursor.ok() && length <= cursor.left();
  vector = cursor.rest().first(length);
  cursor.skip(length);
  return whole;
}

inline Bytes inner_vector(Bytes octets, uint32_t length_octets, bool& sound) noexcept {
  Cursor cursor(octets);
  Bytes vector;
  sound &= take_vector(cursor, length_octets, vector) && cursor.left() == 0;
  return vector;
}

inline Bytes first_host_name(Bytes octets, bool& sound) noexcept {
  Cursor names(inner_vector(octets, 2, sound));
  while (names.ok() && names.left() > 0) {
    const uint8_t type = names.u8();
    Bytes name;
    sound &= take_vector(names, 2, name);
    if (type == 0) {
      sound &= names.left() == 0 || names.u8() != 0;  // one name of a type (RFC 6066 3)
      return name;
    }
  }
  return {};
}

/// A list of numbers of two octets.
inline Bytes inner_numbers(Bytes octets, uint32_t length_octets, bool& sound) noexcept {
  const Bytes list = inner_vector(octets, length_octets, sound);
  sound &= list.size % 2 == 0;
  return list;
}

/// Whether a list holds nothing but vectors, each behind `before` octets of its own.
inline bool is_list_of_vectors(Bytes list, uint32_t before, uint32_t length_octets) noexcept {
  Cursor cursor(list);
  Bytes vector;
  while (cursor.left() > 0) {
    cursor.skip(before);
    if (!take_vector(cursor, length_octets, vector)) return false;
  }
  return true;
}

/// Calls `take(type, octets)` for each extension.
template <class Take>
bool each_extension(Bytes block, Take&& take) noexcept {
  Cursor extensions(block);
  while (extensions.left() > 0) {
    const uint16_t type = extensions.u16();
    Bytes octets;
    if (!take_vector(extensions, 2, octets)) return false;
    take(type, octets);
  }
  return true;
}

}  // namespace detail

inline ClientHello read_client_hello(Bytes body) noexcept {
  ClientHello hello;
  Cursor cursor(body);
  hello.version = cursor.u16();
  cursor.skip(32);
  Bytes compression, block;
  hello.sound = detail::take_vector(cursor, 1, hello.session_id) &&
                detail::take_vector(cursor, 2, hello.ciphers) &&
                detail::take_vector(cursor, 1, compression) && hello.ciphers.size % 2 == 0;
  if (!hello.sound || cursor.left() == 0) return hello;
  hello.has_extensions = true;
  hello.sound &= detail::take_vector(cursor, 2, block) && cursor.left() == 0;
  bool sound = true;
  sound &= detail::each_extension(block, [&](uint16_t type, Bytes octets) {
    sound &= hello.extensions.add(type);  // RFC 8446 4.2: no type twice
    switch (type) {
      case kServerNameList:
        if (hello.server_name.empty()) hello.server_name = detail::first_host_name(octets, sound);
        break;
      case kSupportedGroups:
        hello.groups = detail::inner_numbers(octets, 2, sound);
        break;
      case kPointFormats:
        hello.point_formats = detail::inner_vector(octets, 1, sound);
        break;
      case kSignatureAlgorithms:
        hello.signature_algorithms = detail::inner_numbers(octets, 2, sound);
        break;
      case kApplicationProtocols:
        hello.protocols = detail::inner_vector(octets, 2, sound);
        sound &= detail::is_list_of_vectors(hello.protocols, 0, 1);
        break;
      case kSupportedVersions:
        hello.versions = detail::inner_numbers(octets, 1, sound);
        break;
      case kKeyShare: {
        const Bytes shares = detail::inner_vector(octets, 2, sound);
        sound &= detail::is_list_of_vectors(shares, 2, 2);
        break;
      }
      case kEarlyData:
        hello.early_data = true;
        break;
      case kEncryptedClientHello:
        hello.encrypted_hello = true;
        break;
      default:
        break;
    }
  });
  hello.sound &= sound && hello.extensions.left_out == 0;
  return hello;
}

/// The body behind the two octets of the SSLv2 record header and the message type.
inline ClientHello read_sslv2_hello(Bytes body) noexcept {
  ClientHello hello;
  Cursor cursor(body);
  hello.version = cursor.u16();
  const uint32_t ciphers = cursor.u16(), session = cursor.u16(), challenge = cursor.u16();
  hello.ciphers = cursor.take(ciphers);
  hello.session_id = cursor.take(session);
  cursor.skip(challenge);
  hello.sound = cursor.ok() && ciphers % 3 == 0;
  return hello;
}

inline bool is_retry(Bytes random) noexcept {
  // RFC 8446 4.1.3: SHA-256 of "HelloRetryRequest".
  static constexpr std::array<uint8_t, 32> kRetry{0xcf, 0x21, 0xad, 0x74, 0xe5, 0x9a, 0x61, 0x11,
                                                  0xbe, 0x1d, 0x8c, 0x02, 0x1e, 0x65, 0xb8, 0x91,
                                                  0xc2, 0xa2, 0x11, 0x16, 0x7a, 0xbb, 0x8c, 0x5e,
                                                  0x07, 0x9e, 0x09, 0xe2, 0xc8, 0xa8, 0x33, 0x9c};
  return std::equal(random.begin(), random.end(), kRetry.begin(), kRetry.end());
}

inline ServerHello read_server_hello(Bytes body) noexcept {
  ServerHello hello;
  Cursor cursor(body);
  hello.version = hello.legacy_version = cursor.u16();
  hello.retry = is_retry(cursor.take(32));
  hello.sound = detail::take_vector(cursor, 1, hello.session_id);
  hello.cipher = cursor.u16();
  cursor.skip(1);
  hello.sound &= cursor.ok();
  if (!hello.sound || cursor.left() == 0) return hello;
  Bytes block;
  bool sound = detail::take_vector(cursor, 2, block);
  sound &= detail::each_extension(block, [&](uint16_t type, Bytes octets) {
    sound &= hello.extensions.add(type);
    if (type == kSupportedVersions && octets.size == 2) {
      hello.version = load_be16(octets.data);
    } else if (type == kPreSharedKey) {
      hello.pre_shared_key = true;
    } else if (type == kApplicationProtocols) {
      hello.protocol = detail::inner_vector(detail::inner_vector(octets, 2, sound), 1, sound);
    }
  });
  hello.sound &= sound;
  return hello;
}

}  // namespace exwire::tls
