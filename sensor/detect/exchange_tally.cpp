// SPDX-License-Identifier: BSD-3-Clause
// What only shows in numbers: passwords guessed by one source, one user locked out from many, a
// device that is asked for provisioning again and again.
// Windows of ten minutes in a table of fixed size; a slot in use gives way when its window is over.
#include <algorithm>
#include <array>
#include <utility>

#include "sensor/base/siphash.hpp"
#include "sensor/detect/exchange_endpoints.hpp"
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
constexpr int64_t kWindowNs = 600 * kNanosPerSecond;
constexpr uint32_t kMostOthers = 32;

/// What one subject (a source, a user, a device) did in its window.
struct Tally {
  uint64_t key = 0;
  Timestamp began;
  uint32_t bad = 0, good = 0;
  uint32_t others = 0;  ///< different users of a source, or sources of a user, that were refused
  bool told = false, named = false;
};

/// What is remembered of refusals; kept apart from what every request that is served has to find.
struct Refusals {
  std::array<uint64_t, kMostOthers> others;
  std::array<char, TallyName::kPieces * TallyName::kOctets> name;
};

class ExchangeTally final : public FleetDetector {
 public:
  ExchangeTally() : tallies_(kSlots), refusals_(kSlots) {}

  const char* name() const noexcept override { return "exchange_tally"; }
  std::vector<const Signature*> signatures() const override {
    return {&kGuessing, &kSpray, &kLockOut, &kProvisioningLoop};
  }

  bool listens_to(Topic topic) const noexcept override { return topic == Topic::guessing; }
  void observe(const Observation& one, FleetSink& sink) override {
    const auto body = one.get<TallyBody>();
    switch (static_cast<TallyKind>(one.kind)) {
      case TallyKind::logon_refused:
      case TallyKind::logon_accepted:
        return logon(one, body, sink);
      case TallyKind::provisioning_asked:
      case TallyKind::served:
        return provisioning(one, body, sink);
      case TallyKind::user_called:
        return called(one, Of::user);
      case TallyKind::device_called:
        return called(one, Of::device);
    }
  }

 private:
  static constexpr size_t kSlots = 2048;
  enum class Of : uint64_t { source, user, device };

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
      tally.bad = tally.good = tally.others = 0;
      tally.told = tally.named = false;
    }
    return &tally;
  }

  void logon(const Observation& one, const TallyBody& body, FleetSink& sink) {
    constexpr uint32_t kBurst = 30, kSprayed = 10, kLocked = 20;
    const bool refused = one.kind == static_cast<uint16_t>(TallyKind::logon_refused);
    if (Tally* source = find(Of::source, one, &one.client, 0)) {
      count(*source, refused);
      if (refused && body.subject != 0) remember(*source, body.subject);
      // A proxy in front brings everybody's logons: among them most succeed.
      const bool hostile = source->good * 4 < source->bad;
      if (hostile && source->others >= kSprayed && !source->told) {
        tell(kSpray, one, *source, body, sink);
      } else if (hostile && source->bad >= kBurst && !source->told) {
        tell(kGuessing, one, *source, body, sink);
      }
    }
    if (body.subject == 0) return;
    if (Tally* account = find(Of::user, one, nullptr, body.subject)) {
      count(*account, refused);
      if (refused) remember(*account, source_digest(one));
      if (account->good == 0 && account->bad >= kLocked && !account->told) {
        tell(kLockOut, one, *account, body, sink);
      }
    }
  }

  void called(const Observation& one, Of of) {
    const auto name = one.get<TallyName>();
    Tally* tally = find(of, one, nullptr, name.subject);
    if (tally == nullptr || name.piece >= TallyName::kPieces) return;
    Refusals& refusals = refusals_of(*tally);
    if (!std::exchange(tally->named, true)) refusals.name = {};
    std::copy(name.text.begin(), name.text.end(),
              refusals.name.begin() + name.piece * TallyName::kOctets);
  }

  Refusals& refusals_of(const Tally& tally) noexcept {
    return refusals_[static_cast<size_t>(&tally - tallies_.data())];
  }
  std::string_view name_of(const Tally& tally) noexcept {
    if (!tally.named) return {};
    const Refusals& refusals = refusals_of(tally);
    const std::string_view all(refusals.name.data(), refusals.name.size());
    return all.substr(0, all.find('\0'));
  }

  void provisioning(const Observation& one, const TallyBody& body, FleetSink& sink) {
    constexpr uint32_t kLoop = 5;  // an honest device is asked once, a slow one twice
    Tally* tally = find(Of::device, one, nullptr, body.subject);
    if (tally == nullptr) return;
    count(*tally, one.kind == static_cast<uint16_t>(TallyKind::provisioning_asked));
    if (tally->good == 0 && tally->bad >= kLoop && !tally->told) {
      tell(kProvisioningLoop, one, *tally, body, sink);
    }
  }

  static void count(Tally& tally, bool bad) noexcept { ++(bad ? tally.bad : tally.good); }

  void remember(Tally& tally, uint64_t other) noexcept {
    auto& others = refusals_of(tally).others;
    const auto end = others.begin() + tally.others;
    if (tally.others == kMostOthers || std::find(others.begin(), end, other) != end) return;
    others[tally.others++] = other;
  }

  static uint64_t source_digest(const Observation& one) noexcept {
    SipHash13 hash{HashKey{}};
    hash.octets(one.client.data(), one.client.size());
    return hash.finish();
  }

  void tell(const Signature& signature, const Observation& one, Tally& tally, const TallyBody& body,
            FleetSink& sink) {
    tally.told = true;
    flow::Flow flow;
    flow.key.ip_version = one.ip_version;
    if (set_endpoints(flow.key, one.client, one.client_port, one.server, one.server_port)) {
      flow.mark(flow::kClientIsLo);
    }
    flow.start_ns = tally.began.ns;
    Finding finding = Finding::of(signature, one.when, 0);
    finding.first_seen = tally.began;
    finding.occurrences = tally.bad;
    SipHash13 hash{HashKey{}};
    hash.word(signature.sid);
    hash.word(tally.key);
    finding.story = hash.finish();
    Facts& facts = finding.facts;
    facts.add("server", wire::to_text(one.server, one.ip_version));
    facts.add("endpoint", protocol_of(body.endpoint));
    facts.add("source", wire::to_text(one.client, one.ip_version));
    if (signature.sid == kLockOut.sid) facts.add("user", name_of(tally));
    if (signature.sid == kProvisioningLoop.sid) {
      std::string_view rest = name_of(tally);
      for (const char* fact : {"device_id", "device_type", "command"}) {
        const size_t tab = std::min(rest.find('\t'), rest.size());
        facts.add(fact, rest.substr(0, tab));
        rest.remove_prefix(std::min(tab + 1, rest.size()));
      }
    }
    facts.add("failures", tally.bad);
    facts.add("successes", tally.good);
    if (tally.others > 0) {
      facts.add(signature.sid == kLockOut.sid ? "sources" : "users", tally.others);
    }
    facts.add("status_code", body.status);
    facts.add("window_s", kWindowNs / kNanosPerSecond);
    sink.found(flow, finding);
  }

  std::vector<Tally> tallies_;
  std::vector<Refusals> refusals_;  ///< by the same place
};

}  // namespace

std::unique_ptr<FleetDetector> make_exchange_tally() {
  return std::make_unique<ExchangeTally>();
}

}  // namespace exwire::detect
