// SPDX-License-Identifier: BSD-3-Clause
// Sleep, wake, gaps and transactions, with a small dissector of lines: "Q text" asks, "A text"
// answers, "B n" is followed by n octets nobody wants, "S" finds no room to be read.
#include "sensor/inspect/inspector.hpp"

#include <catch2/catch.hpp>
#include <cstdlib>
#include <optional>
#include <string>

#include "tests/support/packet_builder.hpp"

using namespace exwire;
using inspect::HttpField;

namespace {

constexpr const char* kFields[] = {"http.uri", "http.stat_msg", nullptr};
constexpr const char* kAnomalies[] = {"odd_line", nullptr};

struct Lines {
  uint32_t asked = 0, answered = 0;

  static uint8_t probe(Bytes to_server, Bytes) {
    if (to_server.empty()) return kExwireProbeMore;
    return to_server[0] == 'Q' ? kExwireProbeYes : kExwireProbeNo;
  }
  Progress data(const Host& host, Bytes in) {
    const auto end = in.text().find('\n');
    if (end == std::string_view::npos) return more(0, in.size + 1);
    const std::string_view line = in.text().substr(0, end);
    const auto consumed = static_cast<uint32_t>(end + 1);
    if (line[0] == 'Q') {
      host.field(0, line.substr(2));
      host.message(kExwireRequestHead, asked);
      host.message(kExwireRequestEnd, asked++);
    } else if (line[0] == 'A') {
      host.field(1, line.substr(2));
      host.message(kExwireResponseHead, answered);
      host.message(kExwireResponseEnd, answered++);
    } else if (line[0] == 'S') {
      host.shed();
    } else if (line[0] == 'W') {
      return more(consumed);
    } else if (line[0] == 'E') {
      return both_at_rest(consumed);
    } else if (line[0] == 'B') {
      Progress body = at_rest(consumed);
      body.skip = static_cast<uint64_t>(std::atoll(std::string(line.substr(2)).c_str()));
      return body;
    } else {
      host.anomaly(0);
    }
    return at_rest(consumed);
  }
  bool gap(const Host&, uint64_t) { return true; }
  void end(const Host&) {}
  void sleep(uint8_t parked[16]) const { std::memcpy(parked, this, sizeof *this); }
  void wake(const uint8_t parked[16]) { std::memcpy(this, parked, sizeof *this); }
};

constexpr uint32_t kSharedOctets = 12345;
const ExwireDissectorApi kLines =
    make_dissector_api<Lines>("lines", {"tcp", 4096, kFields, kAnomalies, kSharedOctets});
const ExwireDissectorApi* const kTable[] = {&kLines};

class Recorder final : public inspect::Listener, public flow::FlowListener {
 public:
  void request_head(flow::Flow&, inspect::HttpTransaction& one) override {
    log += "?" + std::string(one.text(HttpField::uri)) + " ";
  }
  void response_head(flow::Flow&, inspect::HttpTransaction&) override {}
  void transaction_over(flow::Flow&, inspect::HttpTransaction& one) override {
    log += "(" + std::string(one.text(HttpField::uri)) + "=" +
           std::string(one.text(HttpField::stat_msg)) + ") ";
  }
  void anomaly(flow::Flow&, const inspect::Anomaly& anomaly) override {
    log += "!" + std::string(anomaly.event) + " ";
  }
  void flow_ended(uint32_t handle, flow::Flow& flow, flow::EndReason, Timestamp when) override {
    inspector->close(handle, flow, when);
    last = flow;
  }
  void half_open_ended(const flow::Flow&, flow::EndReason, Timestamp) override {}
  void flow_timer(uint32_t handle, flow::Flow& flow, Timestamp now) override {
    inspector->timer(handle, flow, now);
  }
  std::string log;
  flow::Flow last;
  inspect::Inspector* inspector = nullptr;
};

struct Bench {
  explicit Bench(uint32_t most_sessions = 64) {
    settings.most_sessions = most_sessions;
    settings.most_transactions = 64;
    flow_settings.most_flows = 4096;
    flow_settings.half_open_entries = 1024;
    table.emplace(flow_settings, watch, budget, recorder);
    inspector.emplace(settings, host, *table, budget, recorder);
    recorder.inspector = &*inspector;
  }
  void feed(const test::Talk& talk) {
    for (const auto& packet : test::decode_all(talk.frames)) {
      const flow::Tracked tracked = table->track(packet);
      if (tracked.flow != nullptr) inspector->inspect(tracked, packet);
      table->expire(packet.time);
    }
  }
  Budget budget{size_t{256} << 20};
  flow::Watch watch;
  flow::FlowSettings flow_settings;
  inspect::InspectSettings settings;
  inspect::DissectorHost host{kTable};
  Recorder recorder;
  std::optional<flow::FlowTable> table;
  std::optional<inspect::Inspector> inspector;
};

}  // namespace

