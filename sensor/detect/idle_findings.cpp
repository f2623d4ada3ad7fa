// SPDX-License-Identifier: BSD-3-Clause
#include "sensor/detect/idle_findings.hpp"

#include <fmt/format.h>

#include <cmath>

#include "sensor/base/siphash.hpp"

namespace exwire::detect {

const Signature kIdleTimeoutTooShort{
    1443201,
    1,
    3,
    "EXWIRE idle timeout too short for Direct Push",
    "Misc activity",
    "Raise the idle timeout for connections to Exchange on the firewall, NAT or load balancer of "
    "this path to at least 1800 s."};

const Signature kDroppedWhileIdle{
    1443203,
    1,
    3,
    "EXWIRE connection dropped while idle",
    "Misc activity",
    "One alone says little; 1443201 names the path when a box is behind it."};

namespace {

constexpr double kBad = 900, kBroken = 480;

const char* verdict_of(double seconds) noexcept {
  if (seconds < kBroken) return "broken: shorter than any heartbeat phones accept";
  if (seconds < kBad) return "bad: heartbeats stay short, batteries drain";
  return "under the recommendation";
}

uint64_t story_of(const Signature& signature, const wire::Address& client,
                  const wire::Address& server, uint16_t port) noexcept {
  SipHash13 hash{HashKey{}};
  hash.word(signature.sid);
  hash.octets(client.data(), client.size());
  hash.octets(server.data(), server.size());
  hash.word(port);
  return hash.finish();
}

}  // namespace

void tell_drop(const Observation& seen, const IdleGap& gap, FleetSink& sink) {
  Finding finding = Finding::of(kDroppedWhileIdle, seen.when, 0);
  finding.story = story_of(kDroppedWhileIdle, seen.client, seen.server, seen.server_port);
  Facts& facts = finding.facts;
  facts.add("gap_s", (gap.length_ms + 500) / 1000);
  facts.add("mode", to_text(gap.mode));
  facts.add("device", wire::to_text(seen.client, seen.ip_version));
  facts.add("server", wire::to_text(seen.server, seen.ip_version));
  facts.add("port", seen.server_port);
  sink.found(flow_of(seen), finding);
}

void tell(const PathKey& key, const Path& path, const IdleEstimate& estimate,
          const Telling& telling, FleetSink& sink) {
  Finding finding = Finding::of(kIdleTimeoutTooShort, telling.now, 0);
  finding.phase = telling.phase;
  finding.first_seen = path.first;
  finding.story = story_of(kIdleTimeoutTooShort, key.network, key.server, key.port);
  Facts& facts = finding.facts;
  facts.add("client_net", network_text(key));
  facts.add("server", wire::to_text(key.server, key.ip_version));
  facts.add("port", key.port);
  facts.add("mode", to_text(estimate.mode));
  facts.add("lower_s", static_cast<int64_t>(std::floor(estimate.lower_s)));
  facts.add("upper_s", static_cast<int64_t>(std::ceil(estimate.upper_s)));
  facts.add("estimate_s", static_cast<int64_t>(std::lround(estimate.estimate_s)));
  facts.add("confidence", fmt::format("{:.2f}", std::floor(estimate.confidence * 100) / 100));
  facts.add("drops", estimate.drops);
  facts.add("survived_max_s", static_cast<int64_t>(std::lround(estimate.bracket_low_s)));
  facts.add("gaps", estimate.gaps);
  facts.add("devices", static_cast<int64_t>(path.devices.size()));
  facts.add("lost_phones", path.lost_phones);
  facts.add("capture_loss", fmt::format("{:.1f} %", estimate.capture_loss * 100));
  if (path.returns > 0) {
    facts.add("mail_late_s", path.away_ns / path.returns / kNanosPerSecond);
  }
  const uint32_t drops = path.summary.drops();
  if (path.towards_client * 10 >= drops * 9) facts.add("box_is_towards", "client");
  if (path.towards_client * 10 <= drops) facts.add("box_is_towards", "server");
  if (path.foreign * 2 > drops) facts.add("sender", "other than the endpoints, by its TTL");
  facts.add("required_s", static_cast<int64_t>(telling.required_s));
  facts.add("verdict", verdict_of(estimate.estimate_s));
  sink.found(flow_of(path.last), finding);
}

}  // namespace exwire::detect
