// SPDX-License-Identifier: BSD-3-Clause
// Ten thousand phones behind fifty boxes whose timeouts are known, half a day of packet time in
// seconds: adaptive heartbeats, radio loss, mail; and forty paths whose timeout changes at noon.
// Prints a table of what is reported beside what is true, and fails when fewer than 95 % of the
// intervals hold the timeout, when fewer than 90 % of the changes are followed, or when a path
// without a box is accused (of a third of them everybody is out for an hour, and of a third
// everybody goes home in the evening, seen through one address). Usage: idle_simulation [SEED]
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
constexpr double kNoon = kDays * 86400 / 2;
constexpr double kOutage = 3600;
constexpr double kGoHome = 8 * 3600, kGone = 9.5 * 3600;

struct Path {
  double timeout_s = 0;    ///< 0: no box
  double radio = 0;        ///< chance of a lost phone per wait
  double afternoon_s = 0;  ///< the timeout from noon on
  double outage_at = 0;    ///< nobody is reached for kOutage: 0 for never
  bool office = false;     ///< all phones have one address, and go home at one time
  double followed_at = 0;  ///< when the report first held the timeout of the afternoon
  int64_t lower_s = 0, upper_s = 0, estimate_s = 0, drops = 0;
  bool told = false;
};

struct Phone {
  size_t path;
  uint32_t number;
  double heartbeat_s;
  uint16_t port;
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

