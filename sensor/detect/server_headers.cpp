// SPDX-License-Identifier: BSD-3-Clause
// Watches response headers of Exchange endpoints for what the server runs, and tells the inventory
// behind all workers what is new. The product also goes to the servers a worker knows, for findings
// about the same machine.
#include <array>
#include <type_traits>

#include "sensor/base/siphash.hpp"
#include "sensor/detect/detector.hpp"
#include "sensor/detect/exchange_endpoints.hpp"
#include "sensor/detect/exchange_servers.hpp"
#include "sensor/detect/server_software.hpp"

namespace exwire::detect {
namespace {

class ServerHeaders final : public FlowDetector {
 public:
  explicit ServerHeaders(std::shared_ptr<ExchangeServers> servers) : servers_(std::move(servers)) {}

  DetectorInfo info() const noexcept override { return {"server_headers", kWantsHttp}; }
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
    uint64_t& slot = told_[told % told_.size()];
    if (slot == told) return;
    slot = told;
    servers_->learn_product(flow.server(), product_of(software));
    Observation observation = Observation::of(flow, Topic::server_software, 0, context.now);
    observation.put(software);
    sink.observe(observation);
  }

 private:
  std::shared_ptr<ExchangeServers> servers_;
  std::array<uint64_t, 1024> told_{};  ///< digests; one that gives way is told again
};

}  // namespace

std::unique_ptr<FlowDetector> make_server_headers(std::shared_ptr<ExchangeServers> servers) {
  return std::make_unique<ServerHeaders>(std::move(servers));
}

}  // namespace exwire::detect
