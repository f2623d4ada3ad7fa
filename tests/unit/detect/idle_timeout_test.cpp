// SPDX-License-Identifier: BSD-3-Clause
// Conversations with long silences, packet by packet: which gaps survive, which are dropped, which
// say nothing; and what is concluded of a path.
#include <algorithm>
#include <catch2/catch.hpp>
#include <map>
#include <optional>

#include "sensor/detect/detector_set.hpp"
#include "sensor/detect/fleet_detector.hpp"
#include "sensor/detect/idle_gap.hpp"
#include "tests/support/packet_builder.hpp"

namespace exwire::detect {
std::unique_ptr<FlowDetector> make_idle_timeout(const Site& site);
std::unique_ptr<FleetDetector> make_idle_paths(const Site& site);
}  // namespace exwire::detect

using namespace exwire;
using detect::FlowContext;
using detect::FlowDetector;
using detect::IdleGapKind;
using detect::Phase;
using test::Talk;

namespace {

struct Told {
  Phase phase;
  std::map<std::string, std::string> facts;
  int64_t number(const char* name) const { return std::stoll(facts.at(name)); }
};

const detect::Site kSite;

std::vector<std::unique_ptr<FlowDetector>> only_idle_timeout() {
  std::vector<std::unique_ptr<FlowDetector>> all;
  all.push_back(detect::make_idle_timeout(kSite));
  return all;
}

class Bench final : public flow::FlowListener, detect::FindingSink, detect::FleetSink {
 public:
  Bench() {
    watch_.tls_ports.set(443);
    flow::FlowSettings settings;
    settings.most_flows = 4096;
    settings.half_open_entries = 4096;
    table_.emplace(settings, watch_, budget_, *this);
  }
  void add(const Talk& talk) {
    frames_.insert(frames_.end(), talk.frames.begin(), talk.frames.end());
  }
  Bench& run() {
    std::stable_sort(frames_.begin(), frames_.end(),
                     [](const auto& a, const auto& b) { return a.time < b.time; });
    for (const wire::Packet& packet : test::decode_all(frames_)) feed(packet);
    table_->drain(now_);
    fleet_->drain(now_, *this);
    return *this;
  }
  int count(IdleGapKind kind) const {
    return static_cast<int>(std::count_if(seen.begin(), seen.end(), [&](const auto& one) {
      return one.kind == static_cast<uint16_t>(kind);
    }));
  }
  detect::IdleGap gap(IdleGapKind kind) const {
    for (const auto& one : seen) {
      if (one.kind == static_cast<uint16_t>(kind)) return one.template get<detect::IdleGap>();
    }
    return {};
  }
  /// Observations other than of new connections.
  int gaps() const { return static_cast<int>(seen.size()) - count(IdleGapKind::opened); }

  std::vector<detect::Observation> seen;
  std::vector<Told> told;
  std::vector<detect::FlowNumbers> numbers;  ///< of each flow at its end
  std::vector<Timestamp> silent;             ///< interim records

 private:
  void feed(const wire::Packet& packet) {
    now_ = packet.time;
    const flow::Tracked tracked = table_->track(packet);
    if (tracked.flow != nullptr) {
      set_.each(detect::kWantsSegments, *tracked.flow, tracked.handle, now_, packet.number,
                [&](FlowDetector& one, const FlowContext& context) {
                  one.segment(context, tracked, packet, *this);
                });
      if (packet.payload_octets > 0 && !(packet.tcp_flags & wire::kRst)) {
        flow::DirectionState& side = tracked.flow->of(tracked.direction);
        const int64_t ahead =
            tracked.offset + packet.payload_octets - static_cast<int64_t>(side.stream_octets);
        if (ahead > 0) side.advance(static_cast<uint64_t>(ahead));
      }
      if (packet.tcp_flags & wire::kFin) table_->fin_reached(tracked.handle, tracked.direction);
    }
    table_->expire(now_);
    fleet_->tick(now_, *this);
  }
  void flow_ended(uint32_t handle, flow::Flow& flow, flow::EndReason why, Timestamp when) override {
    set_.each(detect::kWantsEnds, flow, handle, when, 0,
              [&](FlowDetector& one, const FlowContext& context) {
                numbers.emplace_back();
                one.describe(context, numbers.back());
              });
    set_.each(detect::kWantsEnds, flow, handle, when, 0,
              [&](FlowDetector& one, const FlowContext& context) {
                one.flow_ended(context, why, *this);
              });
  }
  void half_open_ended(const flow::Flow&, flow::EndReason, Timestamp) override {}
  void flow_timer(uint32_t handle, flow::Flow& flow, Timestamp now) override {
    set_.each(
        detect::kWantsTimers, flow, handle, now, 0,
        [&](FlowDetector& one, const FlowContext& context) { one.flow_timer(context, *this); });
  }
  void found(const FlowContext&, const detect::Finding&) override {}
  void observe(const detect::Observation& observation) override {
    seen.push_back(observation);
    fleet_->observe(observation, *this);
  }
  void wake_at(const FlowContext& context, Timestamp at) override {
    table_->wake_at(context.handle, at);
  }
  void still_silent(const FlowContext& context) override { silent.push_back(context.now); }
  void found(const flow::Flow&, const detect::Finding& finding) override {
    Told one{finding.phase, {}};
    for (uint32_t index = 0; index < finding.facts.size(); ++index) {
      const auto fact = finding.facts[index];
      one.facts[fact.name] = fact.is_number ? std::to_string(fact.number) : std::string(fact.text);
    }
    CHECK(finding.severity == 3);
    told.push_back(one);
  }