TEST_CASE("requests and answers are paired, and the flow sleeps between them", "[inspector]") {
  Bench bench;
  test::Talk talk;
  talk.handshake().client("Q one\n");
  bench.feed(talk);
  CHECK(bench.inspector->awake() == 0);
  talk.frames.clear();
  talk.wait(1800 * kNanosPerSecond).server("A two\n");
  bench.feed(talk);
  CHECK(bench.recorder.log == "?one (one=two) ");
  CHECK(bench.inspector->awake() == 0);
}

TEST_CASE("an answer that has overtaken its request waits for it", "[inspector]") {
  Bench bench;
  test::Talk talk;
  talk.handshake().client("Q one\n").server("A two\n").client("Q three\n").server("A four\n");
  constexpr size_t kRequest = 5;
  SECTION("until it comes by") {
    std::swap(talk.frames[kRequest].octets, talk.frames[kRequest + 1].octets);
    bench.feed(talk);
    CHECK(bench.recorder.log == "?one (one=two) ?three (three=four) ");
  }
  SECTION("or is known to be missing") {
    talk.frames.erase(talk.frames.begin() + kRequest);
    bench.feed(talk);
    CHECK(bench.recorder.log == "?one (one=two) ");
    talk.frames.clear();
    talk.client("", wire::kAck);
    bench.feed(talk);
    CHECK(bench.recorder.log == "?one (one=two) (=four) ");
  }
  SECTION("or does not come for so long that it will not") {
    talk.frames.erase(talk.frames.begin() + kRequest);
    talk.wait(2 * kNanosPerSecond).server("A five\n");
    bench.feed(talk);
    CHECK(bench.recorder.log == "?one (one=two) (=four) (=five) ");
  }
}

TEST_CASE("half a line keeps the flow awake until it is whole", "[inspector]") {
  Bench bench;
  test::Talk talk;
  talk.handshake().client("Q o");
  bench.feed(talk);
  CHECK(bench.inspector->awake() == 1);
  talk.frames.clear();
  talk.client("ne\n");
  bench.feed(talk);
  CHECK(bench.recorder.log == "?one ");
  CHECK(bench.inspector->awake() == 0);
}

TEST_CASE("one side knows that the other has come to rest", "[inspector]") {
  Bench bench;
  test::Talk talk;
  talk.handshake().client("Q one\n").server("W until the client is ready\n");
  bench.feed(talk);
  CHECK(bench.inspector->awake() == 1);
  talk.frames.clear();
  const std::string half = GENERATE("", "A tw");  // octets of the other side are waiting
  talk.server(half).client("E\n");
  bench.feed(talk);
  CHECK(bench.inspector->awake() == (half.empty() ? 0 : 1));
}

TEST_CASE("a body passes without waking anybody", "[inspector]") {
  Bench bench;
  test::Talk talk;
  talk.handshake().client("Q one\nB 3000\n" + std::string(1000, 'x'));
  bench.feed(talk);
  CHECK(bench.inspector->awake() == 0);
  talk.frames.clear();
  talk.client(std::string(1500, 'x')).client(std::string(500, 'x') + "Q two\n");
  bench.feed(talk);
  CHECK(bench.recorder.log == "?one ?two ");
}

TEST_CASE("a hole the server has acknowledged is given up", "[inspector]") {
  Bench bench;
  test::Talk talk;
  talk.handshake().client("Q one\n").lose_client(10).client("Q two\n").server_ack();
  talk.wait(2 * kNanosPerSecond).server("A late\n");
  bench.feed(talk);
  CHECK(bench.recorder.log == "?one !stream.reassembly_seq_gap ?two (one=late) ");
}

TEST_CASE("midstream: an answer gives up the hole before its request", "[inspector]") {
  Bench bench;
  test::Talk talk;
  talk.server_ack().client("", wire::kAck).client("Q one\n").server("A 1\n");
  talk.lose_client(10).client("Q two\n").server("A 2\n").client("Q three\n").server("A 3\n");
  bench.feed(talk);
  CHECK(bench.recorder.log ==
        "?one (one=1) !stream.reassembly_seq_gap ?two (two=2) ?three (three=3) ");
}

TEST_CASE("a hole is given up by a timer when nothing more arrives", "[inspector]") {
  Bench bench;
  test::Talk talk;
  talk.handshake().client("Q one\n").lose_client(10).client("Q two\n").server_ack();
  bench.feed(talk);
  CHECK(bench.recorder.log == "?one ");
  bench.table->expire({talk.now.ns + 3 * kNanosPerSecond});
  CHECK(bench.recorder.log == "?one !stream.reassembly_seq_gap ?two ");
}

TEST_CASE("what waits behind a hole at the end is still looked at", "[inspector]") {
  Bench bench;
  test::Talk talk;
  talk.handshake().client("Q one\n").lose_client(10).client("Q two\n");
  bench.feed(talk);
  bench.table->drain(talk.now);
  CHECK(bench.recorder.log == "?one !stream.reassembly_seq_gap ?two (one=) (two=) ");
  CHECK(bench.recorder.last.has(flow::kGapToServer));
}

