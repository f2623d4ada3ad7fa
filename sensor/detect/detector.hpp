// SPDX-License-Identifier: BSD-3-Clause
// What every detector of one flow looks like. To add one: a file in this folder with a class and a
// make function, and a line in detectors.cpp. A detector names the moments it wants, keeps what it
// must remember of a flow in its own slot of flow::Flow::facts, and hands what it concludes to a
// FindingSink.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "sensor/detect/finding.hpp"
#include "sensor/detect/observation.hpp"
#include "sensor/detect/site.hpp"
#include "sensor/flow/flow.hpp"
#include "sensor/flow/flow_table.hpp"
#include "sensor/inspect/listener.hpp"

namespace exwire::detect {

struct FlowContext {
  const flow::Flow& flow;
  Timestamp now;
  uint64_t packet;             ///< number of the packet being looked at, 0: from a timer
  uint32_t handle = 0;         ///< of the flow in its table
  std::span<uint8_t> facts{};  ///< the detector's own octets in this flow, zero at its start
};

/// What a connection waits with for news of the server, as far as it can be read.
enum class WaitKind : uint8_t {
  sealed,    ///< nothing could be read
  ordinary,  ///< requests that are answered at once
  ping,
  hanging_sync,
  notification_wait,  ///< MAPI over HTTP
  ews_streaming,
  rpc_in,  ///< Outlook Anywhere: a pair of channels
  rpc_out,
};
const char* to_text(WaitKind kind) noexcept;

/// What detectors know about a connection, for its flow event (metadata.flowints).
struct FlowNumbers {
  uint32_t idle_gap_max_s = 0;  ///< longest silence with nothing in flight
  uint32_t heartbeat_s = 0;
  bool direct_push = false;
  uint32_t push_score = 0;  ///< how sure that is, of 100
  WaitKind wait_kind = WaitKind::sealed;
};

/// A change of CommonMemory that needs no answer.
struct Deed {
  void (*change)(void* what, uint64_t key, int64_t value, Timestamp now) noexcept;
  void* what;
  uint64_t key;
  int64_t value;
  Timestamp now;

  void operator()() const noexcept { change(what, key, value, now); }
};

class FindingSink {
 public:
  virtual ~FindingSink() = default;
  virtual void found(const FlowContext& context, const Finding& finding) = 0;
  /// Hands a fact to the fleet detectors.
  virtual void observe(const Observation&) {}
  /// Asks for flow_timer() at `at` or up to a timer tick later. A flow has one timer: when it
  /// fires, all who want it are called, and who still waits must ask again.
  virtual void wake_at(const FlowContext&, Timestamp) {}
  /// To be called before touching CommonMemory: returns when all packets before this one have been
  /// handled, whoever handles them.
  virtual void take_turn() noexcept {}
  /// Cheaper than a turn: done before anybody behind this packet has his.
  virtual void leave(const Deed& deed) { deed(); }
  /// The connection lives and says nothing: an interim flow event shows it.
  virtual void still_silent(const FlowContext&) {}
};

/// The moments a detector wants to see.
enum Interest : uint32_t {
  kWantsRequests = 1 << 0,       ///< request_head
  kWantsSegments = 1 << 1,       ///< segment
  kWantsTls = 1 << 2,            ///< tls_handshake
  kWantsRecords = 1 << 3,        ///< tls_record
  kWantsTimers = 1 << 4,         ///< flow_timer
  kWantsEnds = 1 << 5,           ///< flow_ended, half_open_ended
  kWantsTicks = 1 << 6,          ///< tick
  kWantsHalfOpen = 1 << 7,       ///< half_open_changed
  kWantsPayload = 1 << 8,        ///< payload, anomaly
  kWantsRequestEnds = 1 << 9,    ///< request_over
  kWantsResponses = 1 << 10,     ///< response_head
  kWantsBodies = 1 << 11,        ///< http_body
  kWantsTransactions = 1 << 12,  ///< transaction_over
  kWantsHttp =                   // all five of HTTP
  kWantsRequests | kWantsRequestEnds | kWantsResponses | kWantsBodies | kWantsTransactions,
};
inline constexpr size_t kInterests = 13;

struct DetectorInfo {
  const char* name;
  uint32_t interests;
  uint8_t fact_octets = 0;  ///< of its slot; all slots together are at most Flow::facts
};

class FlowDetector {
 public:
  virtual ~FlowDetector() = default;
  virtual DetectorInfo info() const noexcept = 0;
  virtual std::vector<const Signature*> signatures() const = 0;

  virtual void request_head(const FlowContext&, inspect::HttpTransaction&, FindingSink&) {}
  /// The last octet of the request has passed.
  virtual void request_over(const FlowContext&, inspect::HttpTransaction&, FindingSink&) {}
  virtual void response_head(const FlowContext&, inspect::HttpTransaction&, FindingSink&) {}
  /// The front of a body, where rules look at bodies.
  virtual void http_body(const FlowContext&, inspect::HttpTransaction&, Direction, FindingSink&) {}
  /// Nothing more will be known about it.
  virtual void transaction_over(const FlowContext&, inspect::HttpTransaction&, FindingSink&) {}
  /// Every packet of an established connection, empty ones too, before anybody looks into it.
  virtual void segment(const FlowContext&, const flow::Tracked&, const wire::Packet&,
                       FindingSink&) {}
  /// The same packets when all others have looked into them; `application` as far as it is known.
  virtual void payload(const FlowContext&, const flow::Tracked&, const wire::Packet&,
                       std::string_view /*application*/, FindingSink&) {}
  virtual void anomaly(const FlowContext&, const inspect::Anomaly&, FindingSink&) {}
  /// The handshake is over, or will not go on.
  virtual void tls_handshake(const FlowContext&, inspect::TlsHandshake&, FindingSink&) {}
  virtual void tls_record(const FlowContext&, const inspect::TlsRecord&, FindingSink&) {}
  virtual void flow_timer(const FlowContext&, FindingSink&) {}
  virtual void flow_ended(const FlowContext&, flow::EndReason, FindingSink&) {}
  /// For flow events; asked of those who want ends.
  virtual void describe(const FlowContext&, FlowNumbers&) const noexcept {}
  /// A connection that was never established, shown as a flow.
  virtual void half_open_ended(const flow::Flow&, flow::EndReason, Timestamp, FindingSink&) {}
  /// A handshake on a watched port went from one stage to another; `began`: its first packet.
  virtual void half_open_changed(const flow::HalfOpen&, flow::HalfOpenStage /*before*/,
                                 flow::HalfOpenStage /*after*/, Timestamp /*began*/,
                                 Timestamp /*now*/, FindingSink&) {}
  /// Findings left out because one moment had too many.
  virtual uint64_t overflow() const noexcept { return 0; }
  /// Packet time has come as far as `now`: after each batch, live at least every 100 ms.
  virtual void tick(Timestamp, FindingSink&) {}
};

struct CommonMemory;

/// All detectors, in the order of the list in detectors.cpp. `site` must outlive them. `common`:
/// what those of several workers share; null: these are alone.
std::vector<std::unique_ptr<FlowDetector>> make_flow_detectors(
    const Site& site, std::shared_ptr<CommonMemory> common = nullptr);

}  // namespace exwire::detect
