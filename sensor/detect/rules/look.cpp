// SPDX-License-Identifier: BSD-3-Clause
#include "sensor/detect/rules/look.hpp"

#include "sensor/flow/watch.hpp"

namespace exwire::detect::rules {
namespace {

bool covers(const Rule& rule, const Ends& ends, uint8_t version) noexcept {
  return rule.source_port.covers(ends.source_port) &&
         rule.destination_port.covers(ends.destination_port) &&
         rule.source.covers(ends.source, version) &&
         rule.destination.covers(ends.destination, version);
}

// Segments and events come from both sides; HTTP and TLS name theirs by the moment.
bool has_direction(Moment moment) noexcept {
  return moment == Moment::payload || moment == Moment::event;
}

// As long as the application may still be found out, nothing is said about it.
bool of_application(const Rule& rule, const Look& look, std::string_view application) noexcept {
  if (!has_direction(look.moment) || rule.application.empty()) return true;
  if (!rule.other_application) return application == rule.application;
  const bool settled = !application.empty() || !(look.context.flow.work & flow::kWorkIdentify);
  return settled && application != rule.application;
}

}  // namespace

Ends ends_of(const flow::Flow& flow, bool to_client) noexcept {
  if (to_client) return {flow.server(), flow.client(), flow.server_port(), flow.client_port()};
  return {flow.client(), flow.server(), flow.client_port(), flow.server_port()};
}

Ends ends_of(const Rule& rule, const Look& look) noexcept {
  const bool as_seen = has_direction(look.moment) && rule.either_direction;
  return ends_of(look.context.flow,
                 as_seen ? look.direction == Direction::to_client : rule.to_client);
}

bool applies(const Rule& rule, const Look& look, std::string_view application) noexcept {
  const bool to_client = look.direction == Direction::to_client;
  if (has_direction(look.moment) && !rule.either_direction && rule.to_client != to_client) {
    return false;
  }
  if (!of_application(rule, look, application)) return false;
  const uint8_t version = look.context.flow.key.ip_version;
  const Ends ends = ends_of(rule, look);
  if (covers(rule, ends, version)) return true;
  const Ends reverse{ends.destination, ends.source, ends.destination_port, ends.source_port};
  return rule.both_ways && covers(rule, reverse, version);
}

}  // namespace exwire::detect::rules
