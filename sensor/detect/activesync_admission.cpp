// SPDX-License-Identifier: BSD-3-Clause
// What ActiveSync lets in (MS-ASPROV): mail served to a device that holds no policy key, and
// protocol versions that know no policies worth the name. Both are one story per server. Also tells
// the tally of logons and provisioning (exchange_tally.cpp) what happened, by digest of device and
// user.
#include <algorithm>
#include <array>
#include <initializer_list>

#include "sensor/base/siphash.hpp"
#include "sensor/detect/detector.hpp"
#include "sensor/detect/exchange_endpoints.hpp"
#include "sensor/detect/exchange_tally.hpp"
#include "sensor/detect/name_digest.hpp"
#include "sensor/inspect/activesync.hpp"

namespace exwire::detect {
namespace {

using inspect::ActiveSync;
using inspect::HttpField;
using inspect::HttpTransaction;

constexpr Signature kNoPolicyKey{
    1443501,
    1,
    3,
    "EXWIRE ActiveSync serves mail without provisioning",
    "Misc activity",
    "Assign a mobile device mailbox policy and refuse devices that cannot be provisioned."};
constexpr Signature kOldProtocol{
    1443503,
    1,
    3,
    "EXWIRE ActiveSync protocol below 12.0",
    "Misc activity",
    "Retire these devices: protocols before 12.0 know only the oldest policies."};

constexpr Signature kPartly{
    1443504,
    1,
    3,
    "EXWIRE device admitted that does not apply its policy",
    "Misc activity",
    "Turn off AllowNonProvisionableDevices in its policy, or replace the device."};
constexpr Signature kThrottled{1443604,
                               1,
                               3,
                               "EXWIRE Exchange turns clients away under load",
                               "Misc activity",
                               "Look at the server's load and at its throttling policies."};

bool starts_with(std::string_view text, std::string_view start) noexcept {
  return text.substr(0, start.size()) == start;
}

// Commands that carry mail. Ping lacks the key by design on Android; OPTIONS and Provision come
// before there is one, and FolderSync is how a phone asks whether it needs one.
bool carries_mail(std::string_view command) noexcept {
  return command == "Sync" || command == "SendMail" || command == "ItemOperations" ||
         command == "SmartReply" || command == "SmartForward" || command == "Search";
}

// MS-ASCMD 2.2.2: devices refused or sent to provisioning by a status instead of HTTP's 449.
bool asks_for_provisioning(const ActiveSync& activesync) noexcept {
  return activesync.status && *activesync.status >= 126 && *activesync.status <= 145;
}

// A refusal by status fits into some tens of octets, even compressed. A body whose status nobody
// can read proves nothing unless it is longer than that.
bool is_served(const HttpTransaction& transaction, const ActiveSync& activesync) noexcept {
  constexpr uint64_t kLongerThanRefusals = 200;
  if (transaction.status() != 200 || !transaction.response_complete) return false;
  if (asks_for_provisioning(activesync)) return false;
  return activesync.status || transaction.response_body == 0 ||
         transaction.response_body > kLongerThanRefusals;
}

// "reason=2": user or password are wrong. Other reasons tell of a logoff or a session that is over.
bool tells_wrong_password(std::string_view location) noexcept {
  constexpr std::string_view kReason = "reason=2";
  const size_t at = location.find(kReason);
  if (at == std::string_view::npos) return false;
  const std::string_view rest = location.substr(at + kReason.size());
  return rest.empty() || rest[0] == '&' || rest[0] == '#';
}

class ActiveSyncAdmission final : public FlowDetector {
 public:
  explicit ActiveSyncAdmission(const Site& site) : site_(site) {}

  DetectorInfo info() const noexcept override {
    return {"activesync_admission", kWantsTransactions};
  }
  std::vector<const Signature*> signatures() const override {
    return {&kNoPolicyKey, &kOldProtocol, &kPartly, &kThrottled};
  }

  void transaction_over(const FlowContext& context, HttpTransaction& transaction,
                        FindingSink& sink) override {
    if (!transaction.request_seen || !transaction.response_seen) return;
    const Endpoint* endpoint = endpoint_of(transaction);
    if (endpoint == nullptr) return;
    watch_logon(context, transaction, *endpoint, sink);
    const bool throttled =
        transaction.has(HttpField::retry_after) || transaction.has(HttpField::as_throttle);
    if (transaction.status() == 503 && throttled) {
      tell(kThrottled, context, transaction, sink, [&](Facts& facts) {
        facts.add("endpoint", endpoint->protocol);
        const std::string_view wait = transaction.text(HttpField::retry_after);
        const std::string_view reason = transaction.text(HttpField::as_throttle);
        if (!wait.empty()) facts.add("retry_after", wait);
        if (!reason.empty()) facts.add("throttle", reason);
      });
    }
    if (endpoint->protocol != "ActiveSync") return;
    const ActiveSync activesync = ActiveSync::of(transaction);
    watch_provisioning(context, transaction, activesync, *endpoint, sink);
    if (!is_served(transaction, activesync)) return;
    if (hop_of(site_, context.flow) == Hop::loopback && site_.loopback_allowed) return;
    const std::string_view version = transaction.text(HttpField::as_version);
    const bool old = version == "1.0" || starts_with(version, "2.");
    if (old && !activesync.command.empty()) {
      tell(kOldProtocol, context, transaction, activesync, sink);
    }
    // MS-ASPROV 2.2.2.53.3: applied in part, not at all, or by somebody else; and yet a final key.
    const auto applied = number_of(transaction, HttpField::as_client_policy_status);
    if (applied && *applied >= 2 && *applied <= 4 &&
        transaction.has(HttpField::as_new_policy_key)) {
      tell(kPartly, context, transaction, activesync, sink);
    }
    const std::string_view key = transaction.text(HttpField::policy_key);
    if (carries_mail(activesync.command) && (key.empty() || key == "0")) {
      tell(kNoPolicyKey, context, transaction, activesync, sink);
    }
  }