  std::vector<Path> run() {
    std::vector<Phone> phones;
    for (size_t path = 0; path < paths_.size(); ++path) {
      for (uint32_t number = 0; number < kPhonesPerPath; ++number) {
        const auto port = static_cast<uint16_t>(1024 + number * 300);
        phones.push_back({path, number, 480 + 60 * std::floor(even() * 18), port});
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
    made.client[3] = static_cast<uint8_t>(paths_[phone.path].office ? 0 : phone.number);
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
    const double leaves = path.office ? kGoHome + even() * (kGone - kGoHome) : HUGE_VAL;
    seen(phone, IdleGapKind::opened, now, {});
    while (now < kDays * 86400) {
      const double age = even() < 0.25 ? 30 + even() * (phone.heartbeat_s - 30) : phone.heartbeat_s;
      now += age;
      const double timeout_s = now < kNoon ? path.timeout_s : path.afternoon_s;
      const bool out = path.outage_at > 0 && now > path.outage_at && now < path.outage_at + kOutage;
      const bool lost = out || now > leaves || even() < path.radio;
      const bool forgotten = timeout_s > 0 && age >= timeout_s;
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
      if (now > leaves) return;
      ++phone.port;
      now += lost ? 20 - 600 * std::log(1 - even()) : 5;
      if (out) now = std::max(now, path.outage_at + kOutage + even() * 60);
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
    const auto now = static_cast<double>(finding.last_seen.ns) / 1e9;
    const bool mended = !path.told && (path.afternoon_s == 0 || path.afternoon_s >= 1800);
    const bool holds = path.told && static_cast<double>(path.lower_s) <= path.afternoon_s &&
                       path.afternoon_s <= static_cast<double>(path.upper_s);
    if (now >= kNoon && (holds || mended) && path.followed_at == 0) path.followed_at = now;
  }

  const detect::Site site_;
  std::mt19937_64 random_;
  std::vector<Path> paths_;
  std::priority_queue<Due> due_;
  uint64_t order_ = 0;
};

struct Score {
  int boxes = 0, claimed = 0, held = 0, accused = 0, changed = 0, followed = 0;
};

void print(const Path& path) {
  std::printf("%10.1f %6.1f%% %10lld %9lld %9lld %7lld%s", path.timeout_s, path.radio * 100,
              static_cast<long long>(path.estimate_s), static_cast<long long>(path.lower_s),
              static_cast<long long>(path.upper_s), static_cast<long long>(path.drops),
              path.told ? "" : "   not told");
}

// What is said at the end, of the timeouts there are at the end.
void count(const Path& path, Score& score) {
  const double timeout_s = path.afternoon_s;
  const auto low = static_cast<double>(path.lower_s), high = static_cast<double>(path.upper_s);
  score.boxes += timeout_s > 0 && timeout_s < 1800;
  score.claimed += path.told && timeout_s > 0;
  score.held += path.told && low <= timeout_s && timeout_s <= high;
  score.accused += path.told && timeout_s == 0;
}

// 60 s to 3,600 s; every tenth path has no box.
void steady(std::mt19937_64& random, Score& score) {
  std::uniform_real_distribution<double> even(0, 1);
  std::vector<Path> paths(50);
  for (size_t index = 0; index < paths.size(); ++index) {
    Path& path = paths[index];
    path.radio = even(random) * 0.05;
    if (index % 10 != 9) path.timeout_s = 60 * std::exp(even(random) * std::log(60.0));
    path.afternoon_s = path.timeout_s;
  }
  std::printf("%10s %7s %10s %9s %9s %7s\n", "true", "radio", "estimate", "lower", "upper",
              "drops");
  for (const Path& path : Simulation(random(), paths).run()) {
    count(path, score);
    print(path);
    std::printf("\n");
  }
}

// Somebody turns it up, takes the box away, turns it down, or puts a second one into the path.
void changing(std::mt19937_64& random, Score& score) {
  std::uniform_real_distribution<double> even(0, 1);
  std::vector<Path> paths(40);
  for (size_t index = 0; index < paths.size(); ++index) {
    Path& path = paths[index];
    path.radio = even(random) * 0.05;
    const double shorter = 120 + even(random) * 600, times = 1.5 + even(random) * 4;
    const double longer = index % 4 < 2 ? shorter * times : 0;
    const bool falls = index % 2 == 0;
    path.timeout_s = falls ? longer : shorter;
    path.afternoon_s = falls ? shorter : longer;
  }
  std::printf("\n%10s %7s %10s %9s %9s %7s\n", "before", "radio", "estimate", "lower", "upper",
              "drops");
  for (const Path& path : Simulation(random(), paths).run()) {
    count(path, score);
    print(path);
    const bool followed = path.followed_at > 0;
    std::printf("   after: %.1f, %s %.1f h\n", path.afternoon_s,
                followed ? "followed in" : "not followed in",
                ((followed ? path.followed_at : kDays * 86400) - kNoon) / 3600);
    ++score.changed;
    score.followed += followed;
  }
}

// A thousand paths without a box.
void honest(std::mt19937_64& random, Score& score) {
  std::uniform_real_distribution<double> even(0, 1);
  for (int round = 0; round < 20; ++round) {
    std::vector<Path> paths(50);
    for (size_t index = 0; index < paths.size(); ++index) {
      paths[index].radio = even(random) * 0.05;
      if (index % 3 == 0) paths[index].outage_at = even(random) * kDays * 86400;
      paths[index].office = index % 3 == 1;
    }
    for (const Path& path : Simulation(random(), paths).run()) {
      count(path, score);
      if (!path.told) continue;
      print(path);
      std::printf("   accused, out at %.0f\n", path.outage_at);
    }
  }
}

}  // namespace

int main(int arguments, char** values) {
  std::mt19937_64 random(arguments > 1 ? std::stoull(values[1]) : 20060215);
  Score score;
  steady(random, score);
  changing(random, score);
  honest(random, score);
  std::printf(
      "figure: %d boxes below 1800 s, %d told, %d intervals hold the timeout, %d of %d changes "
      "followed, %d paths without a box accused\n",
      score.boxes, score.claimed, score.held, score.followed, score.changed, score.accused);
  const bool right = score.held * 100 >= score.claimed * 95 &&
                     score.claimed * 10 >= score.boxes * 8 &&
                     score.followed * 10 >= score.changed * 9 && score.accused == 0;
  return right ? 0 : 1;
}
