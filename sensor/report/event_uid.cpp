// SPDX-License-Identifier: BSD-3-Clause
#include "sensor/report/event_uid.hpp"

#include "sensor/base/digest.hpp"

namespace exwire::report {

std::string event_uid(std::string_view scope, const flow::Flow& flow,
                      const detect::Finding& finding) {
  std::string input(scope);
  const auto add = [&](const void* data, size_t size) {
    input.append(static_cast<const char*>(data), size);
  };
  add(&finding.signature->sid, sizeof finding.signature->sid);
  add(&flow.key, sizeof flow.key);
  add(&flow.start_ns, sizeof flow.start_ns);
  add(&finding.story, sizeof finding.story);
  add(&finding.occurrences, sizeof finding.occurrences);
  add(&finding.first_seen, sizeof finding.first_seen);
  if (finding.phase != detect::Phase::once) {
    add(&finding.phase, sizeof finding.phase);
    add(&finding.last_seen, sizeof finding.last_seen);
  }
  return sha256(as_bytes(input)).hex(32);
}

}  // namespace exwire::report
