// SPDX-License-Identifier: BSD-3-Clause
// Front-end hops that never succeed. Proof is a hop refused while a phone waited, and the phone's
// 500: the same device or user on both legs. Without the phone's leg in clear, hops within the
// machine that are refused again and again are told as well. One success within the window speaks
// for the directory: the first request of a working hop may be sent to the logon page, too.
#include <algorithm>
#include <array>

#include "sensor/detect/exchange_endpoints.hpp"
#include "sensor/detect/fleet_detector.hpp"
#include "sensor/detect/front_end_hop.hpp"

namespace exwire::detect {
namespace {

constexpr Signature kHopFails{1443007,
                              1,
                              3,
                              "EXWIRE ActiveSync front-end hop is refused",
                              "Misc activity",
                              "Turn off SSL and forms-based authentication on the Exchange "
                              "directory the front end uses, or give it a directory of its own."};

constexpr int64_t kWindowNs = 600 * kNanosPerSecond;
constexpr uint32_t kAgainAndAgain = 3;

const char* cause_of(uint16_t status) noexcept {
  switch (status) {
    case 403:
      return "directory requires SSL";
    case 302:
    case 440:
      return "forms-based authentication";
    default:
      return "directory fails";
  }
}

/// What the hops of one machine's front end came to within its window.
struct FrontEnd {
  static constexpr uint32_t kMostRecent = 8;
  wire::Address machine{};
  Timestamp began;
  uint32_t refused = 0, answered = 0;
  bool used = false, told = false;
  std::array<Observation, kMostRecent> recent{};  ///< refusals, a ring

  void begin_window(Timestamp now) noexcept {
    began = now;
    refused = answered = 0;
    told = false;
  }
};

class FrontEndHops final : public FleetDetector {
 public:
  explicit FrontEndHops(const Site& site) : site_(site) {}

  const char* name() const noexcept override { return "front_end_hops"; }
  std::vector<const Signature*> signatures() const override { return {&kHopFails}; }

  bool listens_to(Topic topic) const noexcept override { return topic == Topic::front_end_hop; }
  void observe(const Observation& one, FleetSink& sink) override {
    if (one.kind == static_cast<uint16_t>(HopKind::failed)) return phone_failed(one, sink);
    FrontEnd& front_end = enter(machine(one.client, one.ip_version), one.when);
    if (one.kind == static_cast<uint16_t>(HopKind::answered)) {
      ++front_end.answered;
      return;
    }
    front_end.recent[front_end.refused++ % FrontEnd::kMostRecent] = one;
    if (one.get<HopBody>().within && front_end.refused >= kAgainAndAgain) {
      tell(front_end, one, nullptr, sink);
    }
  }

 private:
  // A hop on 127/8 or ::1 is of the machine the capture was taken on, whatever its address.
  wire::Address machine(const wire::Address& address, uint8_t ip_version) const noexcept {
    return wire::is_loopback(address, ip_version) ? wire::Address{}
                                                  : machine_of(site_, address, ip_version);
  }

  FrontEnd* find(const wire::Address& machine, Timestamp now) noexcept {
    const auto found = std::find_if(
        front_ends_.begin(), front_ends_.end(),
        [&](const FrontEnd& front_end) { return front_end.used && front_end.machine == machine; });
    if (found == front_ends_.end()) return nullptr;
    if (now.ns - found->began.ns > kWindowNs) found->begin_window(now);
    return &*found;
  }

  // The one whose window began first makes room.
  FrontEnd& enter(const wire::Address& machine, Timestamp now) noexcept {
    if (FrontEnd* known = find(machine, now)) return *known;
    FrontEnd& front_end = *std::min_element(
        front_ends_.begin(), front_ends_.end(), [](const FrontEnd& a, const FrontEnd& b) {
          return a.used != b.used ? b.used : a.began.ns < b.began.ns;
        });
    front_end.machine = machine;
    front_end.used = true;
    front_end.begin_window(now);
    return front_end;
  }

  void phone_failed(const Observation& phone, FleetSink& sink) {
    for (const wire::Address& address :
         {machine(phone.server, phone.ip_version), wire::Address{}}) {
      FrontEnd* front_end = find(address, phone.when);
      if (front_end == nullptr) continue;
      if (const Observation* hop = refusal_behind(*front_end, phone)) {
        return tell(*front_end, *hop, &phone, sink);
      }
    }
  }

  // The newest hop refused between the phone's request and its answer, of the same device or user.
  static const Observation* refusal_behind(const FrontEnd& front_end,
                                           const Observation& phone) noexcept {
    const auto wanted = phone.get<HopBody>();
    const int64_t began = phone.when.ns - (int64_t{wanted.took_ms} + 1) * kNanosPerMilli;
    for (uint32_t back = 1; back <= std::min(front_end.refused, FrontEnd::kMostRecent); ++back) {
      const Observation& hop = front_end.recent[(front_end.refused - back) % FrontEnd::kMostRecent];
      if (hop.when.ns >= began && hop.when.ns <= phone.when.ns && is_same(hop, wanted)) return &hop;
    }
    return nullptr;
  }

  static bool is_same(const Observation& hop, const HopBody& wanted) noexcept {
    const auto body = hop.get<HopBody>();
    if (body.device != 0 && wanted.device != 0) return body.device == wanted.device;
    return body.user == 0 || wanted.user == 0 || body.user == wanted.user;
  }

  static void tell(FrontEnd& front_end, const Observation& hop, const Observation* phone,
                   FleetSink& sink) {
    if (front_end.told || front_end.answered > 0) return;
    front_end.told = true;
    const auto body = hop.get<HopBody>();
    Finding finding = Finding::of(kHopFails, phone == nullptr ? hop.when : phone->when, 0);
    finding.first_seen = front_end.began;
    finding.occurrences = front_end.refused;
    SipHash13 hash{HashKey{}};
    hash.word(kHopFails.sid);
    hash.octets(front_end.machine.data(), front_end.machine.size());
    finding.story = hash.finish();
    Facts& facts = finding.facts;
    facts.add("server", wire::to_text(hop.server, hop.ip_version));
    facts.add("endpoint", protocol_of(body.endpoint));
    if (const auto path = path_of(body.endpoint); !path.empty()) facts.add("url_path", path);
    facts.add("source", wire::to_text(hop.client, hop.ip_version));
    facts.add("failures", front_end.refused);
    facts.add("successes", front_end.answered);
    facts.add("status_code", body.status);
    facts.add("cause", cause_of(body.status));
    if (phone != nullptr) {
      facts.add("outer_status_code", phone->get<HopBody>().status);
      facts.add("outer_client", wire::to_text(phone->client, phone->ip_version));
      facts.add("outer_server", wire::to_text(phone->server, phone->ip_version));
    }
    facts.add("window_s", kWindowNs / kNanosPerSecond);
    sink.found(flow_of(hop), finding);
  }

  const Site& site_;
  std::array<FrontEnd, 32> front_ends_{};
};

}  // namespace

std::unique_ptr<FleetDetector> make_front_end_hops(const Site& site) {
  return std::make_unique<FrontEndHops>(site);
}

}  // namespace exwire::detect
