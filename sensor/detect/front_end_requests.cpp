// SPDX-License-Identifier: BSD-3-Clause
// What Exchange 2003 does for a phone (KB 817379): the ActiveSync front end asks the mailbox
// directory by WebDAV, on its own address or on another server. Where that directory wants SSL or
// forms logon, the hop is answered 403 or sent to the logon page, and the phone gets a 500. Tells
// front_end_hops.cpp of both.
#include <algorithm>
#include <array>

#include "sensor/detect/detector.hpp"
#include "sensor/detect/exchange_endpoints.hpp"
#include "sensor/detect/front_end_hop.hpp"
#include "sensor/detect/name_digest.hpp"

namespace exwire::detect {
namespace {

using inspect::HttpField;
using inspect::HttpTransaction;

constexpr std::string_view kFrontEnd = "Microsoft-Server-ActiveSync";

auto find_ignoring_case(std::string_view text, std::string_view part) noexcept {
  return std::search(text.begin(), text.end(), part.begin(), part.end(),
                     [](char a, char b) { return (a | 0x20) == (b | 0x20); });
}

// Where forms-based authentication sends who has not logged on.
bool is_forms_logon(std::string_view location) noexcept {
  static constexpr std::array<std::string_view, 3> kPages{"owalogon", "auth/logon", "owaauth"};
  return std::any_of(kPages.begin(), kPages.end(), [&](std::string_view page) {
    return find_ignoring_case(location, page) != location.end();
  });
}

// One user, whether named EXWIRE\phone3 or phone3@exwire.example.
uint32_t digest_of_user(std::string_view name) noexcept {
  name.remove_prefix(name.rfind('\\') + 1);  // npos + 1 is 0
  name = name.substr(0, name.find('@'));
  return name.empty() ? 0 : name_digest(name);
}

/// The mailbox and the device in
/// ".../user/NON_IPM_SUBTREE/Microsoft-Server-ActiveSync/TYPE/ID/...".
void name_by_path(HopBody& body, std::string_view path) noexcept {
  path = path.substr(0, path.find('?'));
  const auto segment = [&path] {
    const size_t slash = path.find('/');
    path.remove_prefix(slash == std::string_view::npos ? path.size() : slash + 1);
    return path.substr(0, path.find('/'));
  };
  segment();  // the directory
  body.user = digest_of_user(segment());
  const auto state = find_ignoring_case(path, kFrontEnd);
  if (state == path.end()) return;
  path.remove_prefix(static_cast<size_t>(state - path.begin()));
  segment();  // the device's type
  if (const std::string_view device = segment(); !device.empty()) body.device = name_digest(device);
}

class FrontEndRequests final : public FlowDetector {
 public:
  explicit FrontEndRequests(const Site& site) : site_(site) {}

  DetectorInfo info() const noexcept override { return {"front_end_requests", kWantsTransactions}; }
  std::vector<const Signature*> signatures() const override { return {}; }

  void transaction_over(const FlowContext& context, HttpTransaction& transaction,
                        FindingSink& sink) override {
    if (!transaction.request_seen || !transaction.response_seen) return;
    const Endpoint* endpoint = endpoint_of(transaction);
    const std::string_view agent = transaction.text(HttpField::user_agent);
    const bool from_front_end = agent.substr(0, kFrontEnd.size()) == kFrontEnd;
    const std::string_view protocol = endpoint == nullptr ? std::string_view{} : endpoint->protocol;
    const bool activesync = protocol.substr(0, kMobile.size()) == kMobile;
    if (!from_front_end && !activesync && protocol != "Outlook Mobile Access") return;
    HopBody body;
    body.status = static_cast<uint16_t>(transaction.status());
    body.endpoint = endpoint == nullptr ? 0 : static_cast<uint8_t>(number_of(*endpoint));
    body.within = hop_of(site_, context.flow) == Hop::loopback;
    if (from_front_end || (body.within && activesync)) {
      watch_hop(context, transaction, body, from_front_end, sink);
    } else if (body.status == 500) {
      watch_phone(context, transaction, body, sink);
    }
  }

 private:
  static constexpr std::string_view kMobile = "ActiveSync";

  static void watch_hop(const FlowContext& context, const HttpTransaction& transaction,
                        HopBody body, bool from_front_end, FindingSink& sink) {
    name_by_path(body, transaction.text(HttpField::uri));
    const int status = body.status;
    // A phone's 403 is its own; the front end's is a directory that wants SSL.
    const bool refused =
        status == 403 || (status == 302 && is_forms_logon(transaction.text(HttpField::location)));
    if (status == 500 || status == 440 || (refused && from_front_end)) {
      tell(context, HopKind::refused, body, sink);
    } else if (status >= 200 && status < 300 && transaction.text(HttpField::method) != "OPTIONS") {
      tell(context, HopKind::answered, body, sink);
    }
  }

  static void watch_phone(const FlowContext& context, const HttpTransaction& transaction,
                          HopBody body, FindingSink& sink) {
    const std::string_view device = transaction.text(HttpField::as_device_id);
    const std::string_view user = transaction.text(
        transaction.has(HttpField::as_user) ? HttpField::as_user : HttpField::auth_user);
    if (!device.empty()) body.device = name_digest(device);
    body.user = digest_of_user(user);
    const int64_t took = context.now.ns - transaction.request_time.ns;
    body.took_ms = static_cast<uint32_t>(std::clamp<int64_t>(took / kNanosPerMilli, 0, 0xffffffff));
    tell(context, HopKind::failed, body, sink);
  }

  static void tell(const FlowContext& context, HopKind kind, const HopBody& body,
                   FindingSink& sink) {
    Observation observation = Observation::of(context.flow, Topic::front_end_hop,
                                              static_cast<uint16_t>(kind), context.now);
    observation.put(body);
    sink.observe(observation);
  }

  const Site& site_;
};

}  // namespace

std::unique_ptr<FlowDetector> make_front_end_requests(const Site& site) {
  return std::make_unique<FrontEndRequests>(site);
}

}  // namespace exwire::detect
