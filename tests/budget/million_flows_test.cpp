// SPDX-License-Identifier: BSD-3-Clause
// The promise everything else is sized for: a million silent connections in 256 MiB, all tables
// together, each still one flow after half an hour of silence.
#include <catch2/catch.hpp>
#include <cstdio>
#include <fstream>

#include "sensor/flow/flow_table.hpp"

using namespace exwire;

namespace {

class Counter final : public flow::FlowListener {
 public:
  void flow_ended(uint32_t, flow::Flow& flow, flow::EndReason, Timestamp) override {
    ++ended;
    octets += flow.of(Direction::to_client).packets;
  }
  void half_open_ended(const flow::Flow&, flow::EndReason, Timestamp) override { ++half_open; }
  void flow_timer(uint32_t, flow::Flow&, Timestamp) override {}
  uint64_t ended = 0, half_open = 0, octets = 0;
};

size_t resident_octets() {
  std::ifstream status("/proc/self/statm");
  size_t total = 0, resident = 0;
  status >> total >> resident;
  return resident * 4096;
}

wire::Packet packet_of(uint32_t client, bool from_client, uint8_t flags, Timestamp time) {
  wire::Packet packet;
  const wire::Address phone{10, static_cast<uint8_t>(client >> 16),
                            static_cast<uint8_t>(client >> 8), static_cast<uint8_t>(client)};
  const wire::Address server{192, 0, 2, 1};
  packet.from_lo =
      set_endpoints(packet.key, from_client ? phone : server, from_client ? 40000 : 443,
                    from_client ? server : phone, from_client ? 443 : 40000);
  packet.hash = hash_of(packet.key, HashKey{});
  packet.time = time;
  packet.tcp_flags = flags;
  packet.seq = from_client ? 100 : 900;
  packet.ack = from_client ? 901 : 101;
  if (flags == wire::kSyn) packet.ack = 0;
  if (!(flags & wire::kSyn)) packet.seq += 1;
  packet.wire_octets = 66;
  return packet;
}

}  // namespace

TEST_CASE("a million idle flows stay within 256 MiB", "[budget]") {
  constexpr uint32_t kFlows = 1'000'000;
  flow::FlowSettings settings;
  flow::Watch watch;
  watch.tls_ports.set(443);
  Budget budget(size_t{256} << 20);
  Counter counter;
  const size_t before = resident_octets();
  flow::FlowTable table(settings, watch, budget, counter);
  Timestamp now{1'700'000'000 * kNanosPerSecond};
  for (uint32_t client = 0; client < kFlows; ++client) {
    table.track(packet_of(client, true, wire::kSyn, now));
    table.track(packet_of(client, false, wire::kSyn | wire::kAck, now));
    table.track(packet_of(client, true, wire::kAck, now));
    now.ns += 600 * kNanosPerSecond / kFlows;
    if (client % 1000 == 0) table.expire(now);
  }
  CHECK(table.size() == kFlows);
  CHECK(table.counters().refused == 0);
  // Half an hour of silence, then every server answers.
  now.ns += 1800 * kNanosPerSecond;
  table.expire(now);
  CHECK(counter.ended == 0);
  for (uint32_t client = 0; client < kFlows; ++client) {
    table.track(packet_of(client, false, wire::kAck, now));
  }
  CHECK(table.size() == kFlows);
  const size_t growth = resident_octets() - before;
  std::printf("1,000,000 idle flows: %zu MiB resident, %zu MiB accounted\n", growth >> 20,
              budget.used() >> 20);
  CHECK(budget.used() <= (size_t{256} << 20));
#ifndef __SANITIZE_ADDRESS__
  CHECK(growth <= (size_t{256} << 20));
#endif
  table.expire({now.ns + settings.watched_timeout_ns + kNanosPerSecond});
  CHECK(counter.ended == kFlows);
  CHECK(counter.octets == uint64_t{2} * kFlows);
  CHECK(table.size() == 0);
}
