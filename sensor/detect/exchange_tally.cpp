// SPDX-License-Identifier: BSD-3-Clause
// What only shows in numbers: passwords guessed by one source, one user locked out from many, a
// device that is asked for provisioning again and again, a front-end hop that never succeeds.
// Windows of ten minutes in a table of fixed size; a slot in use gives way when its window is over.
#include <algorithm>
#include <array>

#include "sensor/base/siphash.hpp"
#include "sensor/detect/exchange_tally.hpp"
#include "sensor/detect/fleet_detector.hpp"

namespace exwire::detect {
namespace {

constexpr Signature kGuessing{1443601,
                              1,
                              2,
                              "EXWIRE password guessing against Exchange",
                              "Attempted User Privilege Gain",
                              "Block the source, check the accounts it tried, publish through a "
                              "gateway that limits logon failures."};
constexpr Signature kSpray{1443602,
                           1,
                           2,
                           "EXWIRE password spraying against Exchange",
                           "Attempted User Privilege Gain",
                           "Block the source and check whether any of the accounts let it in."};
constexpr Signature kLockOut{1443603,
                             1,
                             3,
                             "EXWIRE repeated logon failures of one Exchange user",
                             "Misc activity",
                             "Look for a device with an old password, or for guessing that will "
                             "lock the account out."};
constexpr Signature kProvisioningLoop{1443502,
                                      1,
                                      3,
                                      "EXWIRE device in a provisioning loop",
                                      "Misc activity",
                                      "The device cannot fulfil its policy: check the policy or "
                                      "replace the device."};
constexpr Signature kHopFails{1443007,
                              1,
                              3,
                              "EXWIRE ActiveSync front-end hop is refused",
                              "Misc activity",
                              "Turn off SSL and forms-based authentication on the Exchange "
                              "directory the front end uses, or give it a directory of its own."};

constexpr int64_t kWindowNs = 600 * kNanosPerSecond;
constexpr uint32_t kMostUsers = 32;

/// What one subject (a source, a user, a device, a hop) did in its window.
struct Tally {
  uint64_t key = 0;
  Timestamp began;
  uint32_t bad = 0, good = 0;
  uint32_t users = 0;  ///< different ones refused, of `refused`
  bool told = false;
  std::array<uint64_t, kMostUsers> refused;
};

class ExchangeTally final : public FleetDetector {
 public:
  ExchangeTally() : tallies_(kSlots) {}

  const char* name() const noexcept override { return "exchange_tally"; }
  std::vector<const Signature*> signatures() const override {
    return {&kGuessing, &kSpray, &kLockOut, &kProvisioningLoop, &kHopFails};
  }

  void observe(const Observation& one, FleetSink& sink) override {
    if (one.topic != Topic::guessing) return;
    const auto subject = one.get<uint64_t>();
    switch (static_cast<TallyKind>(one.kind)) {
      case TallyKind::logon_refused:
      case TallyKind::logon_accepted:
        return logon(one, subject, sink);
      case TallyKind::provisioning_asked:
      case TallyKind::served:
        return provisioning(one, subject, sink);
      case TallyKind::hop_refused:
      case TallyKind::hop_answered:
        return hop(one, subject, sink);
    }
  }

 private:
  static constexpr size_t kSlots = 2048;
  enum class Of : uint64_t { source, user, device, hop };

  // The slot of a subject, begun anew when its window is over; null while another one holds it.
  Tally* find(Of of, const Observation& one, const wire::Address* address, uint64_t subject) {
    SipHash13 hash{HashKey{}};
    hash.word(static_cast<uint64_t>(of));
    hash.octets(one.server.data(), one.server.size());
    if (address != nullptr) hash.octets(address->data(), address->size());
    hash.word(subject);
    const uint64_t key = hash.finish() | 1;
    Tally& tally = tallies_[key / 2 % kSlots];
    const bool over = one.when.ns - tally.began.ns > kWindowNs;
    if (tally.key != key && tally.key != 0 && !over && tally.bad > 0) return nullptr;
    if (tally.key != key || over) {
      tally.key = key;
      tally.began = one.when;
      tally.bad = tally.good = tally.users = 0;
      tally.told = false;
    }
    return &tally;
  }