 private:
  // A challenge before credentials is how every logon begins: only answers to a request that named
  // its user count (Basic, or the last message of NTLM), and those to a logon form.
  void watch_logon(const FlowContext& context, const HttpTransaction& transaction,
                   const Endpoint& endpoint, FindingSink& sink) {
    const std::string_view user = transaction.text(HttpField::auth_user);
    const bool form = user.empty() && posts_logon_form(transaction);
    if ((user.empty() && !form) || hop_of(site_, context.flow) == Hop::loopback) return;
    const int status = transaction.status();
    if (status == 0 || (status >= 402 && status != 456)) return;
    const bool refused = status == 401 || status == 456 ||
                         (form && tells_wrong_password(transaction.text(HttpField::location)));
    const uint32_t subject = form ? 0 : name_digest(user);
    if (refused && !form) call(context, TallyKind::user_called, subject, {user}, sink);
    observe(context, refused ? TallyKind::logon_refused : TallyKind::logon_accepted,
            {subject, static_cast<uint16_t>(status), number_of(endpoint)}, sink);
  }

  void watch_provisioning(const FlowContext& context, const HttpTransaction& transaction,
                          const ActiveSync& activesync, const Endpoint& endpoint,
                          FindingSink& sink) {
    if (activesync.device_id.empty()) return;
    const TallyBody device{name_digest(activesync.device_id),
                           static_cast<uint16_t>(transaction.status()), number_of(endpoint)};
    if (transaction.status() == 449 ||
        (activesync.status && *activesync.status >= 141 && *activesync.status <= 144)) {
      call(context, TallyKind::device_called, device.subject,
           {activesync.device_id, activesync.device_type, activesync.command}, sink);
      observe(context, TallyKind::provisioning_asked, device, sink);
    } else if (is_served(transaction, activesync) && carries_mail(activesync.command)) {
      observe(context, TallyKind::served, device, sink);
    }
  }

  // The names behind a digest, cut to what TallyName holds.
  static void call(const FlowContext& context, TallyKind kind, uint32_t subject,
                   std::initializer_list<std::string_view> names, FindingSink& sink) {
    std::array<char, TallyName::kPieces * TallyName::kOctets> text{};
    size_t size = 0;
    for (const std::string_view name : names) {
      if (size > 0 && size < text.size()) text[size++] = '\t';
      const size_t kept = std::min(name.size(), text.size() - size);
      std::copy_n(name.begin(), kept, text.begin() + static_cast<std::ptrdiff_t>(size));
      size += kept;
    }
    Observation observation =
        Observation::of(context.flow, Topic::guessing, static_cast<uint16_t>(kind), context.now);
    for (size_t at = 0; at <= size && at < text.size(); at += TallyName::kOctets) {
      TallyName piece;
      piece.subject = subject;
      piece.piece = static_cast<uint8_t>(at / TallyName::kOctets);
      std::copy_n(text.begin() + static_cast<std::ptrdiff_t>(at), TallyName::kOctets,
                  piece.text.begin());
      observation.put(piece);
      sink.observe(observation);
    }
  }

  static void observe(const FlowContext& context, TallyKind kind, const TallyBody& body,
                      FindingSink& sink) {
    Observation observation =
        Observation::of(context.flow, Topic::guessing, static_cast<uint16_t>(kind), context.now);
    observation.put(body);
    sink.observe(observation);
  }

  // One story per server. `add` is called when it will be told.
  template <class Add>
  static void tell(const Signature& signature, const FlowContext& context,
                   const HttpTransaction& transaction, FindingSink& sink, Add add) {
    const flow::Flow& flow = context.flow;
    Finding finding = Finding::of(signature, context.now, context.packet);
    finding.http = &transaction;
    SipHash13 hash{HashKey{}};
    hash.word(signature.sid);
    hash.octets(flow.server().data(), flow.server().size());
    finding.story = hash.finish();
    const FactsBy source([&](Facts& facts) {
      facts.add("server", wire::to_text(flow.server(), flow.key.ip_version));
      add(facts);
    });
    finding.source = &source;
    sink.found(context, finding);
  }

  static void tell(const Signature& signature, const FlowContext& context,
                   const HttpTransaction& transaction, const ActiveSync& activesync,
                   FindingSink& sink) {
    tell(signature, context, transaction, sink, [&](Facts& facts) {
      facts.add("command", activesync.command);
      facts.add("device_id", activesync.device_id);
      facts.add("device_type", activesync.device_type);
      if (!activesync.user.empty()) facts.add("user", activesync.user);
      facts.add("protocol_version", transaction.text(HttpField::as_version));
      const std::string_view key = transaction.text(HttpField::policy_key);
      facts.add("policy_key", key.empty() ? "absent" : key);
    });
  }

  const Site& site_;
};

}  // namespace

std::unique_ptr<FlowDetector> make_activesync_admission(const Site& site) {
  return std::make_unique<ActiveSyncAdmission>(site);
}

}  // namespace exwire::detect
