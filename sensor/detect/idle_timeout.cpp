// SPDX-License-Identifier: BSD-3-Clause
// The flow half of the idle timeout: what each connection to a watched port says about boxes that
// forget idle connections (idle_gaps), whether it is Direct Push (push_shape), and an interim
// record of those that live and say nothing. Judged across connections in idle_paths.cpp.
#include "sensor/detect/idle_gaps.hpp"

namespace exwire::detect {
namespace {

class IdleTimeout final : public FlowDetector {
 public:
  IdleTimeout(const PushSettings& settings, std::shared_ptr<PushShape> push)
      : interim_ns_(settings.interim_ns), push_(std::move(push)), gaps_(settings, *push_) {}

  DetectorInfo info() const noexcept override {
    return {"idle_timeout", kWantsSegments | kWantsTimers | kWantsEnds | kWantsHttp,
            IdleMemory::kOctets};
  }
  std::vector<const Signature*> signatures() const override { return {}; }

  void segment(const FlowContext& context, const flow::Tracked& tracked, const wire::Packet& packet,
               FindingSink& sink) override {
    if (!gaps_.goes_on(context, tracked, packet)) look(context, tracked, packet, sink);
  }

  void request_head(const FlowContext& context, inspect::HttpTransaction& transaction,
                    FindingSink&) override {
    with_memory(context, [&](IdleMemory& memory) { push_->begun(transaction, memory); });
  }

  void http_body(const FlowContext& context, inspect::HttpTransaction& transaction,
                 Direction direction, FindingSink&) override {
    if (direction != Direction::to_server) return;
    with_memory(context, [&](IdleMemory& memory) { push_->body(transaction, memory); });
  }

  void transaction_over(const FlowContext& context, inspect::HttpTransaction& transaction,
                        FindingSink& sink) override {
    with_memory(context,
                [&](IdleMemory& memory) { push_->over(context, transaction, memory, sink); });
  }

  void flow_timer(const FlowContext& context, FindingSink& sink) override {
    IdleMemory memory = IdleMemory::of(context);
    gaps_.timer(context, memory, sink);
    memory.store(context);
    if (!context.flow.has(flow::kWatched)) return;
    int64_t since = context.flow.last_seen().ns;
    if (context.now.ns - since >= interim_ns_) {
      sink.still_silent(context);
      since = context.now.ns;
    }
    sink.wake_at(context, {since + interim_ns_});
  }

  void flow_ended(const FlowContext& context, flow::EndReason, FindingSink& sink) override {
    IdleMemory memory = IdleMemory::of(context);
    gaps_.ended(context, memory, sink);
    memory.store(context);
  }

  void describe(const FlowContext& context, FlowNumbers& numbers) const noexcept override {
    const IdleMemory memory = IdleMemory::of(context);
    numbers.idle_gap_max_s = memory.longest_s;
    push_->describe(memory, numbers);
  }

 private:
  // Apart from segment(), so that most packets save no registers.
  [[gnu::noinline]] void look(const FlowContext& context, const flow::Tracked& tracked,
                              const wire::Packet& packet, FindingSink& sink) const {
    IdleMemory memory = IdleMemory::of(context);
    if (!memory.has(IdleMemory::kSeen)) {
      memory.set(IdleMemory::kSeen, true);
      greet(context, sink);
    } else if (!memory.has(IdleMemory::kInFlight)) {
      const uint32_t seconds = std::min(silence(tracked, packet) / 1000, IdleMemory::kLongest);
      if (seconds > memory.longest_s) memory.longest_s = seconds & IdleMemory::kLongest;
    }
    gaps_.segment(context, tracked, packet, memory, sink);
    memory.store(context);
  }

  template <class Change>
  static void with_memory(const FlowContext& context, Change&& change) {
    if (context.facts.size() < IdleMemory::kOctets) return;  // of no flow in a table
    IdleMemory memory = IdleMemory::of(context);
    change(memory);
    memory.store(context);
  }

  void greet(const FlowContext& context, FindingSink& sink) const {
    const flow::Flow& flow = context.flow;
    if (!flow.has(flow::kWatched)) return;
    sink.wake_at(context, {context.now.ns + interim_ns_});
    // Where only the server is seen, its SYN-ACK is the beginning.
    const bool begins =
        !flow.has(flow::kMidstream) || (flow.of(Direction::to_client).tcp_flags & wire::kSyn) != 0;
    if (begins && !flow.has(flow::kUncertainRoles)) {
      tell(context, IdleGapKind::opened, {}, sink);
    }
  }

  const int64_t interim_ns_;
  std::shared_ptr<PushShape> push_;
  IdleGaps gaps_;
};

}  // namespace

std::unique_ptr<FlowDetector> make_idle_timeout(const Site& site, std::shared_ptr<PushShape> push) {
  return std::make_unique<IdleTimeout>(site.push, std::move(push));
}

}  // namespace exwire::detect
