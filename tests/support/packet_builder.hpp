// SPDX-License-Identifier: BSD-3-Clause
// Makes frames for tests: one TCP conversation in a few lines, as Ethernet frames with correct
// lengths and checksums. Octets made here are for odd cases and for load; ordinary behaviour is
// tested on real captures.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "sensor/base/bytes.hpp"
#include "sensor/base/time.hpp"
#include "sensor/wire/packet.hpp"

namespace exwire::test {

struct TestFrame {
  Timestamp time;
  std::vector<uint8_t> octets;
  Bytes view() const { return {octets.data(), static_cast<uint32_t>(octets.size())}; }
};

/// What a TCP header says; everything the builder cannot guess.
struct Segment {
  std::string source = "192.0.2.10", destination = "198.51.100.20";
  uint16_t source_port = 50000, destination_port = 80;
  uint32_t seq = 0, ack = 0;
  uint8_t flags = wire::kAck;
  uint16_t window = 65535;
  std::string_view payload;
  std::vector<uint8_t> options;  ///< padded to a multiple of four
  std::vector<uint16_t> vlans;   ///< outermost first
};

/// Ethernet, IPv4 or IPv6 by the form of the addresses, TCP.
TestFrame build(const Segment& segment, Timestamp time);

/// A conversation that keeps the sequence numbers: every call appends one frame, 1 ms apart.
class Talk {
 public:
  explicit Talk(Segment client_side = {}, uint32_t client_isn = 1000, uint32_t server_isn = 5000);

  Talk& syn();
  Talk& synack();
  Talk& ack();
  Talk& handshake() { return syn().synack().ack(); }
  Talk& client(std::string_view payload, uint8_t flags = wire::kAck | wire::kPsh);
  Talk& server(std::string_view payload, uint8_t flags = wire::kAck | wire::kPsh);
  Talk& client_fin() { return client("", wire::kAck | wire::kFin); }
  Talk& server_fin() { return server("", wire::kAck | wire::kFin); }
  Talk& server_ack() { return server("", wire::kAck); }
  Talk& client_reset() { return client("", wire::kRst | wire::kAck); }
  /// Moves the clock on.
  Talk& wait(int64_t ns);
  /// Octets of the client that the capture (not the server) misses.
  Talk& lose_client(uint32_t octets);

  std::vector<TestFrame> frames;
  Timestamp now{1'700'000'000 * kNanosPerSecond};
  uint32_t client_seq, server_seq;

 private:
  void add(bool from_client, std::string_view payload, uint8_t flags);
  Segment side_;
};

/// The frames as a classic pcap file (Ethernet, nanoseconds, little-endian).
std::string as_pcap(const std::vector<TestFrame>& frames);

/// Frames decoded into packets; the frames must outlive them.
std::vector<wire::Packet> decode_all(const std::vector<TestFrame>& frames);

}  // namespace exwire::test
