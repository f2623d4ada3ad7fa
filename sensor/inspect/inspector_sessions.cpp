// SPDX-License-Identifier: BSD-3-Clause
// Sleep and wake. A flow sleeps when both directions are in order, nothing is pending and the
// dissector is at rest; then 16 octets hold all there is. When the pool runs dry, the session
// unused for longest goes first: its flow keeps its counters and starts over with identification.
#include "sensor/inspect/inspector.hpp"
#include "sensor/inspect/reader.hpp"

namespace exwire::inspect {

uint32_t Inspector::wake(uint32_t handle, flow::Flow& flow) {
  uint32_t taken = sessions_.take();
  if (taken == 0 && oldest_ != 0) {
    shed_oldest();
    taken = sessions_.take();
  }
  if (taken == 0) return 0;
  Session& session = sessions_[taken];
  session.flow = handle;
  flow.session = static_cast<uint16_t>(taken);
  session.older = newest_;
  (newest_ != 0 ? sessions_[newest_].newer : oldest_) = taken;
  newest_ = taken;
  if (flow.dissector != flow::Flow::kNoDissector) {
    const ExwireDissectorApi& api = *dissectors_[flow.dissector].api;
    api.create(session.state.data());
    api.wake(session.state.data(), flow.parked.data());
    session.dissecting = true;
    for (size_t side = 0; side < 2; ++side) session.stream[side].set_skip(flow.skip_left[side]);
  }
  return taken;
}

void Inspector::sleep_if_idle(flow::Flow& flow) {
  const uint32_t handle = flow.session;
  Session& session = sessions_[handle];
  // A handshake that is gathered has yet to be told: behind a gap both sides rest, too.
  if (session.candidate != 0 || session.handshake != 0) return;
  for (size_t side = 0; side < 2; ++side) {
    if (!session.stream[side].idle() || !session.resting[side] || session.building[side] != 0 ||
        session.fin_at[side] >= 0 ||
        session.urgent_at[side] >= static_cast<int64_t>(flow.direction[side].stream_octets) ||
        session.stream[side].skip_left() > 0xffffffffU) {
      return;
    }
  }
  if (session.dissecting) {
    const ExwireDissectorApi& api = *dissectors_[flow.dissector].api;
    api.sleep(session.state.data(), flow.parked.data());
    for (size_t side = 0; side < 2; ++side) {
      flow.skip_left[side] = static_cast<uint32_t>(session.stream[side].skip_left());
    }
  }
  release(flow);
}

// Gives a session back; what is to be remembered has been parked before.
void Inspector::release(flow::Flow& flow) {
  const uint32_t handle = flow.session;
  Session& session = sessions_[handle];
  if (session.dissecting) dissectors_[flow.dissector].api->destroy(session.state.data());
  if (session.handshake != 0) handshakes_.give(session.handshake);
  session.handshake = 0;
  if (session.candidate != 0) labeller_->close(session.candidate);
  for (size_t side = 0; side < 2; ++side) {
    session.stream[side].clear(buffers_);
    if (session.building[side] != 0) transactions_.give(session.building[side]);
  }
  unlink(handle);
  sessions_.give(handle);
  flow.session = 0;
}

void Inspector::shed_oldest() {
  Session& session = sessions_[oldest_];
  flow::Flow& flow = flows_[session.flow];
  const uint32_t owner = session.flow;
  flow.mark(flow::kTrackingLost);
  finish_all(owner, flow);
  if (++counters_.sessions_shed == 1) {
    report(owner, flow, kShedAnomaly,
           {"stream", "exwire.session_shed", nullptr, Direction::to_server});
  }
  const bool dissected = session.dissecting;
  release(flow);
  if (dissected) {
    flow.dissector = flow::Flow::kNoDissector;
    flow.skip_left = {};
    flow.work = flow::kWorkIdentify | flow::kWorkDissectToServer | flow::kWorkDissectToClient;
  }
}

// A buffer was refused: holes of the streams unused for longest are given up until there is some
// room again. Their flows go on.
void Inspector::shed_holes(Timestamp now, uint64_t packet_number) {
  constexpr uint64_t kEnough = 1U << 20;
  constexpr int kMostLookedAt = 4096;
  refusals_ = buffer_budget_.refusals();
  uint64_t freed = 0;
  uint32_t next = oldest_;
  for (int count = 0; next != 0 && freed < kEnough && count < kMostLookedAt; ++count) {
    Session& session = sessions_[next];
    flow::Flow& flow = flows_[session.flow];
    next = session.newer;
    for (const Direction direction : {Direction::to_server, Direction::to_client}) {
      flow::Reassembler& stream = session.stream[static_cast<size_t>(direction)];
      if (!stream.has_hole()) continue;
      freed += stream.early_octets();
      ++counters_.reassembly.shed;
      Reader reader(*this, session.flow, flow, session, direction, now, packet_number);
      while (stream.has_hole()) {
        stream.give_up_hole(flow.of(direction), reader, buffers_, counters_.reassembly, now.ns);
      }
    }
  }
  if (freed == 0 && oldest_ != 0) shed_oldest();
}

void Inspector::touch(uint32_t handle) noexcept {
  if (handle == newest_) return;
  unlink(handle);
  Session& session = sessions_[handle];
  session.older = newest_;
  session.newer = 0;
  (newest_ != 0 ? sessions_[newest_].newer : oldest_) = handle;
  newest_ = handle;
}

void Inspector::unlink(uint32_t handle) noexcept {
  const Session& session = sessions_[handle];
  (session.older != 0 ? sessions_[session.older].newer : oldest_) = session.newer;
  (session.newer != 0 ? sessions_[session.newer].older : newest_) = session.older;
}

void Inspector::start_dissector(flow::Flow& flow, Session& session, uint8_t dissector) {
  dissectors_[dissector].api->create(session.state.data());
  session.dissecting = true;
  flow.dissector = dissector;
  flow.work = static_cast<uint8_t>(flow.work & ~flow::kWorkIdentify);
}

void Inspector::stop_dissector(flow::Flow& flow, Session& session) {
  if (!session.dissecting) return;
  dissectors_[flow.dissector].api->destroy(session.state.data());
  session.dissecting = false;
  session.resting = {true, true};
  flow.dissector = flow::Flow::kNoDissector;  // nobody is to be woken for this flow again
  flow.work = 0;
}

}  // namespace exwire::inspect
