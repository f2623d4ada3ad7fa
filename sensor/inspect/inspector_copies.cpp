// SPDX-License-Identifier: BSD-3-Clause
// Copies of octets that disagree. The stream goes on with the copy its receiver would keep, as far
// as that can be known; the other one is looked at on its own, as if it had been the stream: an
// attacker who shows the sensor one request and the server another shows both. Bounded: 4 KiB per
// copy, one dissector for the length of a call.
#include <array>
#include <cstring>

#include "sensor/flow/midstream.hpp"
#include "sensor/inspect/inspector.hpp"
#include "sensor/inspect/reader.hpp"

namespace exwire::inspect {
namespace {

constexpr uint32_t kMostOtherOctets = 4096;

}  // namespace

// Octets that were handed on before come again: do they say the same?
void Inspector::compare_repeated(const flow::Tracked& tracked, const wire::Packet& packet) {
  flow::Flow& flow = *tracked.flow;
  const auto position = static_cast<int64_t>(flow.of(tracked.direction).stream_octets);
  const int64_t end = tracked.offset + packet.payload.size;
  bool differs = false;
  // Pending octets are the last of the stream only while somebody reads it.
  if (flow.session != 0 && (flow.work & dissect_bit(tracked.direction))) {
    const Bytes pending =
        sessions_[flow.session].stream[static_cast<size_t>(tracked.direction)].pending();
    const int64_t pending_at = position - pending.size;
    const int64_t from = std::max(tracked.offset, pending_at);
    const int64_t to = std::min(end, position);
    differs = from < to && std::memcmp(pending.data + (from - pending_at),
                                       packet.payload.data + (from - tracked.offset),
                                       static_cast<size_t>(to - from)) != 0;
  }
  if (!differs && tracked.direction == Direction::to_server) {
    differs = position - tracked.offset <= flow::RecentSegments::kWindow &&
              recent_.differs(packet.hash, packet.seq, packet.payload);
  }
  if (!differs) return;
  ++counters_.reassembly.conflicts;
  report_conflict(tracked.handle, flow, tracked.direction);
  inspect_other_copy(tracked.handle, flow, tracked.direction, tracked.offset, packet.payload,
                     packet.time, packet.number);
}

void Inspector::report_conflict(uint32_t handle, flow::Flow& flow, Direction direction) {
  report(handle, flow, kConflictAnomaly,
         {"stream", "stream.reassembly_overlap_different_data", nullptr, direction});
}

// Reads the copy that lost, behind what of its message is still there.
void Inspector::inspect_other_copy(uint32_t handle, flow::Flow& flow, Direction direction,
                                   int64_t offset, Bytes octets, Timestamp now,
                                   uint64_t packet_number) {
  if (direction != Direction::to_server || octets.empty()) return;
  std::array<uint8_t, kMostOtherOctets> joined;
  Bytes text = octets.first(kMostOtherOctets);
  if (flow.session != 0 && (flow.work & dissect_bit(direction))) {
    const Bytes pending = sessions_[flow.session].stream[0].pending();
    const int64_t pending_at =
        static_cast<int64_t>(flow.of(direction).stream_octets) - pending.size;
    const int64_t before = offset - pending_at;
    if (before > 0 && before <= pending.size && before < kMostOtherOctets) {
      const auto head = static_cast<uint32_t>(before);
      text = octets.first(kMostOtherOctets - head);
      std::memcpy(joined.data(), pending.data, head);
      std::memcpy(joined.data() + head, text.data, text.size);
      text = {joined.data(), head + text.size};
    }
  }
  constexpr uint8_t kTlsHandshake = 22;
  if (text[0] == kTlsHandshake || flow::speaker_of(text) != flow::Speaker::client) return;
  const DissectorHost::Identified found = dissectors_.identify(text, {});
  if (found.dissector == flow::Flow::kNoDissector) return;
  const uint32_t taken = sessions_.take();
  if (taken == 0) return;
  ++counters_.other_copies;
  read_other_copy(handle, flow, taken, found.dissector, text, now, packet_number);
  sessions_.give(taken);
}

// The flow stands in for another one during the call: same endpoints, fresh dissector, transactions
// of their own.
void Inspector::read_other_copy(uint32_t handle, flow::Flow& flow, uint32_t taken,
                                uint8_t dissector, Bytes text, Timestamp now,
                                uint64_t packet_number) {
  const uint16_t own_session = flow.session;
  const uint8_t own_dissector = flow.dissector, own_work = flow.work;
  Session& session = sessions_[taken];
  session.flow = handle | kOtherCopy;
  flow.session = static_cast<uint16_t>(taken);
  start_dissector(flow, session, dissector);
  flow.work = flow::kWorkDissectToServer;
  Reader reader(*this, handle, flow, session, Direction::to_server, now, packet_number);
  while (!text.empty()) {
    const flow::ReadAnswer answer = reader.read(text);
    text = text.from(answer.consumed);
    if (answer.stop || answer.consumed == 0 || answer.skip >= text.size) break;
    text = text.from(static_cast<uint32_t>(answer.skip));
  }
  abandon_building(flow, session, Direction::to_server, now);
  finish_all(session.flow, flow);
  if (session.dissecting) dissectors_[flow.dissector].api->destroy(session.state.data());
  if (session.handshake != 0) handshakes_.give(session.handshake);
  flow.session = own_session;
  flow.dissector = own_dissector;
  flow.work = own_work;
}

}  // namespace exwire::inspect