  Budget budget_{size_t{1} << 30};
  flow::Watch watch_;
  detect::DetectorSet set_{only_idle_timeout()};
  std::unique_ptr<detect::FleetDetector> fleet_ = detect::make_idle_paths(kSite);
  std::optional<flow::FlowTable> table_;
  std::vector<test::TestFrame> frames_;
  Timestamp now_;
};

constexpr int64_t kSecond = kNanosPerSecond;
const std::string kHello(517, 'h'), kFlight(1400, 'f'), kRequest(441, 'q'),
    kAnswer(163, 'a'), kGoodbye = std::string(1, '\x15') + std::string(30, 'g');

// A phone's TLS connection with one answered request on it; times in whole seconds from the start.
Talk phone(int number, int64_t at_s, uint16_t port = 50000) {
  test::Segment side;
  side.source = "192.0.2." + std::to_string(number);
  side.source_port = port;
  side.destination_port = 443;
  Talk talk(side);
  talk.now.ns += at_s * kSecond;
  talk.handshake().client(kHello).server(kFlight).client(std::string(93, 'k')).server_ack();
  return talk.client(kRequest).server(kAnswer).client("", wire::kAck);
}

Talk& ping(Talk& talk) {
  return talk.client(kRequest).server_ack();
}
Talk& answered(Talk& talk, int64_t after_s) {
  return talk.wait(after_s * kSecond).server(kAnswer).client("", wire::kAck);
}
// The answer, again and again, and nobody there.
Talk& unanswered(Talk& talk, int64_t after_s, int repeats = 5) {
  talk.wait(after_s * kSecond).server(kAnswer);
  for (int repeat = 0; repeat < repeats; ++repeat) {
    talk.wait((int64_t{1} << repeat) * 300 * kNanosPerMilli);
    talk.server_seq -= static_cast<uint32_t>(kAnswer.size());
    talk.server(kAnswer);
  }
  return talk;
}
Talk& server_reset(Talk& talk) {
  return talk.server("", wire::kRst | wire::kAck);
}

}  // namespace

