// SPDX-License-Identifier: BSD-3-Clause
// Live capture on `lo` of a network namespace of the test's own, so that nothing else is on it:
// each packet once, giants whole, ticks in silence, a stop from a signal. Needs root.
#include <arpa/inet.h>
#include <net/if.h>
#include <netinet/in.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <chrono>
#include <cstring>
#include <thread>

#include "sensor/capture/live.hpp"
#include "tests/support/capture_writer.hpp"

using namespace exwire;
using namespace exwire::test;
using capture::Batch;
using capture::BatchStatus;
using capture::Live;

namespace {

void set_up(const char* interface, bool up) {
  const int any = socket(AF_INET, SOCK_DGRAM, 0);
  ifreq request{};
  std::strncpy(request.ifr_name, interface, sizeof request.ifr_name - 1);
  ioctl(any, SIOCGIFFLAGS, &request);
  const int flags = up ? request.ifr_flags | IFF_UP : request.ifr_flags & ~IFF_UP;
  request.ifr_flags = static_cast<short>(flags);
  ioctl(any, SIOCSIFFLAGS, &request);
  close(any);
}

/// The calling thread in an empty network namespace with `lo` up; false where that is not allowed.
bool in_own_network() {
  static const bool done = [] {
    if (geteuid() != 0 || unshare(CLONE_NEWNET) != 0) return false;
    set_up("lo", true);
    return true;
  }();
  if (!done) WARN("skipped: needs root and network namespaces");
  return done;
}

void send(const Octets& octets, uint16_t port) {
  const int sender = socket(AF_INET, SOCK_DGRAM, 0);
  sockaddr_in to{};
  to.sin_family = AF_INET;
  to.sin_port = htons(port);
  to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  sendto(sender, octets.data(), octets.size(), 0, reinterpret_cast<sockaddr*>(&to), sizeof to);
  close(sender);
}

struct Seen {
  std::vector<Octets> frames;
  std::vector<Timestamp> times;
  size_t batches = 0, batches_without_tick = 0;
};

/// What arrives within a second, or until `wanted` frames did.
Seen listen(Live& live, size_t wanted) {
  Seen seen;
  Batch batch;
  const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(1);
  while (std::chrono::steady_clock::now() < end && seen.frames.size() < wanted) {
    if (live.next_batch(batch) == BatchStatus::finished) break;
    ++seen.batches;
    seen.batches_without_tick += !batch.tick;
    for (uint32_t index = 0; index < batch.count; ++index) {
      const capture::Frame& frame = batch.frames[index];
      seen.frames.emplace_back(frame.octets.begin(), frame.octets.end());
      seen.times.push_back(frame.time);
    }
  }
  return seen;
}

constexpr size_t kHeaders = 14 + 20 + 8;

}  // namespace

TEST_CASE("each packet on lo is seen once, giants whole", "[capture][live]") {
  if (!in_own_network()) return;
  Live live("lo", {.filter = "udp dst port 5353"});
  CHECK(live.link_type() == 1);
  CHECK(live.descriptor() >= 0);
  const Octets small(100, 'a'), giant(65'507, 'b');
  for (int round = 0; round < 20; ++round) {
    send(small, 5353);
    send(small, 5353);  // the same again within a moment is no copy
    send(giant, 5353);
    send(small, 9);  // refused by the filter
  }
  const Seen seen = listen(live, 61);
  REQUIRE(seen.frames.size() == 60);
  CHECK(seen.frames[0].size() == kHeaders + 100);
  CHECK(seen.frames[2].size() == kHeaders + 65'507);
  CHECK(std::equal(giant.begin(), giant.end(), seen.frames[59].begin() + kHeaders));
  const int64_t now = std::chrono::duration_cast<std::chrono::nanoseconds>(
                          std::chrono::system_clock::now().time_since_epoch())
                          .count();
  CHECK(seen.times[0].ns > now - 60 * kNanosPerSecond);
  CHECK(seen.times[0].ns <= now);
  const bool finer_than_micro = std::any_of(seen.times.begin(), seen.times.end(),
                                            [](Timestamp time) { return time.ns % 1000 != 0; });
  CHECK(finer_than_micro);
  const capture::CaptureCounters counters = live.counters();
  CHECK(counters.frames == 60);
  CHECK(counters.kernel_received >= 60);
  CHECK(counters.kernel_dropped == 0);
  CHECK(counters.loopback_copies == 0);
  CHECK(live.counters().kernel_received == counters.kernel_received);  // not summed twice
}

TEST_CASE("silence ticks, and frames do not wait for company", "[capture][live]") {
  if (!in_own_network()) return;
  Live live("lo", {});
  const Seen silent = listen(live, 1);
  CHECK(silent.frames.empty());
  CHECK(silent.batches >= 9);
  CHECK(silent.batches <= 12);
  CHECK(silent.batches_without_tick == 0);
  send({1, 2, 3}, 5353);
  pollfd wanted{live.descriptor(), POLLIN, 0};
  CHECK(poll(&wanted, 1, 1000) == 1);
  CHECK_FALSE(listen(live, 1).frames.empty());
}

TEST_CASE("an interface that goes down and comes back", "[capture][live]") {
  if (!in_own_network()) return;
  Live live("lo", {.filter = "udp"});
  set_up("lo", false);
  listen(live, 1);
  set_up("lo", true);
  send({1, 2, 3}, 5353);
  const Seen seen = listen(live, 1);
  CHECK_FALSE(live.failure());
  CHECK(seen.frames.size() == 1);
}

TEST_CASE("a full buffer drops and counts", "[capture][live]") {
  if (!in_own_network()) return;
  Live live("lo", {.buffer_octets = 1 << 20, .filter = "udp"});
  const Octets giant(60'000, 'g');
  for (int round = 0; round < 400; ++round) send(giant, 5353);
  const Seen seen = listen(live, 400);
  const capture::CaptureCounters counters = live.counters();
  CHECK(counters.kernel_dropped > 0);
  CHECK(seen.frames.size() < 400);
}

TEST_CASE("a signal handler stops a waiting source", "[capture][live]") {
  if (!in_own_network()) return;
  static Live* stopped = nullptr;
  Live live("lo", {});
  stopped = &live;
  struct sigaction action {
  }, before{};
  action.sa_handler = [](int) { stopped->stop(); };
  sigaction(SIGUSR1, &action, &before);
  const pthread_t reader = pthread_self();
  std::thread other([&] {
    std::this_thread::sleep_for(std::chrono::milliseconds(230));
    pthread_kill(reader, SIGUSR1);
  });
  Batch batch;
  size_t ticks = 0;
  while (live.next_batch(batch) == BatchStatus::frames) ++ticks;
  other.join();
  sigaction(SIGUSR1, &before, nullptr);
  CHECK(ticks == 2);
  CHECK_FALSE(live.failure());
}

TEST_CASE("an interface that cannot be opened says why", "[capture][live]") {
  if (!in_own_network()) return;
  CHECK_THROWS_WITH(Live("none0", {}),
                    Catch::StartsWith("none0: ") && Catch::Contains("No such device"));
  CHECK_THROWS_WITH(Live("lo", {.filter = "tcp prot 443"}),
                    Catch::StartsWith("lo: ") && Catch::Contains("syntax error"));
}
