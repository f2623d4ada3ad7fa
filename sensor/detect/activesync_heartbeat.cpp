// SPDX-License-Identifier: BSD-3-Clause
// A Ping may have no body: then the server goes on with the heartbeat this device gave last
// (MS-ASCMD 2.2.1.13), on whatever connection. Remembered per device and filled into the
// transaction, so that events and detectors behind see it.
#include <array>
#include <boost/unordered/unordered_flat_map.hpp>
#include <charconv>

#include "sensor/base/siphash.hpp"
#include "sensor/detect/detector.hpp"
#include "sensor/inspect/activesync.hpp"

namespace exwire::detect {
namespace {

using inspect::HttpField;
using inspect::HttpTransaction;

class ActiveSyncHeartbeat final : public FlowDetector {
 public:
  ActiveSyncHeartbeat() {
    recent_.reserve(kMost);
    older_.reserve(kMost);
  }

  DetectorInfo info() const noexcept override { return {"activesync_heartbeat", kWantsHttp}; }
  std::vector<const Signature*> signatures() const override { return {}; }

  void transaction_over(const FlowContext& context, HttpTransaction& transaction,
                        FindingSink&) override {
    if (transaction.text(HttpField::as_command) != "Ping") return;
    const std::string_view device = transaction.text(HttpField::as_device_id);
    if (device.empty()) return;
    SipHash13 hash{HashKey{}};
    hash.octets(context.flow.server().data(), context.flow.server().size());
    hash.octets(device.data(), device.size());
    const uint64_t key = hash.finish();
    if (const auto asked = number_of(transaction, HttpField::as_heartbeat_s)) {
      return remember(key, *asked);
    }
    if (!transaction.request_complete || transaction.request_body > 0) return;
    auto known = recent_.find(key);
    if (known == recent_.end()) {
      known = older_.find(key);
      if (known == older_.end()) return;
    }
    std::array<char, 10> digits;
    const char* end = std::to_chars(digits.begin(), digits.end(), known->second).ptr;
    const std::string_view text(digits.data(), static_cast<size_t>(end - digits.data()));
    transaction.set(HttpField::as_heartbeat_s, as_bytes(text));
  }

 private:
  static constexpr size_t kMost = 8192;  ///< devices in each of two generations

  void remember(uint64_t device, uint32_t seconds) {
    if (recent_.size() == kMost && !recent_.contains(device)) {
      std::swap(recent_, older_);
      recent_.clear();
    }
    recent_[device] = seconds;
  }

  boost::unordered_flat_map<uint64_t, uint32_t> recent_, older_;
};

}  // namespace

std::unique_ptr<FlowDetector> make_activesync_heartbeat() {
  return std::make_unique<ActiveSyncHeartbeat>();
}

}  // namespace exwire::detect