TEST_CASE("an answer that is acknowledged after a silence has survived it", "[detect][idle]") {
  Bench bench;
  Talk talk = phone(10, 0);
  answered(ping(talk), 480);
  bench.add(talk);
  bench.run();
  CHECK(bench.count(IdleGapKind::opened) == 1);
  CHECK(bench.count(IdleGapKind::survived) == 1);
  CHECK(bench.gaps() == 1);
  CHECK(bench.gap(IdleGapKind::survived).length_ms == Approx(480'001).margin(2));
}

TEST_CASE("an answer never acknowledged is a silent drop, once", "[detect][idle]") {
  Bench bench;
  Talk talk = phone(10, 0);
  unanswered(ping(talk), 480);
  server_reset(talk);
  bench.add(talk);
  bench.run();
  CHECK(bench.count(IdleGapKind::suspected) == 1);
  CHECK(bench.count(IdleGapKind::dropped) == 1);
  CHECK(bench.gaps() == 2);
  CHECK(bench.gap(IdleGapKind::dropped).length_ms == Approx(480'001).margin(2));
  CHECK(bench.gap(IdleGapKind::dropped).mode == detect::DropMode::silent);
}

TEST_CASE("waits between retransmissions are no gaps of their own", "[detect][idle]") {
  Bench bench;
  Talk talk = phone(10, 0);
  unanswered(ping(talk), 480, 8);  // the last one 38 s after the one before
  bench.add(talk);
  bench.run();
  CHECK(bench.gaps() == 2);
}

TEST_CASE("a phone back from a tunnel acknowledges: the gap has survived", "[detect][idle]") {
  Bench bench;
  Talk talk = phone(10, 0);
  unanswered(ping(talk), 480);
  talk.client("", wire::kAck);
  bench.add(talk);
  bench.run();
  CHECK(bench.count(IdleGapKind::recovered) == 1);
  CHECK(bench.count(IdleGapKind::dropped) == 0);
}

TEST_CASE("an RST at once is a box, one after repeats a phone that came back", "[detect][idle]") {
  Bench at_once, late;
  Talk talk = phone(10, 0);
  ping(talk).wait(300 * kSecond).server(kAnswer).client_reset();
  at_once.add(talk);
  at_once.run();
  CHECK(at_once.count(IdleGapKind::dropped) == 1);
  CHECK(at_once.gap(IdleGapKind::dropped).mode == detect::DropMode::rst);

  Talk other = phone(10, 0);
  unanswered(ping(other), 300).client_reset();
  late.add(other);
  late.run();
  CHECK(late.count(IdleGapKind::dropped) == 0);
  CHECK(late.count(IdleGapKind::censored) == 1);
}

TEST_CASE("house-keeping is no drop", "[detect][idle]") {
  Bench bench;
  Talk fin = phone(10, 0);  // IIS closes an idle connection at 120 s
  fin.wait(120 * kSecond).server_fin().client_fin().server_ack();
  bench.add(fin);
  Talk rst = phone(11, 0);
  rst.wait(120 * kSecond);
  server_reset(rst);
  bench.add(rst);
  Talk goodbye = phone(12, 0);  // with close_notify, and a client that is gone already
  goodbye.wait(120 * kSecond).server(kGoodbye).server_fin().client_reset();
  bench.add(goodbye);
  Talk slow = phone(13, 0);  // a request that is never finished
  ping(slow).wait(120 * kSecond).server_fin().client_fin().server_ack();
  bench.add(slow);
  bench.run();
  CHECK(bench.count(IdleGapKind::dropped) == 0);
  CHECK(bench.told.empty());
}

TEST_CASE("a client that gives up while it waits is no drop", "[detect][idle]") {
  Bench bench;
  Talk fin = phone(10, 0);
  ping(fin).wait(100 * kSecond).client_fin().server_fin().client("", wire::kAck);
  bench.add(fin);
  Talk rst = phone(11, 0);
  ping(rst).wait(100 * kSecond).client_reset();
  bench.add(rst);
  bench.run();
  CHECK(bench.count(IdleGapKind::dropped) == 0);
}

TEST_CASE("a server side that closes while it owes an answer is a timer", "[detect][idle]") {
  Bench bench;
  Talk fin = phone(10, 0);
  answered(ping(fin), 40);
  answered(ping(fin), 50);
  ping(fin).wait(60 * kSecond).server_fin();
  bench.add(fin);
  Talk rst = phone(11, 0);
  answered(ping(rst), 40);
  answered(ping(rst), 50);
  ping(rst).wait(60 * kSecond);
  server_reset(rst);
  bench.add(rst);
  bench.run();
  CHECK(bench.count(IdleGapKind::survived) == 4);
  CHECK(bench.count(IdleGapKind::dropped) == 2);
}

TEST_CASE("keep-alive probes end a gap", "[detect][idle]") {
  Bench bench;
  Talk talk = phone(10, 0);
  ping(talk);
  for (int probe = 0; probe < 4; ++probe) {
    talk.wait(100 * kSecond);
    talk.server_seq -= 1;
    talk.server(std::string(1, '\0'), wire::kAck).client("", wire::kAck);
  }
  answered(talk, 100);
  bench.add(talk);
  bench.run();
  CHECK(bench.count(IdleGapKind::survived) == 5);
  CHECK(bench.gaps() == 5);
  for (const auto& one : bench.seen) {
    CHECK(one.get<detect::IdleGap>().length_ms < 101'000);
  }
}

TEST_CASE("octets the capture missed spoil a gap", "[detect][idle]") {
  Bench bench;
  Talk talk = phone(10, 0);
  ping(talk).wait(50 * kSecond).lose_client(300);
  talk.wait(250 * kSecond).server(kAnswer).client("", wire::kAck);
  bench.add(talk);
  bench.run();
  CHECK(bench.gaps() == 0);
}

TEST_CASE("other ports are nobody's business", "[detect][idle]") {
  Bench bench;
  test::Segment side;
  side.destination_port = 8080;
  Talk talk(side);
  talk.handshake().client(kRequest).server(kAnswer).client("", wire::kAck);
  answered(ping(talk), 480);
  bench.add(talk);
  bench.run();
  CHECK(bench.seen.empty());
}

namespace {

// Twelve phones behind a box that forgets after 300 s; each comes back 5 s after its heartbeat.
void site_with_box(Bench& bench, bool comes_back, uint16_t first_port = 50000, int64_t start = 0) {
  for (int number = 10; number < 22; ++number) {
    int64_t at = start + number;
    uint16_t port = first_port;
    Talk talk = phone(number, at, port);
    for (const int64_t heartbeat : {60, 120, 180, 240, 270 + number}) {
      answered(ping(talk), heartbeat);
    }
    unanswered(ping(talk), 310 + number);
    server_reset(talk);
    bench.add(talk);
    if (!comes_back) continue;
    at = (talk.now.ns - Talk().now.ns) / kSecond + 5;
    Talk again = phone(number, at, static_cast<uint16_t>(port + 1));
    again.client_fin().server_fin().client("", wire::kAck);
    bench.add(again);
  }
}

}  // namespace

TEST_CASE("a site behind a forgetful box is told once, with its bracket", "[detect][idle]") {
  Bench bench;
  site_with_box(bench, true);
  bench.run();
  REQUIRE(bench.told.size() >= 1);
  CHECK(bench.told.front().phase == Phase::opened);
  CHECK(std::count_if(bench.told.begin(), bench.told.end(),
                      [](const Told& one) { return one.phase == Phase::opened; }) == 1);
  const Told& last = bench.told.back();
  CHECK(last.number("lower_s") <= 300);
  CHECK(last.number("upper_s") >= 300);
  CHECK(last.facts.at("mode") == "silent");
  CHECK(last.facts.at("client_net") == "192.0.2.0/24");
  CHECK(last.facts.at("server") == "198.51.100.20");
  CHECK(last.number("port") == 443);
  CHECK(last.number("required_s") == 1800);
  CHECK(last.number("drops") >= 5);
  CHECK(last.number("devices") >= 5);
}

TEST_CASE("phones that stay away are lost phones, no box", "[detect][idle]") {
  Bench bench;
  site_with_box(bench, false);
  bench.run();
  CHECK(bench.count(IdleGapKind::dropped) == 12);
  CHECK(bench.told.empty());
}

TEST_CASE("a mended timeout closes the finding", "[detect][idle]") {
  Bench bench;
  site_with_box(bench, true);
  for (int number = 10; number < 22; ++number) {
    Talk talk = phone(number, 10'000, 51000);
    for (const int64_t heartbeat : {480, 780, 1080}) answered(ping(talk), heartbeat);
    bench.add(talk);
  }
  bench.run();
  REQUIRE(bench.told.size() >= 2);
  CHECK(bench.told.front().phase == Phase::opened);
  CHECK(bench.told.back().phase == Phase::closed);
}

TEST_CASE("long waits for small answers are Direct Push", "[detect][idle]") {
  Bench bench;
  Talk push = phone(10, 0);
  for (const int64_t wait : {480, 300, 780}) answered(ping(push), wait);  // mail after 300 s
  bench.add(push);
  bench.run();
  REQUIRE(bench.numbers.size() == 1);
  CHECK(bench.numbers[0].direct_push);
  CHECK(bench.numbers[0].heartbeat_s == 780);
  CHECK(bench.numbers[0].idle_gap_max_s == 780);
}

TEST_CASE("a server that speaks unasked is no Direct Push", "[detect][idle]") {
  Bench bench;
  Talk stream = phone(10, 0);  // EWS streaming: one request, a sign of life every 120 s
  ping(stream);
  for (int sign = 0; sign < 6; ++sign) answered(stream, 120);
  bench.add(stream);
  Talk fetch = phone(11, 0);  // long waits for large answers
  for (int round = 0; round < 4; ++round) {
    ping(fetch).wait(90 * kSecond).server(std::string(1400, 'x')).client("", wire::kAck);
  }
  bench.add(fetch);
  bench.run();
  REQUIRE(bench.numbers.size() == 2);
  for (const auto& one : bench.numbers) {
    CHECK_FALSE(one.direct_push);
    CHECK(one.heartbeat_s == 0);
  }
}

TEST_CASE("a phone may be back before the server has noticed", "[detect][idle]") {
  Bench bench;
  for (int number = 10; number < 22; ++number) {
    Talk talk = phone(number, number);
    for (const int64_t heartbeat : {60, 120, 180, 240, 270 + number}) {
      answered(ping(talk), heartbeat);
    }
    ping(talk);
    const int64_t back = (talk.now.ns - Talk().now.ns) / kSecond + 311 + number;
    unanswered(talk, 310 + number, 8);  // its repeats begin after the phone is back
    server_reset(talk);
    Talk again = phone(number, back, 50001);
    bench.add(talk);
    bench.add(again);
  }
  bench.run();
  REQUIRE(bench.told.size() >= 1);
  CHECK(bench.told.back().number("lower_s") <= 300);
  CHECK(bench.told.back().number("upper_s") >= 300);
  CHECK(bench.told.back().facts.at("box_is_towards") == "client");
}

namespace {

// Phones whose side closes after 100 s while the answer is due; each has waited well before.
void closed_by_their_side(Bench& bench, bool together) {
  for (int number = 10; number < 22; ++number) {
    Talk talk = phone(number, together ? 0 : number * 20);
    for (const int64_t heartbeat : {60, 80, 95}) answered(ping(talk), heartbeat);
    ping(talk).wait(100 * kSecond).client_fin().server_fin().client("", wire::kAck);
    bench.add(talk);
  }
}

}  // namespace

TEST_CASE("closes at one age, one after the other, are a proxy's timer", "[detect][idle]") {
  Bench bench;
  closed_by_their_side(bench, false);
  bench.run();
  CHECK(bench.count(IdleGapKind::closed) == 12);
  REQUIRE(bench.told.size() >= 1);
  CHECK(bench.told.back().facts.at("mode") == "fin");
  CHECK(bench.told.back().number("estimate_s") == 100);
  CHECK(bench.told.back().facts.at("box_is_towards") == "client");
}

TEST_CASE("closes all at once are no timer", "[detect][idle]") {
  Bench bench;
  closed_by_their_side(bench, true);
  bench.run();
  CHECK(bench.count(IdleGapKind::closed) == 12);
  CHECK(bench.told.empty());
}

TEST_CASE("two boxes in a row: the impatient one is measured", "[detect][idle]") {
  Bench bench;
  for (int number = 10; number < 24; ++number) {  // 200 s resets; 300 s would forget
    Talk talk = phone(number, number * 11);
    for (const int64_t heartbeat : {60, 120, 170, 180 + number / 2})
      answered(ping(talk), heartbeat);
    ping(talk).wait((205 + number) * kSecond).server(kAnswer).client_reset();
    bench.add(talk);
  }
  bench.run();
  REQUIRE(bench.told.size() >= 1);
  CHECK(bench.told.back().facts.at("mode") == "rst");
  CHECK(bench.told.back().number("lower_s") <= 200);
  CHECK(bench.told.back().number("upper_s") >= 200);
}

TEST_CASE("keep-alives below the timeout leave nothing to find", "[detect][idle]") {
  Bench bench;  // the box forgets after 300 s, but every 200 s something is said
  for (int number = 10; number < 22; ++number) {
    Talk talk = phone(number, number);
    ping(talk);
    for (int probe = 0; probe < 6; ++probe) {
      talk.wait(200 * kSecond);
      talk.client_seq -= 1;
      talk.client(std::string(1, '\0'), wire::kAck).server_ack();
    }
    answered(talk, 100);
    bench.add(talk);
  }
  bench.run();
  CHECK(bench.count(IdleGapKind::survived) == 84);
  CHECK(bench.count(IdleGapKind::dropped) == 0);
  CHECK(bench.told.empty());
}

TEST_CASE("connections that live and say nothing are shown now and then", "[detect][idle]") {
  Bench bench;
  Talk quiet = phone(10, 0);
  answered(ping(quiet), 3000);
  bench.add(quiet);
  Talk busy = phone(11, 0);  // moves time on
  for (int round = 0; round < 100; ++round)
    busy.wait(31 * kSecond).client(kRequest).server(kAnswer);
  bench.add(busy);
  bench.run();
  CHECK(bench.silent.size() == 3);  // at 900, 1800, 2700 s; the busy one never
}
