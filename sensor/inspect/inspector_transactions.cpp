// SPDX-License-Identifier: BSD-3-Clause
// From published fields and moments to HTTP transactions.
#include "sensor/inspect/inspector.hpp"

#include <utility>

namespace exwire::inspect {

// The transaction whose head this direction is publishing; 0 when no memory is left for one.
uint32_t Inspector::building(Session& session, Direction direction) {
  uint32_t& handle = session.building[static_cast<size_t>(direction)];
  if (handle == 0) handle = transactions_.take();
  if (handle == 0 && transactions_.oldest() != 0) {
    const uint32_t oldest = transactions_.oldest();
    ++counters_.transactions_shed;
    finish_transaction(flows_[transactions_[oldest].flow & ~kOtherCopy], oldest);
    handle = transactions_.take();
  }
  return handle;
}

void Inspector::on_message(flow::Flow& flow, Session& session, const ExwireMessage& message,
                           Timestamp time, uint64_t packet_number) {
  const bool request = message.moment == kExwireRequestHead ||
                       message.moment == kExwireRequestEnd || message.moment == kExwireRequestBody;
  const Direction direction = request ? Direction::to_server : Direction::to_client;
  uint32_t known = transactions_.find(session.flow, message.transaction);
  const std::string_view octets = std::exchange(body_, {});  // a view of this call's octets
  const bool head = message.moment == kExwireRequestHead || message.moment == kExwireResponseHead;
  if (head) {
    const uint32_t fresh = building(session, direction);
    if (fresh == 0) return;
    session.building[static_cast<size_t>(direction)] = 0;
    if (known == 0) {
      transactions_.link(fresh, session.flow, message.transaction);
      known = fresh;
    } else {
      transactions_[known].transaction.merge(transactions_[fresh].transaction);
      transactions_.give(fresh);
    }
  }
  const bool body = message.moment == kExwireRequestBody || message.moment == kExwireResponseBody;
  uint32_t& learned = session.building[static_cast<size_t>(direction)];
  if (body && learned != 0) {
    if (known != 0) transactions_[known].transaction.merge(transactions_[learned].transaction);
    transactions_.give(learned);
    learned = 0;
  }
  if (known == 0) return;  // was shed meanwhile, and told
  HttpTransaction& transaction = transactions_[known].transaction;
  if (head || body) transaction.head = heads_.text(session.head[static_cast<size_t>(direction)]);
  if (body && octets.data() != nullptr) {
    transaction.body = octets;
    listener_.http_body(flow, transaction, direction);
    transaction.body = {};
  }
  switch (message.moment) {
    case kExwireRequestHead:
      transaction.request_seen = true;
      transaction.request_time = time;
      transaction.request_packet = packet_number;
      listener_.request_head(flow, transaction);
      break;
    case kExwireRequestEnd:
      transaction.request_complete = true;
      transaction.request_body = message.body_octets;
      listener_.request_over(flow, transaction);
      break;
    case kExwireResponseHead:
      transaction.response_seen = true;
      transaction.response_time = time;
      transaction.response_packet = packet_number;
      listener_.response_head(flow, transaction);
      break;
    case kExwireResponseEnd:
      transaction.response_complete = true;
      transaction.response_body = message.body_octets;
      finish_transaction(flow, known);
      return;
    default:
      break;
  }
  transaction.head = {};
}

void Inspector::finish_transaction(flow::Flow& flow, uint32_t handle) {
  ++counters_.transactions;
  listener_.transaction_over(flow, transactions_[handle].transaction);
  transactions_.give(handle);
}

// A head that will never be whole: what was seen of a request is told all the same, because an
// exposure does not become less by what the capture has missed.
void Inspector::abandon_building(flow::Flow& flow, Session& session, Direction direction,
                                 Timestamp now) {
  uint32_t& handle = session.building[static_cast<size_t>(direction)];
  if (handle == 0) return;
  session.head[static_cast<size_t>(direction)] = 0;
  HttpTransaction& transaction = transactions_[handle].transaction;
  if (direction == Direction::to_server && transaction.has(HttpField::method)) {
    transaction.request_seen = true;
    transaction.request_time = now;
    listener_.request_head(flow, transaction);
    finish_transaction(flow, handle);
  } else {
    transactions_.give(handle);
  }
  handle = 0;
}

void Inspector::finish_all(uint32_t handle, flow::Flow& flow) {
  while (const uint32_t transaction = transactions_.first_of(handle)) {
    finish_transaction(flow, transaction);
  }
}

}  // namespace exwire::inspect
