// SPDX-License-Identifier: BSD-3-Clause
#include "sensor/detect/push_shape.hpp"

#include <algorithm>

#include "sensor/base/siphash.hpp"
#include "sensor/detect/exchange_endpoints.hpp"
#include "sensor/detect/heartbeat.hpp"
#include "sensor/inspect/activesync.hpp"

namespace exwire::detect {
namespace {

using inspect::HttpField;
using inspect::HttpTransaction;

// What a Ping is answered with; mail comes in Sync.
constexpr uint32_t kSmallAnswer = 1000;
constexpr uint32_t kWaitsOfPush = 3, kMostWaits = 6;
constexpr uint32_t kScorePerWait = 20;

// What handshakes of one server differ in: the lengths of signatures.
constexpr uint32_t kSignatureOctets = 8;
constexpr uint64_t kMostHandshake = UINT16_MAX;

bool alike(uint64_t a, uint64_t b) noexcept {
  return std::max(a, b) - std::min(a, b) <= kSignatureOctets;
}

uint64_t said_by_server(const flow::Flow& flow) noexcept {
  return flow.of(Direction::to_client).stream_octets;
}

uint64_t digest(std::string_view device) noexcept {
  if (device.empty()) return 0;
  SipHash13 hash{HashKey{}};
  hash.octets(device.data(), device.size());
  return hash.finish();
}

// As the name of an element, with a prefix or without. What people write comes with "&lt;".
bool has_element(std::string_view xml, std::string_view name) noexcept {
  constexpr size_t kLongestPrefix = 16;
  for (size_t at = xml.find(name); at != std::string_view::npos; at = xml.find(name, at + 1)) {
    const size_t from = at > kLongestPrefix ? at - kLongestPrefix : 0;
    const std::string_view before = xml.substr(from, at - from);
    const size_t open = before.find_last_of("<> \t\r\n&;\"'");
    if (open == std::string_view::npos || before[open] != '<') continue;
    if (open + 1 == before.size() || before.back() == ':') return true;
  }
  return false;
}

}  // namespace

const char* to_text(WaitKind kind) noexcept {
  static constexpr const char* kNames[] = {
      "sealed",        "ordinary", "ping",   "hanging_sync", "notification_wait",
      "ews_streaming", "rpc_in",   "rpc_out"};
  return kNames[static_cast<size_t>(kind)];
}

PushShape::PushShape(const PushSettings& settings)
    : least_wait_ms_(static_cast<uint32_t>(settings.shortest_heartbeat_ns / kNanosPerMilli)),
      devices_(kDevices) {}

uint64_t PushShape::key_of(const flow::Flow& flow) noexcept {
  SipHash13 hash{HashKey{}};
  hash.octets(flow.client().data(), flow.client().size());
  hash.octets(flow.server().data(), flow.server().size());
  hash.word(flow.server_port());
  return hash.finish();
}

const PushShape::Device* PushShape::device_of(const flow::Flow& flow,
                                              FindingSink& sink) const noexcept {
  sink.take_turn();
  const uint64_t key = key_of(flow);
  const Device& device = devices_[key % kDevices];
  return device.key == key ? &device : nullptr;
}

bool PushShape::waited(const flow::Flow& flow, uint32_t answer_octets, uint32_t length_ms,
                       IdleMemory& memory, FindingSink& sink) noexcept {
  if (!memory.requested) return false;
  memory.requested = 0;
  memory.patient = 1;
  sink.take_turn();
  const uint64_t key = key_of(flow);
  Device& device = devices_[key % kDevices];
  if (device.key != key) device = {key, 0, false, {}};
  device.patient = true;
  const uint64_t said = said_by_server(flow);
  if (!memory.has(IdleMemory::kAsked) && said <= kMostHandshake && !flow.one_sided() &&
      !alike(said, device.before_answer[0])) {
    device.before_answer = {static_cast<uint16_t>(said), device.before_answer[0]};
  }
  if (length_ms < least_wait_ms_ || answer_octets > kSmallAnswer) return false;
  if (device.waits < kMostWaits) ++device.waits;
  memory.waits = std::min(std::max(memory.waits + 1U, uint32_t{device.waits}), kMostWaits) & 7U;
  const uint32_t seconds = std::min((length_ms + 500) / 1000, IdleMemory::kLongestHeartbeat);
  if (seconds > memory.heartbeat_s && memory.wait_kind() == WaitKind::sealed) {
    memory.heartbeat_s = seconds & IdleMemory::kLongestHeartbeat;
  }
  return true;
}

bool PushShape::patient(const flow::Flow& flow, const IdleMemory& memory,
                        FindingSink& sink) const noexcept {
  if (memory.patient) return true;
  const Device* device = device_of(flow, sink);
  return device != nullptr && device->patient;
}

bool PushShape::owed(const flow::Flow& flow, const IdleMemory& memory,
                     FindingSink& sink) const noexcept {
  if (memory.has(IdleMemory::kAsked)) return true;
  if (!memory.requested || flow.one_sided()) return false;
  const Device* device = device_of(flow, sink);
  if (device == nullptr) return false;
  const uint64_t said = said_by_server(flow);
  return std::any_of(device->before_answer.begin(), device->before_answer.end(),
                     [&](uint16_t octets) { return octets != 0 && alike(octets, said); });
}

void PushShape::begun(const HttpTransaction& transaction, IdleMemory& memory) const noexcept {
  const auto become = [&](WaitKind kind) { memory.kind = static_cast<uint32_t>(kind) & 7U; };
  if (memory.wait_kind() == WaitKind::sealed) become(WaitKind::ordinary);
  const std::string_view method = transaction.text(HttpField::method);
  if (method == "RPC_IN_DATA") become(WaitKind::rpc_in);
  if (method == "RPC_OUT_DATA") become(WaitKind::rpc_out);
  if (transaction.text(HttpField::request_type) == "NotificationWait") {
    become(WaitKind::notification_wait);
  }
}

// A streaming subscription of Exchange Web Services asks for its events once and is then told
// (MS-OXWSNTIF 3.1.4.2).
void PushShape::body(const HttpTransaction& transaction, IdleMemory& memory) const noexcept {
  const bool asks = has_element(transaction.body, "GetStreamingEvents");
  if (asks && is_below(transaction.text(HttpField::uri), "/ews")) {
    memory.kind = static_cast<uint32_t>(WaitKind::ews_streaming) & 7U;
  }
}

void PushShape::over(const FlowContext& context, const HttpTransaction& transaction,
                     IdleMemory& memory, FindingSink& sink) const {
  const auto request = inspect::ActiveSync::of(transaction);
  const bool ping = request.command == "Ping";
  const bool waits = ping || (request.command == "Sync" && request.heartbeat_s.value_or(0) > 0);
  constexpr uint32_t kMailCame = 2;  // statuses above are refusals
  if (!waits || request.status.value_or(1) > kMailCame) return;
  memory.kind = static_cast<uint32_t>(ping ? WaitKind::ping : WaitKind::hanging_sync) & 7U;
  const uint32_t seconds = request.heartbeat_s.value_or(0);
  if (seconds != 0) {
    memory.heartbeat_s =
        std::min(seconds, IdleMemory::kLongestHeartbeat) & IdleMemory::kLongestHeartbeat;
  }
  Observation made = Observation::of(context.flow, Topic::direct_push, 0, context.now);
  made.put(Heartbeat{digest(request.device_id), seconds, request.status.value_or(0)});
  sink.observe(made);
}

void PushShape::describe(const IdleMemory& memory, FlowNumbers& numbers) const noexcept {
  numbers.wait_kind = memory.wait_kind();
  switch (memory.wait_kind()) {
    case WaitKind::sealed:
      numbers.push_score = std::min(memory.waits * kScorePerWait, 100U);
      break;
    case WaitKind::ping:
    case WaitKind::hanging_sync:
      numbers.push_score = 100;
      break;
    default:
      break;
  }
  numbers.direct_push = numbers.push_score >= kWaitsOfPush * kScorePerWait;
  if (numbers.direct_push) numbers.heartbeat_s = memory.heartbeat_s;
}

}  // namespace exwire::detect
