// SPDX-License-Identifier: BSD-3-Clause
// One test of a rule: something that a buffer holds or does not hold, or a number and what it may
// be.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "sensor/detect/rules/buffer.hpp"

struct pcre2_real_code_8;

namespace exwire::detect::rules {

struct FreeRegex {
  void operator()(pcre2_real_code_8* code) const noexcept;
};
using Regex = std::unique_ptr<pcre2_real_code_8, FreeRegex>;

/// A number that a rule takes from a buffer (byte_extract) and names in later tests.
inline constexpr size_t kMostVariables = 8;
inline constexpr int8_t kNoVariable = -1;
/// Of an octal number of 64 bits, with a sign.
inline constexpr int64_t kMostDigits = 23;

/// byte_test, byte_jump, byte_extract: a number read at a place, and what is done with it.
struct ByteField {
  enum class Test : uint8_t { equal, less, less_or_equal, greater, greater_or_equal, both, differ };
  uint8_t octets = 0;  ///< 0: as many digits as there are
  uint8_t base = 0;    ///< of digits; 0: binary
  bool little_endian = false;
  uint64_t mask = 0;  ///< 0: none
  // byte_test
  Test test = Test::equal;
  uint64_t value = 0;
  int8_t value_from = kNoVariable;
  // byte_jump, byte_extract
  enum class From : uint8_t { here, beginning, end };
  uint32_t multiplier = 1, align = 0;
  From from = From::here;
  int32_t after = 0;          ///< added to the jump
  int8_t into = kNoVariable;  ///< what byte_extract fills
};

struct Check {
  enum class Kind : uint8_t {
    content,
    regex,
    size,
    data_at,
    byte_test,
    byte_jump,
    byte_extract,
    decode_base64
  };
  /// Variables that give the numbers of the same name.
  struct Variables {
    int8_t offset = kNoVariable, depth = kNoVariable;
    int8_t distance = kNoVariable, within = kNoVariable;
  };
  Kind kind = Kind::content;
  Buffer buffer = Buffer::none;
  bool negated = false;
  bool relative = false;  ///< to the end of the match before it
  bool nocase = false;    ///< `pattern` is in lower case then
  bool at_start = false, at_end = false;
  bool fast = false;                  ///< its author wants this one searched for first
  int32_t offset = 0, depth = -1;     ///< -1: to the end
  int32_t distance = 0, within = -1;  ///< -1: to the end
  Variables variables;
  std::string pattern;
  Regex regex;
  ByteField field;
  int64_t least = 0, most = INT64_MAX;  ///< of size (and position, for data_at)
};

/// What a rule compares by value.
enum class Number : uint8_t {
  tls_version,
  tls_chain_length,
  tls_seconds_valid,  ///< since notBefore of the certificate
  tls_seconds_left,   ///< until its notAfter
  tls_client_hello,   ///< 1 when it was seen
  tls_server_hello,
  flow_age_s,
  packets_to_server,
  packets_to_client,
  octets_to_server,
  octets_to_client,
  stream_to_server,
  stream_to_client,
  payload_octets,  ///< of the packet
};
/// Not there: no comparison holds.
inline constexpr int64_t kNoNumber = INT64_MIN;

struct NumberCheck {
  struct Span {
    int64_t least, most;
  };
  Number number = Number::tls_version;
  bool negated = false;
  std::vector<Span> spans;  ///< one of them is enough
  bool holds(int64_t value) const noexcept;
};

/// `flags`: bits of the TCP header.
struct FlagCheck {
  enum class Mode : uint8_t { exactly, at_least, any, none };
  Mode mode = Mode::exactly;
  uint8_t wanted = 0, ignored = 0;
  bool holds(uint8_t flags) const noexcept;
};

}  // namespace exwire::detect::rules
