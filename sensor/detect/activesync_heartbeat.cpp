// SPDX-License-Identifier: BSD-3-Clause
// A Ping may have no body: then the server goes on with the heartbeat this device gave last
// (MS-ASCMD 2.2.1.13), on whatever connection. Remembered per device and filled into the
// transaction, so that events and detectors behind see it.
#include <array>
#include <charconv>

#include "sensor/base/siphash.hpp"
#include "sensor/detect/common_memory.hpp"
#include "sensor/detect/detector.hpp"
#include "sensor/inspect/activesync.hpp"

namespace exwire::detect {
namespace {

using inspect::HttpField;
using inspect::HttpTransaction;

class ActiveSyncHeartbeat final : public FlowDetector {
 public:
  explicit ActiveSyncHeartbeat(std::shared_ptr<DeviceHeartbeats> devices)
      : devices_(std::move(devices)) {}

  DetectorInfo info() const noexcept override {
    return {"activesync_heartbeat", kWantsTransactions};
  }
  std::vector<const Signature*> signatures() const override { return {}; }

  void transaction_over(const FlowContext& context, HttpTransaction& transaction,
                        FindingSink& sink) override {
    if (transaction.text(HttpField::as_command) != "Ping") return;
    const std::string_view device = transaction.text(HttpField::as_device_id);
    if (device.empty()) return;
    SipHash13 hash{HashKey{}};
    hash.octets(context.flow.server().data(), context.flow.server().size());
    hash.octets(device.data(), device.size());
    const uint64_t key = hash.finish();
    if (const auto asked = number_of(transaction, HttpField::as_heartbeat_s)) {
      return sink.leave({remember, devices_.get(), key, *asked, context.now});
    }
    if (!transaction.request_complete || transaction.request_body > 0) return;
    sink.take_turn();
    auto known = devices_->recent.find(key);
    if (known == devices_->recent.end()) {
      known = devices_->older.find(key);
      if (known == devices_->older.end()) return;
    }
    std::array<char, 10> digits;
    const char* end = std::to_chars(digits.begin(), digits.end(), known->second).ptr;
    const std::string_view text(digits.data(), static_cast<size_t>(end - digits.data()));
    transaction.set(HttpField::as_heartbeat_s, as_bytes(text));
  }

 private:
  static void remember(void* devices, uint64_t device, int64_t seconds, Timestamp) noexcept {
    auto& [recent, older] = *static_cast<DeviceHeartbeats*>(devices);
    if (recent.size() == DeviceHeartbeats::kMost && !recent.contains(device)) {
      std::swap(recent, older);
      recent.clear();
    }
    recent[device] = static_cast<uint32_t>(seconds);
  }

  std::shared_ptr<DeviceHeartbeats> devices_;
};

}  // namespace

std::unique_ptr<FlowDetector> make_activesync_heartbeat(std::shared_ptr<DeviceHeartbeats> devices) {
  return std::make_unique<ActiveSyncHeartbeat>(std::move(devices));
}

}  // namespace exwire::detect
