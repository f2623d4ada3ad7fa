// SPDX-License-Identifier: BSD-3-Clause
// Watches response headers of Exchange endpoints for what the server runs, and tells the inventory
// behind all workers what is new. The product also goes to the servers a worker knows, for findings
// about the same machine.
#include <type_traits>
#include <utility>

#include "sensor/base/siphash.hpp"
#include "sensor/detect/common_memory.hpp"
#include "sensor/detect/detector.hpp"
#include "sensor/detect/exchange_endpoints.hpp"
#include "sensor/detect/server_software.hpp"

namespace exwire::detect {
namespace {

class ServerHeaders final : public FlowDetector {
 public:
  explicit ServerHeaders(std::shared_ptr<CommonMemory> common) : common_(std::move(common)) {}

  DetectorInfo info() const noexcept override { return {"server_headers", kWantsResponses}; }
  std::vector<const Signature*> signatures() const override { return {}; }

  void response_head(const FlowContext& context, inspect::HttpTransaction& transaction,
                     FindingSink& sink) override {
    if (!transaction.request_seen || endpoint_of(transaction) == nullptr) return;
    const ServerSoftware software = software_of(transaction);
    const flow::Flow& flow = context.flow;
    if (software.tells_nothing() || flow.has(flow::kUncertainRoles)) return;
    SipHash13 hash{HashKey{}};
    hash.octets(flow.server().data(), flow.server().size());
    hash.word(flow.server_port());
    static_assert(std::has_unique_object_representations_v<ServerSoftware>);  // no gaps to digest
    hash.octets(&software, sizeof software);
    const uint64_t told = hash.finish();
    if (std::exchange(told_[told % told_.size()], told) == told) return;
    sink.take_turn();
    if (std::exchange(common_->software[told % told_.size()], told) == told) return;
    common_->servers.learn_product(flow.server(), product_of(software));
    Observation observation = Observation::of(flow, Topic::server_software, 0, context.now);
    observation.put(software);
    sink.observe(observation);
  }

 private:
  std::shared_ptr<CommonMemory> common_;
  ToldSoftware told_{};  ///< by this worker: for these nobody has to wait
};

}  // namespace

std::unique_ptr<FlowDetector> make_server_headers(std::shared_ptr<CommonMemory> common) {
  return std::make_unique<ServerHeaders>(std::move(common));
}

}  // namespace exwire::detect
