// SPDX-License-Identifier: BSD-3-Clause
// A small host for one dissector: keeps unconsumed octets of each direction as the contract in
// dissectors/api.hpp says, checks every answer against it, and writes down what is published, one
// line each. May put the dissector to sleep and wake it again whenever both directions rest. Knows
// nothing of packets; the real host is sensor/inspect.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "dissectors/api.hpp"

namespace exwire::test {

class DissectorHarness {
 public:
  struct Options {
    bool midstream = false;
    bool sleepy = false;  ///< sleeps and wakes between any two calls when it may
    bool quiet = false;   ///< counts lines instead of keeping them
  };
  DissectorHarness(const ExwireDissectorApi& api, Options options);
  ~DissectorHarness();
  DissectorHarness(const DissectorHarness&) = delete;
  DissectorHarness& operator=(const DissectorHarness&) = delete;

  void feed(Direction direction, Bytes octets);
  /// Octets that never came. What a skip covers is not told, as in the real host.
  void gap(Direction direction, uint64_t missing);
  void end(Direction direction);
  /// Destroys the state and makes it anew from sixteen octets; false when not both sides rest.
  bool sleep_and_wake();

  /// "name=value", "moment request_head 0", "anomaly name", "violation ..." in order.
  const std::string& log() const noexcept { return log_; }
  bool at_rest() const noexcept { return resting(0) && resting(1); }
  bool violated() const noexcept { return violated_; }
  size_t pending(Direction direction) const noexcept {
    return streams_[static_cast<size_t>(direction)].pending.size();
  }

  uint64_t calls = 0;    ///< of data
  uint64_t offered = 0;  ///< octets shown in these calls, those shown again included
  uint64_t lines = 0, sleeps = 0;

 private:
  struct Stream {
    std::vector<uint8_t> pending;
    uint64_t skip = 0;
    uint32_t need = 0;
    ExwireStatus status = kExwireAtRest;  ///< a direction that said nothing rests
    bool stopped = false;
  };
  bool resting(size_t side) const noexcept {
    return streams_[side].pending.empty() && streams_[side].status != kExwireMore;
  }
  void read_pending(Direction direction);
  bool offer(Direction direction, Bytes octets, ExwireProgress& progress);
  void check(Bytes octets, const ExwireProgress& progress);
  void violation(const std::string& what);
  void line(const std::string& text);
  ExwireFlowView view(Direction direction) const noexcept;
  static void on_field(void* host, uint32_t index, Bytes value);
  static void on_message(void* host, const ExwireMessage* message);
  static void on_anomaly(void* host, uint32_t index);
  static void on_handshake(void* host, const ExwireHandshake* handshake);
  static void on_record(void* host, const ExwireRecord* record);
  static void on_shed(void* host);

  const ExwireDissectorApi& api_;
  ExwireHostApi services_;
  Options options_;
  alignas(16) std::array<uint8_t, 512> state_;
  std::array<Stream, 2> streams_;
  uint32_t fields_ = 0, anomalies_ = 0;  ///< how many the dissector names
  bool taken_off_ = false, violated_ = false, before_gap_ = false;
  std::string log_;
};

/// Octets as the text cases write them: printable as they are, the rest as \r \n \t \\ \xNN.
std::string escaped(std::string_view octets);

}  // namespace exwire::test