TEST_CASE("an anomaly is told once per flow, asleep or awake", "[inspector]") {
  Bench bench;
  test::Talk talk;
  talk.handshake().client("Q one\n").client("odd\n").client("odd\n").client("odd\n");
  bench.feed(talk);
  CHECK(bench.recorder.log == "?one !odd_line ");
  CHECK(bench.inspector->counters().anomalies_suppressed == 2);
}

TEST_CASE("FIN out of order ends the direction when its octets are there", "[inspector]") {
  Bench bench;
  test::Talk talk;
  talk.handshake().client("Q one\n");
  const uint32_t before = talk.client_seq;
  talk.client("Q two\n").client_fin();
  std::swap(talk.frames[talk.frames.size() - 1].octets, talk.frames[talk.frames.size() - 2].octets);
  bench.feed(talk);
  CHECK(talk.client_seq == before + 7);
  CHECK(bench.recorder.log == "?one ?two ");
  bench.table->drain(talk.now);
  CHECK(bench.recorder.last.has(flow::kFinToServer));
}

TEST_CASE("what dissectors share is charged once, and what finds no room there is counted",
          "[inspector]") {
  inspect::DissectorHost nobody{std::span<const ExwireDissectorApi* const>{}};
  Bench bench;
  Budget with(size_t{256} << 20), without(size_t{256} << 20);
  const inspect::Inspector some(bench.settings, bench.host, *bench.table, with, bench.recorder);
  const inspect::Inspector none(bench.settings, nobody, *bench.table, without, bench.recorder);
  CHECK(with.used() == without.used() + kSharedOctets);
  test::Talk talk;
  talk.handshake().client("Q one\n").client("S\n").server("S\n");
  bench.feed(talk);
  CHECK(bench.inspector->counters().bodies_shed == 2);
}

TEST_CASE("when the pool runs dry the oldest session goes, its flow goes on", "[inspector]") {
  Bench bench(4);
  std::vector<test::Talk> talks;
  for (uint16_t port = 50000; port < 50008; ++port) {
    test::Segment side;
    side.source_port = port;
    talks.emplace_back(side);
    talks.back().handshake().client("Q half");
    bench.feed(talks.back());
    talks.back().frames.clear();
  }
  CHECK(bench.inspector->awake() == 4);
  CHECK(bench.inspector->counters().sessions_shed == 4);
  talks[0].client(" a line\n").client("Q again\n");
  bench.feed(talks[0]);
  bench.table->drain(talks[0].now);
  CHECK(bench.recorder.log.find("exwire.session_shed") != std::string::npos);
}

TEST_CASE("more open transactions than allowed: the oldest is told and makes room", "[inspector]") {
  Bench bench;
  test::Talk talk;
  std::string requests;
  for (int number = 0; number < 100; ++number) requests += "Q " + std::to_string(number) + "\n";
  talk.handshake().client(requests);
  bench.feed(talk);
  CHECK(bench.inspector->counters().transactions_shed > 30);
  CHECK(bench.recorder.log.find("(0=)") != std::string::npos);
  bench.table->drain(talk.now);
  CHECK(bench.inspector->counters().transactions == 100);
}

TEST_CASE("what nobody knows gets a label from nDPI and is only counted", "[inspector]") {
  Bench bench;
  test::Talk talk;
  talk.handshake().server("SSH-2.0-OpenSSH_9.2p1 Debian\r\n").client("SSH-2.0-OpenSSH_9.2p1\r\n");
  talk.client(std::string(200, 'k')).server(std::string(200, 'k'));
  bench.feed(talk);
  bench.table->drain(talk.now);
  CHECK(std::string(bench.inspector->label_name(bench.recorder.last.label)) == "SSH");
  CHECK(bench.recorder.last.of(Direction::to_server).stream_octets == 223);
  CHECK(bench.inspector->awake() == 0);
}

TEST_CASE("what nobody reads may come again", "[inspector]") {
  Bench bench;
  test::Talk talk;
  talk.handshake().server(std::string(98, '\x82')).client(std::string(57, '\x81'));
  talk.server("and more");
  talk.server_seq -= 8;
  talk.server("and more");
  bench.feed(talk);
  CHECK(bench.recorder.log.empty());
}

TEST_CASE("a connection that ends before anybody knew it has nDPI's last word", "[inspector]") {
  const auto label_of = [](const test::Talk& talk) {
    Bench bench;
    bench.feed(talk);
    bench.table->drain(talk.now);
    CHECK(bench.inspector->awake() == 0);
    return std::string(bench.inspector->label_name(bench.recorder.last.label));
  };
  test::Talk banner;  // who is to speak next never does
  banner.handshake().server("SSH-2.0-OpenSSH_9.2p1 Debian\r\n");
  CHECK(label_of(banner) == "SSH");
  test::Talk greeting;
  greeting.handshake().server("220 mail.exwire.example ESMTP\r\n").client("EHLO phone\r\n");
  greeting.server("250 mail.exwire.example\r\n");
  CHECK(label_of(greeting) == "SMTP");
  test::Talk nothing;
  nothing.handshake().server("?").client("!");
  CHECK(label_of(nothing).empty());
}
