// SPDX-License-Identifier: BSD-3-Clause
// The average of the newest heartbeats of each server, as Exchange itself watches it (events 3033
// and 1040: 200 samples, 540 s). In clear text a heartbeat is what the Ping asks for; under TLS it
// is a wait that one client has repeated, because mail ends waits at any age and a heartbeat at its
// own.
#include <algorithm>
#include <array>
#include <cstdlib>
#include <map>
#include <tuple>
#include <vector>

#include "sensor/base/siphash.hpp"
#include "sensor/detect/fleet_detector.hpp"
#include "sensor/detect/heartbeat.hpp"
#include "sensor/detect/idle_gap.hpp"

namespace exwire::detect {
namespace {

constexpr Signature kTooShort{
    1443202,
    1,
    3,
    "EXWIRE heartbeats too short on average",
    "Misc activity",
    "Raise the idle timeouts on the way of the phones to at least 1800 s, and MinHeartbeatInterval "
    "if phones ask for less than they need (Exchange says the same by event 1040 or 3033)."};

constexpr size_t kMostServers = 256;
constexpr size_t kDevices = 8192;
constexpr uint32_t kToleranceMs = 3000;

struct ServerKey {
  wire::Address server;
  uint16_t port;
  uint8_t ip_version;
  auto operator<=>(const ServerKey&) const = default;
};

struct Server {
  std::vector<uint32_t> newest;  ///< seconds, a ring
  size_t next = 0;
  uint64_t sum = 0;
  uint32_t clear = 0;  ///< of all samples, those read from requests
  uint32_t seen = 0;
  bool open = false;
  Timestamp first;
};

/// One client's last waits.
struct Device {
  uint64_t key = 0;
  std::array<uint32_t, 8> waits_ms{};
  uint32_t asked_s = 0;  ///< by its last Ping in clear text
  uint8_t next = 0;

  // Whether it has waited as long at least twice before.
  bool repeats(uint32_t wait_ms) noexcept {
    const auto alike = std::count_if(waits_ms.begin(), waits_ms.end(), [&](uint32_t other) {
      return std::max(wait_ms, other) - std::min(wait_ms, other) <= kToleranceMs && other != 0;
    });
    waits_ms[next] = wait_ms;
    next = static_cast<uint8_t>((next + 1) % waits_ms.size());
    return alike >= 2;
  }
};

class Heartbeats final : public FleetDetector {
 public:
  explicit Heartbeats(const PushSettings& settings)
      : threshold_s_(static_cast<uint64_t>(settings.average_ns / kNanosPerSecond)),
        shortest_ms_(static_cast<uint32_t>(settings.average_ns / 3 / kNanosPerMilli)),
        samples_(settings.samples),
        devices_(kDevices) {}

  const char* name() const noexcept override { return "heartbeats"; }
  std::vector<const Signature*> signatures() const override { return {&kTooShort}; }

  bool listens_to(Topic topic) const noexcept override {
    return topic == Topic::direct_push || topic == Topic::idle_gap;
  }
  void observe(const Observation& seen, FleetSink& sink) override {
    if (seen.topic == Topic::direct_push) {
      ping(seen, sink);
      return;
    }
    const auto gap = seen.get<IdleGap>();
    if (static_cast<IdleGapKind>(seen.kind) != IdleGapKind::survived) return;
    // Shorter ones may be any long poll.
    if (!(gap.marks & IdleGap::kWait) || gap.length_ms < shortest_ms_) return;
    if (device_of(seen, 0).repeats(gap.length_ms)) add(seen, gap.length_ms / 1000, false, sink);
  }

 private:
  // A Ping without a body asks for what the same device has asked for before (MS-ASCMD 2.2.1.13).
  void ping(const Observation& seen, FleetSink& sink) {
    const auto heartbeat = seen.get<Heartbeat>();
    Device& device = device_of(seen, heartbeat.device);
    if (heartbeat.seconds != 0) device.asked_s = heartbeat.seconds;
    if (device.asked_s != 0) add(seen, device.asked_s, true, sink);
  }

  // In clear text a device is known by its id, from wherever it comes.
  Device& device_of(const Observation& seen, uint64_t id) noexcept {
    SipHash13 hash{HashKey{}};
    hash.word(id);
    if (id == 0) hash.octets(seen.client.data(), seen.client.size());
    hash.octets(seen.server.data(), seen.server.size());
    hash.word(seen.server_port);
    const uint64_t key = hash.finish();
    Device& device = devices_[key % kDevices];
    if (device.key != key) {
      device = {};
      device.key = key;
    }
    return device;
  }

  void add(const Observation& seen, uint32_t seconds, bool clear, FleetSink& sink) {
    const ServerKey key{seen.server, seen.server_port, seen.ip_version};
    const auto known = servers_.find(key);
    if (known == servers_.end() && servers_.size() == kMostServers) return;
    Server& server = known == servers_.end() ? servers_[key] : known->second;
    if (server.newest.empty()) {
      server.newest.resize(samples_);
      server.first = seen.when;
    }
    server.sum += seconds;
    server.sum -= server.newest[server.next];
    server.newest[server.next] = seconds;
    server.next = (server.next + 1) % samples_;
    server.clear += clear;
    if (server.seen != UINT32_MAX) ++server.seen;
    if (server.seen >= samples_) judge(seen, server, sink);
  }

  void judge(const Observation& seen, Server& server, FleetSink& sink) const {
    const uint64_t average = server.sum / samples_;
    if (!server.open && average <= threshold_s_) {
      server.open = true;
      tell(seen, server, average, Phase::opened, sink);
    } else if (server.open && average * 10 > threshold_s_ * 11) {
      server.open = false;
      tell(seen, server, average, Phase::closed, sink);
    }
  }

  void tell(const Observation& seen, const Server& server, uint64_t average, Phase phase,
            FleetSink& sink) const {
    Finding finding = Finding::of(kTooShort, seen.when, 0);
    finding.phase = phase;
    finding.first_seen = server.first;
    SipHash13 hash{HashKey{}};
    hash.word(kTooShort.sid);
    hash.octets(seen.server.data(), seen.server.size());
    hash.word(seen.server_port);
    finding.story = hash.finish();
    const auto [least, most] = std::minmax_element(server.newest.begin(), server.newest.end());
    Facts& facts = finding.facts;
    facts.add("server", wire::to_text(seen.server, seen.ip_version));
    facts.add("port", seen.server_port);
    facts.add("average_s", static_cast<int64_t>(average));
    facts.add("samples", samples_);
    facts.add("threshold_s", static_cast<int64_t>(threshold_s_));
    facts.add("shortest_s", *least);
    facts.add("longest_s", *most);
    facts.add("source", server.clear == 0 ? "silences under TLS" : "Ping requests");
    sink.found(flow_of(seen), finding);
  }

  const uint64_t threshold_s_;
  const uint32_t shortest_ms_, samples_;
  std::vector<Device> devices_;
  std::map<ServerKey, Server> servers_;
};

}  // namespace

std::unique_ptr<FleetDetector> make_heartbeats(const Site& site) {
  return std::make_unique<Heartbeats>(site.push);
}

}  // namespace exwire::detect
