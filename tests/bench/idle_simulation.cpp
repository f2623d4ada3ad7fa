// SPDX-License-Identifier: BSD-3-Clause
// Ten thousand phones behind fifty boxes whose timeouts are known, half a day of packet time in
// seconds: adaptive heartbeats, radio loss, mail. Prints a table of what is reported beside what is
// true, and fails when fewer than 95 % of the intervals hold the timeout or when a path without a
// box is accused.
#include <algorithm>
#include <array>
#include <cmath>
#include <cstdio>
#include <map>
#include <queue>
#include <random>
#include <string>
#include <vector>

#include "sensor/detect/fleet_detector.hpp"
#include "sensor/detect/idle_gap.hpp"

namespace exwire::detect {
std::unique_ptr<FleetDetector> make_idle_paths(const Site& site);
}  // namespace exwire::detect

using namespace exwire;
using detect::IdleGap;
using detect::IdleGapKind;
using detect::Observation;

namespace {

constexpr int kPhonesPerPath = 200;
constexpr double kDays = 0.5;

struct Path {
  double timeout_s = 0;  ///< 0: no box
  double radio = 0;      ///< chance of a lost phone per wait
  int64_t lower_s = 0, upper_s = 0, estimate_s = 0, drops = 0;
  bool told = false;
};

struct Phone {
  size_t path;
  uint32_t number;
  double heartbeat_s;
  uint16_t port = 1024;
};

/// What is to happen, in packet time.
struct Due {
  int64_t when_ns;
  uint64_t order;
  Observation what;
  bool operator<(const Due& other) const noexcept {
    return when_ns != other.when_ns ? when_ns > other.when_ns : order > other.order;
  }
};

class Simulation final : public detect::FleetSink {
 public:
  Simulation(uint64_t seed, std::vector<Path> paths) : random_(seed), paths_(std::move(paths)) {}

  const std::vector<Path>& run() {
    std::vector<Phone> phones;
    for (size_t path = 0; path < paths_.size(); ++path) {
      for (uint32_t number = 0; number < kPhonesPerPath; ++number) {
        phones.push_back({path, number, 480 + 60 * std::floor(even() * 18)});
        // Some phones start low, as their systems do.
        if (even() < 0.5) phones.back().heartbeat_s = 60 + 60 * std::floor(even() * 7);
      }
    }
    for (Phone& phone : phones) live(phone);
    const auto detector = detect::make_idle_paths(site_);
    Timestamp now;
    while (!due_.empty()) {
      const Due next = due_.top();
      due_.pop();
      now = {next.when_ns};
      detector->observe(next.what, *this);
      detector->tick(now, *this);
    }
    detector->drain(now, *this);
    return paths_;
  }

 private:
  double even() { return std::uniform_real_distribution<double>(0, 1)(random_); }

  Observation seen(const Phone& phone, IdleGapKind kind, double at_s, const IdleGap& gap) {
    Observation made;
    made.when = {static_cast<int64_t>(at_s * 1e9)};
    made.client = {};
    made.client[0] = 10;
    made.client[1] = static_cast<uint8_t>(phone.path / 256);
    made.client[2] = static_cast<uint8_t>(phone.path % 256);
    made.client[3] = static_cast<uint8_t>(phone.number);
    made.server[0] = 192;
    made.client_port = phone.port;
    made.server_port = 443;
    made.topic = detect::Topic::idle_gap;
    made.kind = static_cast<uint16_t>(kind);
    made.put(gap);
    due_.push({made.when.ns, order_++, made});
    return made;
  }

