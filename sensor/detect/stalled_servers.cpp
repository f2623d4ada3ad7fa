// SPDX-License-Identifier: BSD-3-Clause
// Counts for each watched server how many connections stand at which stage, and tells one finding
// per server and stage while too many stay there: opened, updated, closed with totals.
#include <algorithm>
#include <array>
#include <memory>

#include "sensor/detect/fleet_detector.hpp"
#include "sensor/detect/stall_catalogue.hpp"
#include "sensor/detect/stall_server.hpp"

namespace exwire::detect {
namespace {

// Where only the client can be late, many connections are a word before the threshold: a real one
// repeats its SYN (Windows until 2012 after 3 s), completes its handshake and sends its head within
// this time.
constexpr uint32_t kSurgeAfter_s = 4;
constexpr uint32_t kSurge = 4;  // times the minimum
// At the end of a capture, with twice the minimum from few sources: at any stage.
constexpr uint32_t kLongForMost_s = 10;

/// What must have been seen of anybody before a stage proves anything.
uint8_t sight_for(Stage stage) noexcept {
  switch (stage) {
    case Stage::unanswered:
    case Stage::hammered:
    case Stage::unasked:
      return kWholeSight;
    case Stage::half_open:
      return kSightOfAcks;
    default:
      return 0;
  }
}

bool may_surge(Stage stage) noexcept {
  return is_before_flow(stage) || stage == Stage::head;
}

class StalledServers final : public FleetDetector {
 public:
  static constexpr size_t kMostServers = 64;

  StalledServers(const Site& site, Budget& budget, HashKey secret)
      : settings_(site.stalled), budget_(budget), clients_(secret) {
    servers_.reserve(kMostServers);
  }

  const char* name() const noexcept override { return "stalled_servers"; }
  std::vector<const Signature*> signatures() const override { return stall_signatures(); }

  bool listens_to(Topic topic) const noexcept override { return topic == Topic::stage; }
  void observe(const Observation& seen, FleetSink& sink) override {
    const auto step = seen.get<StageStep>();
    if (step.left >= Stage::count_ || step.entered >= Stage::count_) return;
    run_to(seconds_of(seen.when), sink);
    sight_ |= step.sight;
    StallServer* server = server_of(seen, step.entered != Stage::none);
    if (server == nullptr) return;
    const StallClient& client = clients_.of(seen.client, seen.ip_version);
    if (StallLine* line = server->line(step.left); line != nullptr) {
      line->population.leave(client, step.left_since_s);
    }
    if (step.entered == Stage::none) return;
    StallLine* line = server->line(step.entered);
    if (line == nullptr) line = add_line(*server, step.entered);
    if (line == nullptr) return;
    line->population.enter(client, seen.client_port, step.entered_since_s);
  }

  void tick(Timestamp now, FleetSink& sink) override { run_to(seconds_of(now), sink); }

  void drain(Timestamp now, FleetSink& sink) override {
    run_to(seconds_of(now), sink);
    each_line([&](const StallServer& server, Stage stage, StallLine& line) {
      judge_end(server, stage, line, now, sink);
      const StagePopulation& population = line.population;
      if (is_before_flow(stage) || is_rate(stage))
        line.young = population.present() - population.stalled();
      if (line.story.finish()) tell(server, stage, line, Phase::closed, now, sink);
    });
  }

  void count(FleetCounters& counters) const noexcept override {
    counters.stall_sources_shed += sources_shed_;
    counters.stall_populations_refused += refused_;
    for (const StallServer& server : servers_) {
      for (const auto& line : server.lines) {
        if (line) counters.stall_sources_shed += line->population.sources_shed();
      }
    }
  }

 private:
  [[gnu::cold]] StallLine* add_line(StallServer& server, Stage stage) {
    if (!budget_.take(sizeof(StallLine))) {
      ++refused_;
      return nullptr;
    }
    std::unique_ptr<StallLine>& line = server.lines[static_cast<size_t>(stage)];
    line = std::make_unique<StallLine>(settings_, stage);
    line->population.advance(now_s_);
    return line.get();
  }

  void forget(StallServer& server) {
    for (const auto& line : server.lines) {
      if (!line) continue;
      sources_shed_ += line->population.sources_shed();
      budget_.give(sizeof(StallLine));
    }
    server = StallServer{};
  }

