// SPDX-License-Identifier: BSD-3-Clause
// The idle timeout of each path (client network, server, port) from the fates of its gaps. A probe
// that was never answered counts as dropped only when the same client address has come back with a
// new connection: a phone that stays away was lost, and says nothing about a box. Told once when
// the evidence suffices, again when the estimate leaves its interval, and closed when gaps longer
// than the timeout survive: somebody has mended it. What survived before the timeout became shorter
// is forgotten when that is certain (idle_change).
#include <algorithm>
#include <cmath>
#include <cstddef>
#include <map>

#include "sensor/detect/address_hash.hpp"
#include "sensor/detect/fleet_detector.hpp"
#include "sensor/detect/idle_findings.hpp"

namespace exwire::detect {
namespace {

constexpr int64_t kReturnNs = 900 * kNanosPerSecond;
// A box that drops nine of ten lets so many in a row pass once in a hundred thousand times.
constexpr uint32_t kMendedAfter = 5;
constexpr double kClearly = 1.05;  // a heartbeat may race the timer of the box
constexpr size_t kMostSuspects = 1024;
constexpr size_t kMostPaths = 1024;
constexpr size_t kMostDevices = 256;
constexpr size_t kOpenings = 4096;

struct Opening {
  uint64_t key = 0;
  Timestamp when;
};

struct Suspect {
  Observation seen;
  Timestamp since;
  bool returned = false, dropped = false;
  int64_t away_ns = 0;
  uint32_t epoch = 0;  ///< of its path, when it was suspected

  bool same_connection(const Observation& other) const noexcept {
    return seen.client == other.client && seen.client_port == other.client_port &&
           seen.server == other.server && seen.server_port == other.server_port &&
           seen.ip_version == other.ip_version;
  }
  bool comes_back(const Observation& opened) const noexcept {
    return seen.client == opened.client && seen.server == opened.server &&
           seen.server_port == opened.server_port && seen.ip_version == opened.ip_version &&
           opened.when >= since && opened.when.ns - since.ns <= kReturnNs;
  }
};

class IdlePaths final : public FleetDetector {
 public:
  explicit IdlePaths(const PushSettings& settings)
      : required_s_(static_cast<double>(settings.required_ns) / kNanosPerSecond),
        worth_telling_s_(static_cast<double>(settings.shortest_heartbeat_ns) / kNanosPerSecond),
        tell_drops_(settings.tell_drops),
        openings_(kOpenings) {
    suspects_.reserve(kMostSuspects);
  }
  const char* name() const noexcept override { return "idle_paths"; }
  std::vector<const Signature*> signatures() const override {
    return {&kIdleTimeoutTooShort, &kDroppedWhileIdle};
  }

  bool listens_to(Topic topic) const noexcept override { return topic == Topic::idle_gap; }
  void observe(const Observation& seen, FleetSink& sink) override {
    switch (static_cast<IdleGapKind>(seen.kind)) {
      case IdleGapKind::opened:
        opened(seen, sink);
        break;
      case IdleGapKind::survived:
        survived(seen, sink);
        break;
      case IdleGapKind::suspected:
        suspected(seen);
        break;
      case IdleGapKind::recovered:
        forget(seen);
        survived(seen, sink);
        break;
      case IdleGapKind::dropped:
        dropped(seen, sink);
        break;
      case IdleGapKind::censored:
        forget(seen);
        break;
      case IdleGapKind::closed:
        closed(seen, sink);
        break;
      case IdleGapKind::captured:
        captured(seen);
        break;
      case IdleGapKind::unusable:
        if (Path* path = path_of(seen)) path->summary.unusable();
        break;
    }
  }

  void report(std::vector<PathReport>& paths) const override {
    for (const auto& [key, path] : paths_) {
      const IdleEstimate estimate = estimate_of(path);
      const uint32_t unusable = path.summary.lost_to_capture();
      if (estimate.drops == 0 && unusable == 0 && estimate.survived_most_s < worth_telling_s_) {
        continue;
      }
      paths.push_back({network_text(key), wire::to_text(key.server, key.ip_version), key.port,
                       estimate, unusable, path.lost_phones});
    }
  }

