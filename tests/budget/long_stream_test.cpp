// SPDX-License-Identifier: BSD-3-Clause
// One connection that carries 6 GiB: sequence numbers wrap, one segment in a thousand is missing in
// the capture, and the second request comes behind 5.5 GiB of the first one's body.
#include <catch2/catch.hpp>
#include <cstdio>
#include <fstream>
#include <string>
#include <vector>

#include "sensor/app/worker_group.hpp"
#include "tests/support/packet_builder.hpp"

using namespace exwire;

namespace {

class Outlet final : public app::Outlet {
 public:
  void event(const report::Event& event) override {
    if (const auto* http = std::get_if<report::HttpBody>(&event.body)) {
      requests.emplace_back(http->transaction->text(inspect::HttpField::uri));
      complete.push_back(http->transaction->request_complete);
    } else if (const auto* anomaly = std::get_if<report::AnomalyBody>(&event.body)) {
      anomalies.emplace_back(anomaly->event);
    }
  }
  void finding(const flow::Flow&, const detect::Finding&, uint16_t) override {}
  void observation(const detect::Observation&) override {}
  std::vector<std::string> requests, anomalies;
  std::vector<bool> complete;
};

size_t resident_octets() {
  std::ifstream status("/proc/self/statm");
  size_t total = 0, resident = 0;
  status >> total >> resident;
  return resident * 4096;
}

/// One segment at a time, as a sensor would see it.
class Wire {
 public:
  Wire(app::WorkerGroup& workers, app::Outlet& outlet) : workers_(workers), outlet_(outlet) {}
  void send(const test::Segment& segment) {
    now.ns += kNanosPerMilli / 10;
    const test::TestFrame frame = test::build(segment, now);
    capture::Batch batch;
    batch.frames[batch.count++] = {
        frame.time, frame.view(), static_cast<uint32_t>(frame.octets.size()), 1, 0, ++number_};
    workers_.take_in(batch, outlet_);
    workers_.run(batch);
  }
  Timestamp now{1'700'000'000 * kNanosPerSecond};

 private:
  app::WorkerGroup& workers_;
  app::Outlet& outlet_;
  uint64_t number_ = 0;
};

}  // namespace

TEST_CASE("a request behind 5.5 GiB of lossy body is told", "[budget]") {
#ifdef __SANITIZE_ADDRESS__
  constexpr uint64_t kScale = 64;  // long enough to wrap all the same
#else
  constexpr uint64_t kScale = 1;
#endif
  constexpr uint64_t kBody = (uint64_t{11} << 29) / kScale, kRest = (uint64_t{1} << 29) / kScale;
  constexpr uint32_t kSize = 16384;
  app::Config config = app::default_config();
  config.inspect.label_unknown = false;
  const inspect::DissectorHost dissectors(inspect::builtin_dissectors());
  Outlet outlet;
  Turns turns(1);
  app::Outlet* const only = &outlet;
  app::WorkerGroup workers(config, dissectors, HashKey{}, turns, {&only, 1});
  Wire wire(workers, outlet);

  test::Segment client;
  client.seq = 0xffffff00;
  test::Segment server;
  std::swap(server.source, server.destination);
  std::swap(server.source_port, server.destination_port);
  client.flags = wire::kSyn;
  wire.send(client);
  ++client.seq;
  server.seq = 9000;
  server.ack = client.seq;
  server.flags = wire::kSyn | wire::kAck;
  wire.send(server);
  server.flags = client.flags = wire::kAck;
  client.ack = ++server.seq;
  wire.send(client);

  const auto request = [&](const char* name, uint64_t body) {
    const std::string head = std::string("POST /ews/") + name +
                             " HTTP/1.1\r\nHost: m\r\nContent-Length: " + std::to_string(body) +
                             "\r\n\r\n";
    client.payload = head;
    wire.send(client);
    client.seq += static_cast<uint32_t>(head.size());
  };
  uint64_t holes = 0, segments = 0;
  const std::string filler(kSize, 'x');
  const auto body = [&](uint64_t octets) {
    for (uint64_t sent = 0; sent < octets;) {
      const auto size = static_cast<uint32_t>(std::min<uint64_t>(kSize, octets - sent));
      client.payload = std::string_view(filler).substr(0, size);
      if (++segments % 1000 == 0 && sent + size < octets) {
        ++holes;  // the server has it, the capture has not
      } else {
        wire.send(client);
      }
      client.seq += size;
      sent += size;
      if (segments % 16 == 0) {
        server.ack = client.seq;
        wire.send(server);
      }
    }
  };
  request("first", kBody);
  const size_t before = resident_octets();
  body(kBody);
  request("second", kRest);
  body(kRest);
  server.ack = client.seq;
  server.payload = "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n";
  wire.send(server);
  const size_t growth = resident_octets() - before;
  workers.drain();

  report::StatsBody stats;
  workers.add_to(stats);
  std::printf("%.2f GiB in one stream, %llu holes: %llu gaps told, %zu KiB more resident\n",
              static_cast<double>(kBody + kRest) / (1 << 30),
              static_cast<unsigned long long>(holes), static_cast<unsigned long long>(stats.gaps),
              growth >> 10);
  CHECK(outlet.requests == std::vector<std::string>{"/ews/first", "/ews/second"});
  CHECK(stats.gaps == holes);
  CHECK(outlet.anomalies.empty());  // holes in a body that nobody reads damage nothing
#ifndef __SANITIZE_ADDRESS__
  CHECK(growth <= (size_t{4} << 20));
#endif
}
