// SPDX-License-Identifier: BSD-3-Clause
#include "sensor/detect/push_shape.hpp"

#include "sensor/base/siphash.hpp"
#include "sensor/detect/heartbeat.hpp"
#include "sensor/inspect/activesync.hpp"

namespace exwire::detect {
namespace {

// What a Ping is answered with; mail comes in Sync.
constexpr uint32_t kSmallAnswer = 1000;
constexpr uint32_t kWaitsOfPush = 3;

uint64_t digest(std::string_view device) noexcept {
  if (device.empty()) return 0;
  SipHash13 hash{HashKey{}};
  hash.octets(device.data(), device.size());
  return hash.finish();
}

}  // namespace

bool PushShape::waited(const wire::Packet& answer, uint32_t length_ms,
                       IdleMemory& memory) const noexcept {
  if (!memory.requested) return false;
  memory.requested = 0;
  memory.patient = 1;
  if (length_ms < least_wait_ms_ || answer.payload_octets > kSmallAnswer) return false;
  if (memory.waits < kWaitsOfPush * 2) ++memory.waits;
  const uint32_t seconds = std::min((length_ms + 500) / 1000, IdleMemory::kLongestHeartbeat);
  if (seconds > memory.heartbeat_s && !memory.clear) {
    memory.heartbeat_s = seconds & IdleMemory::kLongestHeartbeat;
  }
  return true;
}

void PushShape::read(const FlowContext& context, const inspect::HttpTransaction& transaction,
                     IdleMemory& memory, FindingSink& sink) const {
  memory.clear = 1;
  const auto request = inspect::ActiveSync::of(transaction);
  const bool waits = request.command == "Ping" ||
                     (request.command == "Sync" && request.heartbeat_s.value_or(0) > 0);
  constexpr uint32_t kMailCame = 2;  // statuses above are refusals
  if (!waits || request.status.value_or(1) > kMailCame) return;
  memory.pings = 1;
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
  numbers.direct_push = memory.clear ? memory.pings != 0 : memory.waits >= kWaitsOfPush;
  if (numbers.direct_push) numbers.heartbeat_s = memory.heartbeat_s;
}

}  // namespace exwire::detect