  template <class Visit>
  void each_line(Visit&& visit) {
    for (StallServer& server : servers_) {
      for (size_t stage = 0; stage < kStages; ++stage) {
        if (server.lines[stage]) visit(server, static_cast<Stage>(stage), *server.lines[stage]);
      }
    }
  }

  // Second by second, so that it does not matter how packets were cut into batches. After the
  // longest memory and a closing word there is nothing left to pass through.
  void run_to(uint32_t now_s, FleetSink& sink) {
    if (now_s > now_s_) run_on(now_s, sink);
  }
  void run_on(uint32_t now_s, FleetSink& sink) {
    constexpr uint32_t kMostSteps = StagePopulation::kSeconds + 2 * StallStory::kQuiet_s;
    const uint32_t steps = std::min(now_s - now_s_, kMostSteps);
    const bool idle = std::all_of(servers_.begin(), servers_.end(),
                                  [](const StallServer& server) { return server.is_idle(); });
    for (uint32_t step = 0; step < steps && !idle; ++step) {
      ++now_s_;
      const Timestamp now{int64_t{now_s_} * kNanosPerSecond};
      each_line([&](const StallServer& server, Stage stage, StallLine& line) {
        line.population.advance(now_s_);
        judge(server, stage, line, now, sink);
      });
    }
    now_s_ = now_s;
    each_line([&](const StallServer&, Stage, StallLine& line) { line.population.advance(now_s); });
  }

  // Port and version are not compared side by side: both would be loaded at once from a step in
  // which each has just been written.
  static bool is_about(const Observation& step, const StallServer& server) noexcept {
    return server.port == step.server_port && is_same(server.address, step.server) &&
           server.ip_version == step.ip_version;
  }

  // Most steps are about the server of the one before.
  StallServer* server_of(const Observation& step, bool wanted) {
    if (latest_ == nullptr || !is_about(step, *latest_)) [[unlikely]] {
      StallServer* another = find_server(step, wanted);
      if (another == nullptr) return nullptr;
      latest_ = another;
    }
    return latest_;
  }

  [[gnu::noinline]] StallServer* find_server(const Observation& step, bool wanted) {
    auto found = std::find_if(servers_.begin(), servers_.end(),
                              [&](const StallServer& server) { return is_about(step, server); });
    if (found == servers_.end()) {
      if (!wanted) return nullptr;
      if (servers_.size() < kMostServers) {
        servers_.emplace_back();
        found = servers_.end() - 1;
      } else {
        // A scan of many servers must not keep an attacked one out.
        found = std::min_element(
            servers_.begin(), servers_.end(),
            [](const StallServer& a, const StallServer& b) { return a.weight() < b.weight(); });
        if (found->weight() >= settings_.minimum) return nullptr;
        forget(*found);
      }
      found->address = step.server;
      found->port = step.server_port;
      found->ip_version = step.ip_version;
    }
    return &*found;
  }

  void judge(const StallServer& server, Stage stage, StallLine& line, Timestamp now,
             FleetSink& sink) {
    const StagePopulation& population = line.population;
    line.held = population.stalled();
    uint32_t concentrated = 0;
    if (!line.story.is_open()) {
      if (line.held >= minimum_of(stage)) {
        std::array<StallSource, StallLine::kTop> top;
        const size_t count = population.top(top, false);
        for (size_t index = 0; index < count; ++index) concentrated += top[index].connections;
      }
      const uint32_t older = population.older_than(kSurgeAfter_s);
      if (may_surge(stage) && older >= settings_.minimum * kSurge && older > line.held) {
        line.held = older;
        concentrated = population.held_by(StallLine::kTop);
      }
    }
    take(server, stage, line, concentrated, now, sink);
  }

  // A flood shorter than its threshold is seen when the capture ends.
  void judge_end(const StallServer& server, Stage stage, StallLine& line, Timestamp now,
                 FleetSink& sink) {
    const StagePopulation& population = line.population;
    line.held = population.stalled();
    if (line.story.is_open() || is_rate(stage)) return;
    uint32_t count = 0;
    if (is_before_flow(stage)) {
      count = population.most_remain() ? population.present() : 0;
    } else {
      count = population.older_than(std::min(kLongForMost_s, population.threshold_s()));
    }
    const uint32_t concentrated = population.held_by(StallLine::kTop);
    const bool enough = is_before_flow(stage)
                            ? count >= settings_.minimum * kSurge
                            : count >= settings_.minimum * 2 && uint64_t{concentrated} * 2 >= count;
    if (!enough) return;
    line.held = count;
    take(server, stage, line, concentrated, now, sink);
  }

