// SPDX-License-Identifier: BSD-3-Clause
#include "sensor/detect/rules/speaker.hpp"

#include <algorithm>

#include "sensor/base/siphash.hpp"
#include "sensor/detect/exchange_endpoints.hpp"

namespace exwire::detect::rules {
namespace {

using inspect::HttpField;

// A bit of a connection is worth nothing when it is over; the table forgets it after this time.
constexpr int64_t kFlowBitLifetimeNs = 7200 * kNanosPerSecond;
constexpr uint64_t kPassed = 0x70617373;  // no name of a bit: those are hashes

uint64_t key_of(uint64_t name, const Ends& ends, bool source, bool destination) noexcept {
  SipHash13 hash{HashKey{}};
  hash.word(name);
  // Two ends are a pair, the same in both directions.
  const bool swapped = source && destination && ends.destination < ends.source;
  const wire::Address& first = swapped ? ends.destination : ends.source;
  const wire::Address& second = swapped ? ends.source : ends.destination;
  if (source) hash.octets(first.data(), first.size());
  if (destination) hash.octets(second.data(), second.size());
  return hash.finish();
}

uint64_t key_of(uint64_t name, const flow::Flow& flow) noexcept {
  SipHash13 hash{HashKey{}};
  hash.word(name);
  hash.word(flow_id(flow));
  return hash.finish();
}

uint64_t key_of(uint64_t name, const Bit& bit, const Ends& ends, const flow::Flow& flow) noexcept {
  if (bit.scope == Bit::Scope::flow) return key_of(name, flow);
  return key_of(name, ends, bit.scope != Bit::Scope::destination, bit.scope != Bit::Scope::source);
}

uint64_t name_of(const Rule& rule) noexcept {
  return uint64_t{rule.group} << 32 | rule.sid;
}

bool suppressed(const Rule& rule, const Ends& ends, uint8_t version) noexcept {
  using Track = Suppression::Track;
  return std::any_of(rule.suppressions.begin(), rule.suppressions.end(), [&](const auto& one) {
    const bool source = one.track != Track::by_dst && one.addresses.covers(ends.source, version);
    const bool destination =
        one.track != Track::by_src && one.addresses.covers(ends.destination, version);
    return one.track == Track::everything || source || destination;
  });
}

void tell(const Rule& rule, const Look& look, FindingSink& sink) {
  const FlowContext& context = look.context;
  rule.told.store(true, std::memory_order_relaxed);
  Finding finding = Finding::of(rule.signature, context.now, context.packet);
  finding.http = look.transaction;
  finding.tls = look.handshake;
  finding.story = key_of(name_of(rule), ends_of(context.flow, false), true, true);
  const FactsBy source([&look](Facts& facts) {
    const inspect::HttpTransaction* transaction = look.transaction;
    if (transaction == nullptr) return;
    facts.add("url_path", path_of(*transaction));
    facts.add("method", transaction->text(HttpField::method));
    if (transaction->response_seen) facts.add("status_code", transaction->status());
  });
  finding.source = &source;
  sink.found(context, finding);
}

void change(const Bit& bit, uint64_t key, int64_t lifetime_ns, Timestamp now,
            Memory& memory) noexcept {
  const bool clear = bit.action == Bit::Action::unset ||
                     (bit.action == Bit::Action::toggle && memory.is_set(key, now));
  if (clear) {
    memory.unset(key);
  } else {
    memory.set(key, lifetime_ns, now);
  }
}

void set_bit(void* memory, uint64_t key, int64_t lifetime_ns, Timestamp now) noexcept {
  static_cast<Memory*>(memory)->set(key, lifetime_ns, now);
}

}  // namespace

Memory& Speaker::memory_for(const Bit& bit, FindingSink& sink) const noexcept {
  if (bit.scope == Bit::Scope::flow) return own_;
  sink.take_turn();
  return *common_;
}

bool Speaker::bits_allow(const Rule& rule, const Look& look, FindingSink& sink) const noexcept {
  if (rule.bits.empty()) return true;
  const Ends ends = ends_of(rule, look);
  return std::all_of(rule.bits.begin(), rule.bits.end(), [&](const Bit& bit) {
    if (!bit.asks()) return true;
    const Memory& memory = memory_for(bit, sink);
    return std::any_of(bit.names.begin(), bit.names.end(), [&](uint64_t name) {
      const uint64_t key = key_of(name, bit, ends, look.context.flow);
      return memory.is_set(key, look.context.now) == (bit.action == Bit::Action::isset);
    });
  });
}

// Bits are left even when nothing is said (Suricata: noalert, suppress, threshold).
void Speaker::conclude(const Rule& rule, const Look& look, FindingSink& sink) {
  const Ends ends = ends_of(rule, look);
  const bool filtered = rule.rate.kind == Rate::Kind::filter;
  // detection_filter decides whether the rule matches at all, threshold only whether it speaks.
  if (filtered && !may_speak(rule, ends, look.context, sink)) return;
  change_bits(rule, look, sink);
  if (rule.silent || suppressed(rule, ends, look.context.flow.key.ip_version)) return;
  if (!filtered && !may_speak(rule, ends, look.context, sink)) return;
  if (told_ == kMostAlerts) {
    ++overflow_;
    return;
  }
  ++told_;
  tell(rule, look, sink);
}

void Speaker::change_bits(const Rule& rule, const Look& look, FindingSink& sink) noexcept {
  if (rule.bits.empty()) return;
  const Ends ends = ends_of(rule, look);
  const Timestamp now = look.context.now;
  for (const Bit& bit : rule.bits) {
    if (bit.asks()) continue;
    const uint64_t key = key_of(bit.names.front(), bit, ends, look.context.flow);
    if (bit.scope == Bit::Scope::flow) {
      change(bit, key, kFlowBitLifetimeNs, now, own_);
    } else if (bit.action == Bit::Action::set) {
      sink.leave({set_bit, common_.get(), key, bit.lifetime_ns, now});
    } else {
      sink.take_turn();
      change(bit, key, bit.lifetime_ns, now, *common_);
    }
  }
}

bool Speaker::may_speak(const Rule& rule, const Ends& ends, const FlowContext& context,
                        FindingSink& sink) noexcept {
  if (rule.rate.kind == Rate::Kind::none) return true;
  const Rate::Track track = rule.rate.track;
  const bool source = track == Rate::Track::by_src || track == Rate::Track::by_both;
  const bool destination = track == Rate::Track::by_dst || track == Rate::Track::by_both;
  if (track == Rate::Track::by_flow) {
    return own_.may_speak(rule.rate, key_of(name_of(rule), context.flow), context.now);
  }
  sink.take_turn();
  return common_->may_speak(rule.rate, key_of(name_of(rule), ends, source, destination),
                            context.now);
}

void Speaker::pass(const FlowContext& context) noexcept {
  own_.set(key_of(kPassed, context.flow), kFlowBitLifetimeNs, context.now);
}

bool Speaker::passed(const FlowContext& context) const noexcept {
  return own_.is_set(key_of(kPassed, context.flow), context.now);
}

}  // namespace exwire::detect::rules
