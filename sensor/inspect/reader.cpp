// SPDX-License-Identifier: BSD-3-Clause
#include "sensor/inspect/reader.hpp"

#include <algorithm>

#include "sensor/inspect/tls_start.hpp"

namespace exwire::inspect {
namespace {

// A dissector that has not made up its mind after this many octets never will.
constexpr uint32_t kMostProbed = 2048;
constexpr uint32_t kMostProbePending = 2 * kMostProbed;

void field_service(void* host, uint32_t index, Bytes value) {
  static_cast<Inspector::Reader*>(host)->field(index, value);
}
void message_service(void* host, const ExwireMessage* message) {
  static_cast<Inspector::Reader*>(host)->message(*message);
}
void anomaly_service(void* host, uint32_t index) {
  static_cast<Inspector::Reader*>(host)->anomaly(index);
}

void handshake_service(void* host, const ExwireHandshake* handshake) {
  static_cast<Inspector::Reader*>(host)->handshake(*handshake);
}
void record_service(void* host, const ExwireRecord* record) {
  static_cast<Inspector::Reader*>(host)->record(*record);
}
void shed_service(void* host) {
  static_cast<Inspector::Reader*>(host)->shed();
}

constexpr ExwireHostApi kServices{sizeof(ExwireHostApi), field_service,     message_service,
                                  anomaly_service,       handshake_service, record_service,
                                  shed_service};

}  // namespace

Inspector::Reader::Reader(Inspector& inspector, uint32_t handle, flow::Flow& flow, Session& session,
                          Direction direction, Timestamp now, uint64_t packet) noexcept
    : inspector_(inspector),
      handle_(handle),
      flow_(flow),
      session_(session),
      direction_(direction),
      packet_(packet) {
  view_.size = sizeof view_;
  view_.flags = (flow.has(flow::kMidstream) ? uint32_t{kExwireFlowMidstream} : 0U) |
                (flow.one_sided() ? uint32_t{kExwireFlowOneSided} : 0U) |
                (inspector.bodies_wanted() ? uint32_t{kExwireFlowBodiesWanted} : 0U) |
                (inspector.heads_wanted() ? 0U : uint32_t{kExwireFlowHeadsUnwanted});
  view_.time_ns = now.ns;
  view_.client_port = flow.client_port();
  view_.server_port = flow.server_port();
  view_.direction = static_cast<uint8_t>(direction);
}

const LoadedDissector& Inspector::Reader::dissector() const noexcept {
  return inspector_.dissectors_[flow_.dissector];
}

uint32_t Inspector::Reader::most_pending() const {
  return session_.dissecting ? dissector().api->max_pending : kMostProbePending;
}

// True when a dissector has been found.
bool Inspector::Reader::identify(Bytes octets) {
  const Bytes other = session_.stream[static_cast<size_t>(opposite(direction_))].pending();
  const bool to_server = direction_ == Direction::to_server;
  const DissectorHost& dissectors = inspector_.dissectors_;
  const DissectorHost::Identified found =
      to_server ? dissectors.identify(octets, other) : dissectors.identify(other, octets);
  if (found.dissector != flow::Flow::kNoDissector) {
    ++inspector_.counters_
          .identified[std::min<size_t>(found.dissector, InspectCounters::kDissectors - 1)];
    inspector_.start_dissector(flow_, session_, found.dissector);
    if (!other.empty()) offer_peer();
    return session_.dissecting;
  }
  if (!found.undecided || octets.size >= kMostProbed) {
    ++inspector_.counters_.unknown;
    flow_.work = inspector_.settings_.label_unknown ? uint8_t{flow::kWorkIdentify} : uint8_t{0};
  }
  return false;
}

// What the other side said meanwhile came first.
void Inspector::Reader::offer_peer() {
  const Direction direction = opposite(direction_);
  Reader peer(inspector_, handle_, flow_, session_, direction, {view_.time_ns}, packet_);
  session_.stream[static_cast<size_t>(direction)].offer_pending(peer, inspector_.buffers_);
}

flow::ReadAnswer Inspector::Reader::give_up(uint32_t bit, const char* event) {
  ++inspector_.counters_.contract_broken;
  inspector_.report(handle_, flow_, bit,
                    {"applayer", event,
                     inspector_.dissectors_.application_name(flow_.dissector).data(), direction_});
  inspector_.stop_dissector(flow_, session_);
  return {.stop = true};
}

flow::ReadAnswer Inspector::Reader::read(Bytes octets) {
  if (!session_.dissecting && !identify(octets)) {
    return {.stop = (flow_.work & dissect_bit(direction_)) == 0};
  }
  const ExwireDissectorApi& api = *dissector().api;
  const ExwireProgress progress = api.data(session_.state.data(), &kServices, this, &view_, octets);
  const bool honest = progress.consumed <= octets.size && progress.need <= api.max_pending;
  if (!honest) return give_up(kContractAnomaly, "dissector_contract_broken");
  session_.resting[static_cast<size_t>(direction_)] = progress.status != kExwireMore;
  if (progress.status == kExwireBothAtRest) session_.resting.fill(true);
  switch (progress.status) {
    case kExwireMore:
    case kExwireAtRest:
    case kExwireBothAtRest:
      return {progress.consumed, progress.need, progress.skip, false};
    case kExwireDone:
      if (progress.consumed == 0 && starts_tls(octets) && inspector_.may_look_anew(handle_)) {
        inspector_.stop_dissector(flow_, session_);
        flow_.work = kLookAnew;
        return read(octets);
      }
      flow_.work = static_cast<uint8_t>(flow_.work & ~dissect_bit(direction_));
      break;
    default:
      inspector_.stop_dissector(flow_, session_);
      break;
  }
  return {.stop = true};
}

flow::ReadAnswer Inspector::Reader::read_before_gap(Bytes octets) {
  if (!session_.dissecting) return {};
  view_.flags |= kExwireFlowBeforeGap;
  const flow::ReadAnswer answer = read(octets);
  view_.flags &= ~uint32_t{kExwireFlowBeforeGap};
  return answer;
}

bool Inspector::Reader::gap(uint64_t missing) {
  flow_.mark(direction_ == Direction::to_server ? flow::kGapToServer : flow::kGapToClient);
  inspector_.report(handle_, flow_, kGapAnomaly,
                    {"stream", "stream.reassembly_seq_gap", nullptr, direction_});
  if (!session_.dissecting) return true;  // identification goes on with what follows
  const bool goes_on =
      dissector().api->gap(session_.state.data(), &kServices, this, &view_, missing) != 0;
  inspector_.abandon_building(flow_, session_, direction_, {view_.time_ns});
  session_.resting[static_cast<size_t>(direction_)] = true;
  if (!goes_on) flow_.work = static_cast<uint8_t>(flow_.work & ~dissect_bit(direction_));
  return goes_on;
}

void Inspector::Reader::conflict(int64_t offset, Bytes octets) {
  inspector_.report_conflict(handle_, flow_, direction_);
  inspector_.inspect_other_copy(handle_, flow_, direction_, offset, octets, {view_.time_ns},
                                packet_);
}

flow::OverlapPolicy Inspector::Reader::overlap_policy() const {
  const auto& rules = inspector_.settings_.overlap;
  if (rules.empty()) return flow::OverlapPolicy::first;
  const bool to_server = direction_ == Direction::to_server;
  return flow::overlap_policy_of(rules, to_server ? flow_.server() : flow_.client(),
                                 flow_.key.ip_version);
}

void Inspector::Reader::end() {
  if (session_.dissecting) dissector().api->end(session_.state.data(), &kServices, this, &view_);
}

inline void Inspector::Reader::gather(TlsField field, Bytes value) {
  const Timestamp now{view_.time_ns};
  if (session_.handshake == 0 && !inspector_.begin_handshake(session_, now, packet_)) return;
  TlsHandshake& handshake = inspector_.handshakes_[session_.handshake];
  if (is_kept(field)) {
    handshake.set(field, value);
  } else {
    inspector_.read_certificates(handshake, field, value, now);
  }
}

void Inspector::Reader::field(uint32_t index, Bytes value) {
  const auto& fields = dissector().fields;
  if (index >= fields.size()) return;
  const LoadedDissector::Place& place = fields[index];
  if (place.tls) return gather(*place.tls, value);
  if (place.head == HeadPart::body) {
    inspector_.body_ = value.text();
  } else if (place.head != HeadPart::none) {
    uint32_t& head = session_.head[static_cast<size_t>(direction_)];
    if (place.head == HeadPart::start_line) head = inspector_.heads_.begin();
    inspector_.heads_.append(head, value.text());
  }
  if (!place.http) return;
  uint32_t transaction = session_.building[static_cast<size_t>(direction_)];
  if (transaction == 0) transaction = inspector_.building(session_, direction_);
  if (transaction != 0) inspector_.transactions_[transaction].transaction.set(*place.http, value);
}

void Inspector::Reader::message(const ExwireMessage& message) {
  inspector_.on_message(flow_, session_, message, {view_.time_ns}, packet_);
}

void Inspector::Reader::handshake(const ExwireHandshake& handshake) {
  inspector_.finish_handshake(flow_, session_, handshake, {view_.time_ns});
}

void Inspector::Reader::record(const ExwireRecord& record) {
  inspector_.listener_.tls_record(flow_,
                                  {direction_, record.content_type, record.version, record.length});
}

void Inspector::Reader::shed() noexcept {
  ++inspector_.counters_.bodies_shed;
}

void Inspector::Reader::anomaly(uint32_t index) {
  const auto& anomalies = dissector().anomalies;
  if (index >= anomalies.size()) return;
  inspector_.report(handle_, flow_, kFirstDissectorAnomaly + index,
                    {"applayer", anomalies[index],
                     inspector_.dissectors_.application_name(flow_.dissector).data(), direction_});
}

}  // namespace exwire::inspect