  // A scan refuses an answer or two of each server, a browser some more.
  uint32_t minimum_of(Stage stage) const noexcept {
    const bool by_rate = stage == Stage::hammered || stage == Stage::aborted;
    return by_rate ? settings_.minimum * kSurge : settings_.minimum;
  }

  // The capture holds nothing that would complete anybody's handshake: filtered, or of one side.
  bool is_blind_at(Stage stage) const noexcept { return sight_for(stage) & ~sight_; }

  void take(const StallServer& server, Stage stage, StallLine& line, uint32_t concentrated,
            Timestamp now, FleetSink& sink) {
    if (stage == Stage::unasked && is_blind_at(stage)) return;  // so look the answers of a filter
    line.held = server.without_halves(stage, line.held);
    if (is_blind_at(stage)) concentrated = 0;  // a busy proxy looks like that: only masses count
    const bool was_open = line.story.is_open();
    const uint64_t before = line.population.became_stalled() - line.population.stalled();
    const StallStory::Step step =
        line.story.judge(seconds_of(now), line.held, concentrated, minimum_of(stage));
    if (!was_open) {
      line.stalled_before = before;
      line.worst_stalled = line.worst_sources = 0;
    }
    if (line.story.is_open()) line.note_worst();
    switch (step) {
      case StallStory::Step::open:
        tell(server, stage, line, Phase::opened, now, sink);
        break;
      case StallStory::Step::update:
        tell(server, stage, line, Phase::updated, now, sink);
        break;
      case StallStory::Step::close:
        tell(server, stage, line, Phase::closed, now, sink);
        break;
      default:
        break;
    }
  }

  static flow::Flow representative(const StallServer& server, const StallSource& source,
                                   Timestamp start) {
    flow::Flow shown;
    shown.key.ip_version = server.ip_version;
    const bool lo =
        wire::set_endpoints(shown.key, source.address, source.port, server.address, server.port);
    if (lo) shown.mark(flow::kClientIsLo);
    shown.mark(flow::kSawToServer | flow::kSawToClient);
    shown.start_ns = start.ns;
    return shown;
  }

  void tell(const StallServer& server, Stage stage, StallLine& line, Phase phase, Timestamp now,
            FleetSink& sink) const {
    const StagePopulation& population = line.population;
    const Timestamp started{int64_t{line.story.opened_s()} * kNanosPerSecond};
    const uint64_t total = std::max<uint64_t>(
        population.became_stalled() - line.stalled_before + line.young, line.story.peak());
    Finding finding = Finding::of(signature_of(stage), now, 0);
    if (is_blind_at(stage)) finding.severity = kHealth;
    finding.phase = phase;
    finding.first_seen = started;
    finding.occurrences = total;
    Facts& facts = finding.facts;
    facts.add("server", wire::to_text(server.address, server.ip_version));
    facts.add("port", server.port);
    facts.add("stage", to_text(stage));
    facts.add(stage == Stage::renegotiating ? "handshake_records" : "connections", line.held);
    facts.add("peak", line.story.peak());
    facts.add("total", static_cast<int64_t>(total));
    facts.add("oldest_s", population.oldest_s());
    facts.add("threshold_s", population.threshold_s());
    facts.add("baseline", line.story.usual());
    facts.add("origin", line.origin(stage));
    facts.add("source_count", line.worst_sources);
    if (population.sources_displaced()) facts.add("source_count_is", "at least");
    facts.add("sources", line.worst_text());
    facts.add("reference", reference_of(stage));
    if (is_blind_at(stage)) {
      facts.add("capture", "shows nobody's handshake completed: filtered, or one direction only");
    }
    sink.found(representative(server, line.worst[0], started), finding);
  }

  static constexpr uint8_t kHealth = 3;  // severity

  StallSettings settings_;
  Budget& budget_;
  StallClients clients_;
  uint64_t refused_ = 0, sources_shed_ = 0;
  std::vector<StallServer> servers_;
  uint8_t sight_ = 0;
  StallServer* latest_ = nullptr;  ///< of servers_, which have room for all from the start
  uint32_t now_s_ = 0;
};

}  // namespace

std::unique_ptr<FleetDetector> make_stalled_servers(const Site& site, Budget& budget,
                                                    HashKey secret) {
  return std::make_unique<StalledServers>(site, budget, secret);
}

}  // namespace exwire::detect