  // One phone's half day. A lost phone is away for minutes, some for hours.
  void live(Phone& phone) {
    const Path& path = paths_[phone.path];
    double now = even() * 600;
    seen(phone, IdleGapKind::opened, now, {});
    while (now < kDays * 86400) {
      const double age = even() < 0.25 ? 30 + even() * (phone.heartbeat_s - 30) : phone.heartbeat_s;
      const bool lost = even() < path.radio;
      const bool forgotten = path.timeout_s > 0 && age >= path.timeout_s;
      now += age;
      IdleGap gap;
      gap.length_ms = static_cast<uint32_t>(age * 1000);
      if (!lost && !forgotten) {
        seen(phone, IdleGapKind::survived, now, gap);
        phone.heartbeat_s = std::min(3540.0, phone.heartbeat_s + 60);
        continue;
      }
      gap.marks = IdleGap::kTowardsClient;
      gap.since_probe_ms = 600;
      seen(phone, IdleGapKind::suspected, now + 0.6, gap);
      gap.since_probe_ms = 64000;
      seen(phone, IdleGapKind::dropped, now + 64, gap);
      ++phone.port;
      now += lost ? 20 - 600 * std::log(1 - even()) : 5;
      seen(phone, IdleGapKind::opened, now, {});
      if (forgotten) phone.heartbeat_s = std::max(60.0, phone.heartbeat_s - 300);
      now += 1;
    }
  }

  void found(const flow::Flow& flow, const detect::Finding& finding) override {
    if (finding.signature->sid != 1443201) return;
    const wire::Address client = flow.client();
    Path& path = paths_[size_t{client[1]} * 256 + client[2]];
    path.told = finding.phase != detect::Phase::closed;
    for (uint32_t index = 0; index < finding.facts.size(); ++index) {
      const auto fact = finding.facts[index];
      const std::string name = fact.name;
      if (name == "lower_s") path.lower_s = fact.number;
      if (name == "upper_s") path.upper_s = fact.number;
      if (name == "estimate_s") path.estimate_s = fact.number;
      if (name == "drops") path.drops = fact.number;
    }
  }

  const detect::Site site_;
  std::mt19937_64 random_;
  std::vector<Path> paths_;
  std::priority_queue<Due> due_;
  uint64_t order_ = 0;
};

}  // namespace

int main() {
  std::mt19937_64 random(20060215);
  std::uniform_real_distribution<double> even(0, 1);
  std::vector<Path> paths(50);
  for (size_t index = 0; index < paths.size(); ++index) {
    paths[index].radio = even(random) * 0.05;
    // 60 s to 3,600 s; every tenth path has no box.
    if (index % 10 != 9) paths[index].timeout_s = 60 * std::exp(even(random) * std::log(60.0));
  }
  int boxes = 0, claimed = 0, held = 0, accused = 0;
  std::printf("%10s %6s %10s %9s %9s %7s\n", "true", "radio", "estimate", "lower", "upper",
              "drops");
  for (const Path& path : Simulation(1, paths).run()) {
    const auto low = static_cast<double>(path.lower_s), high = static_cast<double>(path.upper_s);
    const bool needed = path.timeout_s > 0 && path.timeout_s < 1800;
    boxes += needed;
    claimed += path.told && path.timeout_s > 0;
    held += path.told && low <= path.timeout_s && path.timeout_s <= high;
    accused += path.told && path.timeout_s == 0;
    std::printf("%10.1f %5.1f%% %10lld %9lld %9lld %7lld%s\n", path.timeout_s, path.radio * 100,
                static_cast<long long>(path.estimate_s), static_cast<long long>(path.lower_s),
                static_cast<long long>(path.upper_s), static_cast<long long>(path.drops),
                path.told ? "" : "   not told");
  }
  for (int round = 0; round < 20; ++round) {  // a thousand paths without a box
    std::vector<Path> controls(50);
    for (Path& control : controls) control.radio = even(random) * 0.05;
    const auto reported = Simulation(100 + static_cast<uint64_t>(round), controls).run();
    accused += static_cast<int>(std::count_if(reported.begin(), reported.end(),
                                              [](const Path& path) { return path.told; }));
  }
  std::printf(
      "figure: %d of %d boxes below 1800 s told, %d of %d intervals hold the timeout, "
      "%d of 1005 paths without a box accused\n",
      std::min(claimed, boxes), boxes, held, claimed, accused);
  return held * 100 >= claimed * 95 && claimed * 10 >= boxes * 8 && accused == 0 ? 0 : 1;
}