  void tick(Timestamp now, FleetSink&) override {
    if (suspects_.empty() || now.ns - swept_.ns < kNanosPerSecond) return;
    swept_ = now;
    std::erase_if(suspects_, [&](const Suspect& suspect) {
      const bool stays_away = suspect.dropped && now.ns - suspect.since.ns > kReturnNs;
      if (stays_away) {
        if (Path* path = path_of(suspect.seen)) ++path->lost_phones;
      }
      return stays_away;
    });
  }

  void drain(Timestamp now, FleetSink& sink) override {
    for (auto& [key, path] : paths_) {
      if (path.summary.drops() > 0) weigh(key, path, now, sink);
    }
  }

 private:
  Path* path_of(const Observation& seen) {
    const PathKey key = PathKey::of(seen);
    const auto known = paths_.find(key);
    if (known != paths_.end()) return &known->second;
    if (paths_.size() == kMostPaths) return nullptr;
    Path& made = paths_[key];
    made.first = seen.when;
    return &made;
  }

  uint32_t epoch_of(const Observation& seen) const {
    const auto known = paths_.find(PathKey::of(seen));
    return known == paths_.end() ? 0 : known->second.epoch;
  }

  void forget(const Observation& seen) {
    std::erase_if(suspects_, [&](const Suspect& suspect) { return suspect.same_connection(seen); });
  }

  // Only of paths that have shown a gap: the others are not measured.
  void captured(const Observation& seen) {
    const auto known = paths_.find(PathKey::of(seen));
    if (known == paths_.end()) return;
    const auto share = seen.get<CaptureShare>();
    known->second.summary.captured(share.packets, share.holes);
  }

  static uint64_t opening_key(const Observation& seen) noexcept {
    SipHash13 hash{HashKey{}};
    add_address(hash, seen.client, seen.ip_version);
    add_address(hash, seen.server, seen.ip_version);
    hash.word(uint64_t{seen.server_port} << 8 | seen.ip_version);
    return hash.finish();
  }

  // When this client last opened a connection to this server, as far as that is remembered.
  Timestamp last_opening(const Observation& seen) const noexcept {
    const uint64_t key = opening_key(seen);
    const Opening& opening = openings_[key % kOpenings];
    return opening.key == key ? opening.when : Timestamp{};
  }

  // A phone may have lost patience before the server has: it opens its next connection first.
  void suspected(const Observation& seen) {
    if (suspects_.size() == kMostSuspects) suspects_.erase(suspects_.begin());
    const Timestamp probed{seen.when.ns -
                           int64_t{seen.get<IdleGap>().since_probe_ms} * kNanosPerMilli};
    const Timestamp opened = last_opening(seen);
    const bool returned = opened >= probed;
    suspects_.push_back(
        {seen, probed, returned, false, returned ? opened.ns - probed.ns : 0, epoch_of(seen)});
  }

  void opened(const Observation& seen, FleetSink& sink) {
    const uint64_t key = opening_key(seen);
    openings_[key % kOpenings] = {key, seen.when};  // whoever stood there
    for (size_t index = 0; index < suspects_.size();) {
      Suspect& suspect = suspects_[index];
      if (!suspect.returned && suspect.comes_back(seen)) {
        suspect.returned = true;
        suspect.away_ns = seen.when.ns - suspect.since.ns;
      }
      if (suspect.returned && suspect.dropped) {
        const Suspect certain = suspect;
        suspects_.erase(suspects_.begin() + static_cast<std::ptrdiff_t>(index));
        back(certain, sink);
      } else {
        ++index;
      }
    }
  }

  void back(const Suspect& suspect, FleetSink& sink) {
    if (Path* path = path_of(suspect.seen)) {
      ++path->returns;
      path->away_ns += suspect.away_ns;
    }
    count_drop(suspect.seen, suspect.epoch, sink);
  }

  void closed(const Observation& seen, FleetSink& sink) {
    Path* path = path_of(seen);
    if (path == nullptr) return;
    const bool by_client = seen.get<IdleGap>().marks & IdleGap::kTowardsClient;
    IdleCloses& closes = by_client ? path->closed_by_client : path->closed_by_server;
    const uint32_t timed = closes.add(seen);
    if (timed > 0) path->runs.suffice();
    for (uint32_t time = 0; time < timed; ++time) count_drop(seen, path->epoch, sink);
  }

