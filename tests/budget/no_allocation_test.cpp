// SPDX-License-Identifier: BSD-3-Clause
// No allocation on the packet path: after a warm-up, connections come, talk HTTP in pieces and out
// of order, and go, and the system allocator is not asked once.
#include <catch2/catch.hpp>
#include <cstdlib>
#include <new>

#include "sensor/app/worker_group.hpp"
#include "tests/support/packet_builder.hpp"

namespace {

uint64_t allocations = 0;

}  // namespace

void* operator new(size_t size) {
  ++allocations;
  if (void* memory = std::malloc(size)) return memory;
  throw std::bad_alloc();
}
void operator delete(void* memory) noexcept {
  std::free(memory);
}
void operator delete(void* memory, size_t) noexcept {
  std::free(memory);
}

using namespace exwire;

namespace {

class Counter final : public app::Outlet {
 public:
  void event(const report::Event&) override { ++events; }
  void finding(const flow::Flow&, const detect::Finding&, uint16_t) override { ++findings; }
  void observation(const detect::Observation&) override {}
  uint64_t events = 0, findings = 0;
};

// One connection: requests in pieces, one segment early, a body that is skipped.
std::vector<test::TestFrame> conversation(uint16_t port, Timestamp at) {
  test::Segment side;
  side.source_port = port;
  test::Talk talk(side);
  talk.now = at;
  talk.handshake();
  talk.client("POST /Microsoft-Server-ActiveSync?Cmd=Ping HTTP/1.1\r\nHost: m\r\nAuthor");
  talk.client("ization: Basic dXNlcjpzZWNyZXQ=\r\nContent-Length: 3000\r\n\r\n" +
              std::string(1000, 'b'));
  talk.client(std::string(2000, 'b')).server_ack();
  talk.server("HTTP/1.1 200 OK\r\nContent-Len").server("gth: 4\r\n\r\nbody");
  talk.client("GET /owa/ HTTP/1.1\r\n\r\n").server("HTTP/1.1 302 Found\r\n\r\n");
  talk.server_fin().client_fin();
  std::swap(talk.frames[3], talk.frames[4]);
  return talk.frames;
}

}  // namespace

TEST_CASE("the packet path allocates nothing after its warm-up", "[budget]") {
  app::Config config = app::default_config();
  config.inspect.label_unknown = false;  // nDPI has an allocator of its own
  const inspect::DissectorHost dissectors(inspect::builtin_dissectors());
  Counter counter;
  Turns turns(1);
  app::Outlet* const outlet = &counter;
  app::WorkerGroup workers(config, dissectors, HashKey{}, turns, {&outlet, 1});
  Timestamp now{1'700'000'000 * kNanosPerSecond};
  uint64_t during = 0;
  for (uint32_t round = 0; round < 4000; ++round) {
    now.ns += kNanosPerSecond / 10;
    const auto frames = conversation(static_cast<uint16_t>(20000 + round), now);
    capture::Batch batch;
    for (const auto& frame : frames) {
      batch.frames[batch.count++] = {
          frame.time, frame.view(), static_cast<uint32_t>(frame.octets.size()), 1, 0, 1};
    }
    const uint64_t before = allocations;
    workers.take_in(batch, counter);
    workers.run(batch);
    if (round >= 2000) during += allocations - before;
  }
  CHECK(counter.findings >= 4000);
  CHECK(counter.events > 8000);
  CHECK(during == 0);
}
