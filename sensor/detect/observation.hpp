// SPDX-License-Identifier: BSD-3-Clause
// A small fact that a flow detector tells the fleet detectors behind all workers: what must be
// known across flows (tallies of a server, idle gaps of a path) travels in 64 octets, so that
// workers share nothing else.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <new>
#include <type_traits>

#include "sensor/base/time.hpp"
#include "sensor/flow/flow.hpp"

namespace exwire::detect {

/// Whose observation it is; fleet detectors say to which they listen.
enum class Topic : uint8_t {
  none,
  idle_gap,
  direct_push,
  stage,
  half_open,
  guessing,
  posture,
  front_end_hop,
  server_software,
  count_
};
inline constexpr size_t kTopics = static_cast<size_t>(Topic::count_);

struct Observation {
  Timestamp when;
  wire::Address client{}, server{};
  uint16_t client_port = 0, server_port = 0;
  uint8_t ip_version = 4;
  Topic topic = Topic::none;
  uint16_t kind = 0;  ///< the topic's own numbering
  /// The topic's own layout, see put() and get(). It stands there as itself: a copy of its octets
  /// would be read before its members are written.
  alignas(8) std::array<uint8_t, 16> body{};

  template <class Body>
  void put(const Body& value) noexcept {
    static_assert(kHolds<Body>);
    new (body.data()) Body(value);
  }
  template <class Body>
  Body get() const noexcept {
    static_assert(kHolds<Body>);
    return *std::launder(reinterpret_cast<const Body*>(body.data()));
  }
  template <class Body>
  static constexpr bool kHolds = sizeof(Body) <= 16 &&
                                 alignof(Body) <= 8 && std::is_trivially_copyable_v<Body>;

  /// The endpoints of `flow`, or those of `key`, the rest as given.
  static Observation of(const flow::Flow& flow, Topic topic, uint16_t kind,
                        Timestamp when) noexcept {
    return of(flow.key, flow.has(flow::kClientIsLo), topic, kind, when);
  }
  static Observation of(const wire::FlowKey& key, bool client_is_lo, Topic topic, uint16_t kind,
                        Timestamp when) noexcept {
    Observation made;
    made.when = when;
    made.client = client_is_lo ? key.lo : key.hi;
    made.server = client_is_lo ? key.hi : key.lo;
    made.client_port = client_is_lo ? key.lo_port : key.hi_port;
    made.server_port = client_is_lo ? key.hi_port : key.lo_port;
    made.ip_version = key.ip_version;
    made.topic = topic;
    made.kind = kind;
    return made;
  }
};
/// A flow in no table, with the endpoints of `seen`, for an alert to show.
inline flow::Flow flow_of(const Observation& seen) noexcept {
  flow::Flow flow;
  flow.key.ip_version = seen.ip_version;
  if (wire::set_endpoints(flow.key, seen.client, seen.client_port, seen.server, seen.server_port)) {
    flow.mark(flow::kClientIsLo);
  }
  flow.mark(flow::kWatched);
  flow.start_ns = seen.when.ns;
  return flow;
}
static_assert(sizeof(Observation) == 64);
static_assert(std::is_trivially_copyable_v<Observation>);

}  // namespace exwire::detect
