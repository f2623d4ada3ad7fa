// SPDX-License-Identifier: BSD-3-Clause
// What every detector of one flow looks like. To add one: a file in this folder with a class and a
// make function, and a line in detectors.cpp. A detector sees moments, not packets, and hands what
// it concludes to a FindingSink.
#pragma once

#include <memory>
#include <vector>

#include "sensor/detect/finding.hpp"
#include "sensor/detect/site.hpp"
#include "sensor/flow/flow.hpp"
#include "sensor/inspect/http_transaction.hpp"

namespace exwire::detect {

struct FlowContext {
  const flow::Flow& flow;
  Timestamp now;
  uint64_t packet;  ///< number of the packet being looked at, 0: from a timer
};

class FindingSink {
 public:
  virtual ~FindingSink() = default;
  virtual void found(const FlowContext& context, const Finding& finding) = 0;
};

class FlowDetector {
 public:
  virtual ~FlowDetector() = default;
  virtual const char* name() const noexcept = 0;
  virtual std::vector<const Signature*> signatures() const = 0;
  virtual void request_head(const FlowContext&, inspect::HttpTransaction&, FindingSink&) {}
  virtual void response_head(const FlowContext&, inspect::HttpTransaction&, FindingSink&) {}
  /// Nothing more will be known about it.
  virtual void transaction_over(const FlowContext&, inspect::HttpTransaction&, FindingSink&) {}
};

/// All detectors, in the order of the list in detectors.cpp. `site` must outlive them.
std::vector<std::unique_ptr<FlowDetector>> make_flow_detectors(const Site& site);

}  // namespace exwire::detect