  void logon(const Observation& one, uint64_t user, FleetSink& sink) {
    constexpr uint32_t kBurst = 30, kSprayed = 10, kLocked = 20;
    const bool refused = one.kind == static_cast<uint16_t>(TallyKind::logon_refused);
    if (Tally* source = find(Of::source, one, &one.client, 0)) {
      count(*source, refused);
      if (refused) remember(*source, user);
      // A proxy in front brings everybody's logons: among them most succeed.
      const bool hostile = source->good * 4 < source->bad;
      if (hostile && source->users >= kSprayed && !source->told) {
        tell(kSpray, one, *source, sink);
      } else if (hostile && source->bad >= kBurst && !source->told) {
        tell(kGuessing, one, *source, sink);
      }
    }
    if (Tally* account = find(Of::user, one, nullptr, user)) {
      count(*account, refused);
      if (account->good == 0 && account->bad >= kLocked && !account->told) {
        tell(kLockOut, one, *account, sink);
      }
    }
  }

  void provisioning(const Observation& one, uint64_t device, FleetSink& sink) {
    constexpr uint32_t kLoop = 6;  // an honest device is asked once, a slow one twice
    Tally* tally = find(Of::device, one, nullptr, device);
    if (tally == nullptr) return;
    count(*tally, one.kind == static_cast<uint16_t>(TallyKind::provisioning_asked));
    if (tally->good == 0 && tally->bad >= kLoop && !tally->told) {
      tell(kProvisioningLoop, one, *tally, sink);
    }
  }

  void hop(const Observation& one, uint64_t status, FleetSink& sink) {
    constexpr uint32_t kFails = 5;
    Tally* tally = find(Of::hop, one, nullptr, 0);
    if (tally == nullptr) return;
    count(*tally, one.kind == static_cast<uint16_t>(TallyKind::hop_refused));
    if (tally->good > 0 || tally->bad < kFails || tally->told) return;
    tell(kHopFails, one, *tally, sink, static_cast<int64_t>(status));
  }

  static void count(Tally& tally, bool bad) noexcept { ++(bad ? tally.bad : tally.good); }

  static void remember(Tally& tally, uint64_t user) noexcept {
    const auto end = tally.refused.begin() + tally.users;
    if (tally.users == kMostUsers || std::find(tally.refused.begin(), end, user) != end) return;
    tally.refused[tally.users++] = user;
  }

  static void tell(const Signature& signature, const Observation& one, Tally& tally,
                   FleetSink& sink, int64_t status = 0) {
    tally.told = true;
    flow::Flow flow;
    flow.key.ip_version = one.ip_version;
    if (set_endpoints(flow.key, one.client, one.client_port, one.server, one.server_port)) {
      flow.mark(flow::kClientIsLo);
    }
    flow.start_ns = tally.began.ns;
    Finding finding;
    finding.signature = &signature;
    finding.severity = signature.severity;
    finding.when = finding.last_seen = one.when;
    finding.first_seen = tally.began;
    finding.occurrences = tally.bad;
    SipHash13 hash{HashKey{}};
    hash.word(signature.sid);
    hash.word(tally.key);
    finding.story = hash.finish();
    Facts& facts = finding.facts;
    facts.add("server", wire::to_text(one.server, one.ip_version));
    facts.add("source", wire::to_text(one.client, one.ip_version));
    facts.add("failures", tally.bad);
    facts.add("successes", tally.good);
    if (tally.users > 0) facts.add("users", tally.users);
    if (status != 0) facts.add("status_code", status);
    facts.add("window_s", kWindowNs / kNanosPerSecond);
    sink.found(flow, finding);
  }

  std::vector<Tally> tallies_;
};

}  // namespace

std::unique_ptr<FleetDetector> make_exchange_tally() {
  return std::make_unique<ExchangeTally>();
}

}  // namespace exwire::detect
