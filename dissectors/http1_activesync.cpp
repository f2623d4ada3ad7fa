// SPDX-License-Identifier: BSD-3-Clause
// What HTTP/1 publishes about ActiveSync inside of it (MS-ASHTTP, MS-ASCMD): the parts of the query
// and of WBXML bodies.
#include "dissectors/activesync_query.hpp"
#include "dissectors/activesync_readings.hpp"
#include "dissectors/http1_dissector.hpp"

namespace exwire::http1 {
namespace {

void publish(const Host& host, Field field, std::string_view value) noexcept {
  if (!value.empty()) host.field(field, value);
}

void publish(const Host& host, Field field, std::optional<uint32_t> value) noexcept {
  if (!value) return;
  std::array<char, 10> digits;
  size_t at = digits.size();
  uint32_t rest = *value;
  do {
    digits[--at] = static_cast<char>('0' + rest % 10);
    rest /= 10;
  } while (rest > 0);
  host.field(field, std::string_view(digits.data() + at, digits.size() - at));
}

std::optional<uint32_t> unless_zero(uint32_t value) noexcept {
  return value == 0 ? std::nullopt : std::optional(value);
}

}  // namespace

void Http1::show_query(const Host& host, std::string_view target) const {
  activesync::Query query;
  if (!activesync::read_query(query, target)) return;
  publish(host, kAsCommand, query.command.view());
  publish(host, kAsUser, query.user.view());
  publish(host, kAsDeviceId, query.device_id.view());
  publish(host, kAsDeviceType, query.device_type.view());
  publish(host, kPolicyKey, query.policy_key.view());
  publish(host, kAsVersion, query.version.view());
}

// A body takes its ticket with its first octets.
void Http1::read_activesync(const Host& host, Side& side, Bytes octets) {
  if (!side.activesync || side.packing == Packing::unknown || octets.empty()) return;
  auto& readings = activesync::Readings::here();
  if (side.reading == 0) side.reading = readings.begin(side.packing == Packing::packed);
  if (!readings.feed(side.reading, octets)) show_activesync(host, side);
}

// All that will be read has been read.
void Http1::show_activesync(const Host& host, Side& side) {
  const uint32_t ticket = side.reading;
  side.activesync = false;
  side.reading = 0;
  if (ticket == 0) return;
  const auto& readings = activesync::Readings::here();
  if (readings.lost(ticket)) host.shed();
  const activesync::Body* body = readings.find(ticket);
  if (body == nullptr) return;
  publish(host, kAsRemoteWipe, std::string_view(body->remote_wipe ? "1" : ""));
  if (to_server(host)) {
    publish(host, kAsHeartbeat, body->heartbeat);
    publish(host, kAsFolders, unless_zero(body->folders));
    publish(host, kAsClientPolicyStatus, body->policy_status);
  } else {
    publish(host, kAsStatus, body->status);
    publish(host, kAsNewPolicyKey, unless_zero(body->policy_key));
  }
  host.message(to_server(host) ? kExwireRequestBody : kExwireResponseBody, side.transaction);
}

}  // namespace exwire::http1
