// SPDX-License-Identifier: BSD-3-Clause
// A signature in memory, checked: who it applies to, what it looks for in which buffer, and what it
// says. Nothing in it has to be looked up or converted while packets wait.
#pragma once

#include <atomic>
#include <cstdint>
#include <string>
#include <vector>

#include "sensor/detect/finding.hpp"
#include "sensor/detect/rules/check.hpp"
#include "sensor/detect/site.hpp"

namespace exwire::detect::rules {

struct AddressSet {
  std::vector<Prefix> in, out;  ///< none in `in`: any
  bool covers(const wire::Address& address, uint8_t version) const noexcept {
    return (in.empty() && out.empty()) || lists_cover(address, version);
  }

 private:
  bool lists_cover(const wire::Address& address, uint8_t version) const noexcept;
};

struct PortSet {
  struct Span {
    uint16_t least, most;
  };
  std::vector<Span> in, out;
  bool covers(uint16_t port) const noexcept {
    return (in.empty() && out.empty()) || lists_cover(port);
  }

 private:
  bool lists_cover(uint16_t port) const noexcept;
};

enum class Moment : uint8_t {
  request,
  response,
  handshake,
  request_body,
  response_body,
  payload,  ///< a segment of an established connection
  event     ///< a dissector has seen something odd
};
inline constexpr size_t kMomentCount = 7;
constexpr bool is_response(Moment moment) noexcept {
  return moment == Moment::response || moment == Moment::response_body;
}

/// `threshold` and `detection_filter`.
struct Rate {
  enum class Kind : uint8_t { none, limit, threshold, both, filter, backoff };
  enum class Track : uint8_t { by_src, by_dst, by_both, by_rule, by_flow };
  Kind kind = Kind::none;
  Track track = Track::by_src;
  uint32_t count = 0, multiplier = 0;
  int64_t window_ns = 0;
};

/// A line of threshold.config that silences a rule, for some addresses or altogether.
struct Suppression {
  enum class Track : uint8_t { everything, by_src, by_dst, by_either };
  Track track = Track::everything;
  AddressSet addresses;
};

/// `flowbits` and `xbits`: a name that one rule sets and another asks for.
struct Bit {
  enum class Action : uint8_t { set, unset, toggle, isset, isnotset };
  enum class Scope : uint8_t { flow, source, destination, pair };
  Action action = Action::set;
  Scope scope = Scope::flow;
  std::vector<uint64_t> names;  ///< their hashes; it is enough when what is asked holds for one
  int64_t lifetime_ns = INT64_MAX;
  bool asks() const noexcept { return action == Action::isset || action == Action::isnotset; }
};

struct Rule {
  AddressSet source, destination;
  PortSet source_port, destination_port;
  bool both_ways = false;
  bool to_client = false;
  bool either_direction = false;  ///< it names none; only segments and events come from both
  bool packets_only = false;      ///< dsize and flags speak of packets, not of streams
  bool stream_only = false;
  bool silent = false;  ///< noalert
  bool pass = false;    ///< no other rule speaks of the connection
  Moment moment = Moment::request;
  std::vector<Check> checks;  ///< in their order; those of one buffer stand together
  std::vector<NumberCheck> numbers;
  std::vector<FlagCheck> flags;
  std::vector<Bit> bits;
  std::string application;         ///< "http", "tls"; empty: any
  bool other_application = false;  ///< any but that
  std::string event;               ///< "http.bad_chunk", of Moment::event
  Rate rate;
  std::vector<Suppression> suppressions;
  bool client_certificate = false;  ///< not the server's: the rule follows the client's octets

  uint32_t sid = 0, revision = 1, group = 1;
  uint8_t severity = 3;
  std::string message, category, text;
  SignatureNotes notes;
  bool uses(Buffer buffer) const noexcept;
  Signature signature{};  ///< points into this rule, which therefore never moves
  /// Findings may point at it, also when its set is replaced. Written by whichever worker tells it.
  mutable std::atomic<bool> told = false;
};

}  // namespace exwire::detect::rules