  void survived(const Observation& seen, FleetSink& sink) {
    Path* path = path_of(seen);
    if (path == nullptr) return;
    const double seconds = seen.get<IdleGap>().length_ms / 1000.0;
    path->summary.survived(seconds);
    ++path->epoch;
    if (path->change.in_doubt() && seconds < path->dropped_from_s) {
      path->change.survived(seconds, path->summary.usual_drops(seconds, path->dropped_from_s));
    }
    if (!path->open || seconds <= path->told.upper_s * kClearly || ++path->beyond < kMendedAfter)
      return;
    tell(PathKey::of(seen), *path, path->told, {Phase::closed, seen.when, required_s_}, sink);
    // What is measured from now on is another box, or the same one with another timeout.
    const uint32_t epoch = path->epoch;
    *path = {};
    path->epoch = epoch;
    path->first = seen.when;
  }

  void dropped(const Observation& seen, FleetSink& sink) {
    const auto known =
        std::find_if(suspects_.begin(), suspects_.end(),
                     [&](const Suspect& suspect) { return suspect.same_connection(seen); });
    if (seen.get<IdleGap>().mode != DropMode::silent) {
      if (known != suspects_.end()) suspects_.erase(known);
      count_drop(seen, epoch_of(seen), sink);
      return;
    }
    if (known == suspects_.end()) return;  // pushed out by others
    known->seen = seen;
    known->dropped = true;
    if (!known->returned) return;
    const Suspect certain = *known;
    suspects_.erase(known);
    back(certain, sink);
  }

  void count_drop(const Observation& seen, uint32_t epoch, FleetSink& sink) {
    Path* path = path_of(seen);
    if (path == nullptr) return;
    const IdleGap gap = seen.get<IdleGap>();
    const double seconds = gap.length_ms / 1000.0;
    const bool timer = gap.marks & IdleGap::kTimer;
    path->summary.dropped(seconds, gap.mode, timer);
    if (path->runs.dropped(epoch)) doubt(*path, seconds, seen.when);
    path->last = seen;
    path->beyond = 0;
    path->towards_client += (gap.marks & IdleGap::kTowardsClient) != 0;
    path->foreign += (gap.marks & IdleGap::kForeign) != 0;
    if (tell_drops_) tell_drop(seen, gap, sink);
    std::vector<wire::Address>& devices = path->devices;
    const bool is_new = std::find(devices.begin(), devices.end(), seen.client) == devices.end();
    if (is_new && devices.size() < kMostDevices) devices.push_back(seen.client);
    const uint32_t drops = path->summary.drops();
    if (drops < path->weigh_at) return;
    path->weigh_at = drops + std::max(1U, drops / 16);
    weigh(PathKey::of(seen), *path, seen.when, sink);
  }

  // Gaps of ages that have survived until now may not any more.
  static void doubt(Path& path, double seconds, Timestamp now) {
    if (seconds >= path.dropped_from_s) return;
    const double usual = path.summary.usual_drops(seconds, path.dropped_from_s);
    const double from = path.change.dropped(seconds, usual, now);
    if (from == 0) return;
    path.summary.forget_survivals(from, HUGE_VAL);
    path.change = {};
    path.weigh_at = path.summary.drops();
  }

  void weigh(const PathKey& key, Path& path, Timestamp now, FleetSink& sink) {
    const IdleEstimate estimate = estimate_of(path);
    if (estimate.sufficient()) path.dropped_from_s = estimate.lower_s;
    if (!estimate.sufficient() || estimate.upper_s >= required_s_) return;
    const bool moved =
        estimate.estimate_s < path.told.lower_s || estimate.estimate_s > path.told.upper_s;
    // Told again when evidence has halved the interval, too.
    const bool narrowed =
        (estimate.upper_s - estimate.lower_s) * 2 < path.told.upper_s - path.told.lower_s;
    if (path.open && !moved && !narrowed) return;
    tell(key, path, estimate, {path.open ? Phase::updated : Phase::opened, now, required_s_}, sink);
    path.open = true;
    path.told = estimate;
  }

  const double required_s_;
  const double worth_telling_s_;  ///< shorter silences than a heartbeat are everywhere
  const bool tell_drops_;
  std::map<PathKey, Path> paths_;  // ordered: findings at the end come in the same order each time
  std::vector<Suspect> suspects_;
  std::vector<Opening> openings_;
  Timestamp swept_;
};

}  // namespace

std::unique_ptr<FleetDetector> make_idle_paths(const Site& site) {
  return std::make_unique<IdlePaths>(site.push);
}

}  // namespace exwire::detect
