// SPDX-License-Identifier: BSD-3-Clause
// Who is told what was found inside a flow. A listener instead of a returned list, because one
// 256 KiB frame may complete thousands of pipelined transactions and a list of them would have no
// bound. Everything passed is valid during the call only.
#pragma once

#include "sensor/base/bytes.hpp"
#include "sensor/flow/flow.hpp"
#include "sensor/inspect/http_transaction.hpp"
#include "sensor/inspect/tls_facts.hpp"

namespace exwire::inspect {

/// `type` and `event` are EVE's anomaly.type and anomaly.event.
struct Anomaly {
  const char* type;
  const char* event;
  const char* protocol;  ///< name of the dissector, null for a stream anomaly
  Direction direction;
};

class Listener {
 public:
  virtual ~Listener() = default;
  virtual void request_head(flow::Flow& flow, HttpTransaction& transaction) = 0;
  /// The last octet of the request has passed.
  virtual void request_over(flow::Flow&, HttpTransaction&) {}
  virtual void response_head(flow::Flow& flow, HttpTransaction& transaction) = 0;
  /// The front of a body, where somebody wants it.
  virtual void http_body(flow::Flow&, HttpTransaction&, Direction) {}
  /// The last word on a transaction: complete, or as far as it was ever seen.
  virtual void transaction_over(flow::Flow& flow, HttpTransaction& transaction) = 0;
  /// The handshake is over, or will not go on.
  virtual void tls_handshake(flow::Flow&, TlsHandshake&) {}
  virtual void tls_record(flow::Flow&, const TlsRecord&) {}
  virtual void anomaly(flow::Flow& flow, const Anomaly& anomaly) = 0;
};

}  // namespace exwire::inspect
