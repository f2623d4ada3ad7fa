// SPDX-License-Identifier: BSD-3-Clause
// Runs loaded signatures over what dissectors publish: a request when its head is there, a response
// when its head is there, the front of a body, a TLS handshake when it is over; and over segments,
// alone and joined to the front of their stream.
#include <algorithm>
#include <bit>

#include "sensor/detect/rules/head_inputs.hpp"
#include "sensor/detect/rules/inputs.hpp"
#include "sensor/detect/rules/rule_set.hpp"
#include "sensor/detect/rules/search.hpp"
#include "sensor/detect/rules/speaker.hpp"
#include "sensor/detect/rules/stream_fronts.hpp"

namespace exwire::detect {
namespace {

using inspect::HttpTransaction;
using rules::Buffer;
using rules::Buffers;
using rules::Look;
using rules::Moment;
using rules::Rule;

std::span<const Buffers> one(const Buffers& buffers) noexcept {
  return {&buffers, 1};
}

class RuleMatcher final : public FlowDetector {
 public:
  RuleMatcher(const rules::ActiveRules& rules, std::shared_ptr<rules::Memory> memory)
      : rules_(rules), speaker_(std::move(memory)) {
    follow();
  }

  // Whatever is loaded now, other rules may take its place.
  DetectorInfo info() const noexcept override {
    return {"rules", kWantsRequests | kWantsResponses | kWantsBodies | kWantsTls | kWantsEnds |
                         kWantsPayload};
  }
  std::vector<const Signature*> signatures() const override {
    std::vector<const Signature*> all;
    for (const auto& moment : by_moment_) {
      for (const Rule* rule : moment) all.push_back(&rule->signature);
    }
    return all;
  }
  void request_head(const FlowContext& context, HttpTransaction& transaction,
                    FindingSink& sink) override {
    match_http(Moment::request, context, transaction, sink);
  }
  void response_head(const FlowContext& context, HttpTransaction& transaction,
                     FindingSink& sink) override {
    match_http(Moment::response, context, transaction, sink);
  }
  void http_body(const FlowContext& context, HttpTransaction& transaction, Direction direction,
                 FindingSink& sink) override {
    const bool request = direction == Direction::to_server;
    match_http(request ? Moment::request_body : Moment::response_body, context, transaction, sink);
  }
  void tls_handshake(const FlowContext& context, inspect::TlsHandshake& handshake,
                     FindingSink& sink) override {
    follow();
    if (handshake.flags & kExwireTlsComplete) encrypted_from_here(context.handle);
    if (at(Moment::handshake).empty()) return;
    const rules::TlsInputs inputs(handshake, rules_.set().index()->used());
    std::array<Buffers, 2> sides{inputs.buffers(false), inputs.buffers(true)};
    for (Buffers& buffers : sides) {
      server_name_.fill(buffers, Buffer::tls_sni, Buffer::tls_sni_dotted);
    }
    Look look{Moment::handshake, context};
    look.handshake = &handshake;
    match(look, "tls", sides, sink, [&](const Rule& rule, size_t) {
      Buffers buffers = sides[rule.client_certificate ? 1 : 0];
      return matches_names(rule, inputs, buffers, kNameLists);
    });
  }
  void payload(const FlowContext& context, const flow::Tracked& tracked, const wire::Packet& packet,
               std::string_view application, FindingSink& sink) override {
    follow();
    if (at(Moment::payload).empty() || tracked.keepalive) return;
    const bool readable = !encrypted(tracked.handle);
    if (!readable && !rules_.set().index()->at(Moment::payload).prefilter.always()) return;
    Look look{Moment::payload, context, tracked.direction};
    look.packet = &packet;
    bool grown = false;
    rules::StreamFronts::Front* front = nullptr;
    std::string_view text;
    if (readable) {
      text = packet.payload.text();
      front =
          fronts_->add(tracked.handle, tracked.direction, tracked.offset, packet.payload, grown);
    }
    const bool both = front != nullptr && grown && front->text() == text;
    Buffers buffers{};
    buffers[static_cast<size_t>(Buffer::payload)] = text;
    match(look, application, one(buffers), sink, [&](const Rule& rule, size_t number) {
      if (rule.stream_only && !both) return false;
      if (!search_.matches(rule, buffers)) return false;
      if (front != nullptr) front->tell_once(static_cast<uint32_t>(number));
      return true;
    });
    if (front == nullptr) return;
    front->application = application;
    if (both) {
      front->looked();
    } else if (grown && front->due()) {
      match_front(*front, look, sink);
    }
  }
  void anomaly(const FlowContext& context, const inspect::Anomaly& anomaly,
               FindingSink& sink) override {
    follow();
    if (at(Moment::event).empty() || anomaly.protocol == nullptr) return;
    match({Moment::event, context, anomaly.direction}, anomaly.protocol, {}, sink,
          [&](const Rule& rule, size_t) { return rule.event == anomaly.event; });
  }
  // What came since the last search, of streams that were searched seldom.
  void flow_ended(const FlowContext& context, flow::EndReason, FindingSink& sink) override {
    if (encrypted(context.handle)) encrypted_[context.handle] = false;
    follow();
    if (!fronts_) return;
    for (const Direction direction : {Direction::to_server, Direction::to_client}) {
      rules::StreamFronts::Front* front = fronts_->find(context.handle, direction);
      if (front == nullptr || front->size == front->looked_at) continue;
      match_front(*front, {Moment::payload, context, direction}, sink);
    }
    fronts_->forget(context.handle);
  }
  uint64_t overflow() const noexcept override { return speaker_.overflow(); }

 private:
  // Takes over the set in force when it has changed.
  void follow() {
    if (version_ != rules_.version()) take_over();
  }
  void take_over() {
    version_ = rules_.version();
    const rules::RuleIndex& index = *rules_.set().index();
    for (size_t moment = 0; moment < rules::kMomentCount; ++moment) {
      const auto& all = index.at(static_cast<Moment>(moment));
      by_moment_[moment].clear();
      for (const uint32_t place : all.places) {
        by_moment_[moment].push_back(rules_.set().rules()[place].get());
      }
      scratch_[moment] = rules::Prefilter::Scratch(all.prefilter);
    }
    // Made anew: what was told is remembered by numbers of the former set.
    fronts_ = at(Moment::payload).empty() ? nullptr : std::make_unique<rules::StreamFronts>();
  }

  // Ciphertext holds nothing that a content was written for: behind the handshake of TLS only what
  // packets are like is still looked at, as Suricata does (encryption-handling: track-only).
  bool encrypted(uint32_t handle) const noexcept {
    return handle < encrypted_.size() && encrypted_[handle];
  }
  void encrypted_from_here(uint32_t handle) {
    if (at(Moment::payload).empty()) return;
    if (handle >= encrypted_.size()) encrypted_.resize(std::bit_ceil(size_t{handle} + 1));
    encrypted_[handle] = true;
  }

  std::vector<const Rule*>& at(Moment moment) noexcept {
    return by_moment_[static_cast<size_t>(moment)];
  }

  void match_http(Moment moment, const FlowContext& context, const HttpTransaction& transaction,
                  FindingSink& sink) {
    follow();
    if (at(moment).empty()) return;
    Buffers buffers = rules::buffers_of(transaction, moment);
    host_.fill(buffers, Buffer::http_host, Buffer::http_host_dotted);
    head_.fill(buffers, transaction.head, moment, rules_.set().index()->at(moment).used);
    Look look{moment, context};
    look.transaction = &transaction;
    match(look, "http", one(buffers), sink,
          [&](const Rule& rule, size_t) { return search_.matches(rule, buffers); });
  }

  void match_front(rules::StreamFronts::Front& front, const Look& look, FindingSink& sink) {
    front.looked();
    Buffers buffers{};
    buffers[static_cast<size_t>(Buffer::payload)] = front.text();
    match(look, front.application, one(buffers), sink, [&](const Rule& rule, size_t number) {
      return !rule.packets_only && search_.matches(rule, buffers) &&
             front.tell_once(static_cast<uint32_t>(number));
    });
  }

  // Of each list of names one must fit the rule, looked at alone.
  static constexpr std::array kNameLists = {Buffer::tls_alpn, Buffer::tls_subject_alt_name};
  bool matches_names(const Rule& rule, const rules::TlsInputs& inputs, Buffers& buffers,
                     std::span<const Buffer> lists) {
    if (lists.empty()) return search_.matches(rule, buffers);
    const Buffer list = lists.front();
    if (!rule.uses(list)) return matches_names(rule, inputs, buffers, lists.subspan(1));
    const std::vector<std::string_view> names = inputs.names(list, rule.client_certificate);
    return std::any_of(names.begin(), names.end(), [&](std::string_view name) {
      buffers[static_cast<size_t>(list)] = name;
      return matches_names(rule, inputs, buffers, lists.subspan(1));
    });
  }

  template <class Matches>
  void match(const Look& look, std::string_view application, std::span<const Buffers> sets,
             FindingSink& sink, Matches matches) {
    const auto moment = static_cast<size_t>(look.moment);
    const rules::RuleIndex& index = *rules_.set().index();
    bool passed = index.passes() && speaker_.passed(look.context);
    speaker_.begin();
    search_.begin();
    index.at(look.moment).prefilter.candidates(sets, scratch_[moment], [&](size_t number) {
      const Rule& rule = *by_moment_[moment][number];
      if (passed || !applies(rule, look, application) || !numbers_hold(rule, look)) return;
      // Bits may be worth waiting for when all else fits; of payload, a match is told by then.
      const bool bits_first = look.moment == Moment::payload;
      if (bits_first && !speaker_.bits_allow(rule, look, sink)) return;
      if (!matches(rule, number)) return;
      if (!bits_first && !speaker_.bits_allow(rule, look, sink)) return;
      passed = rule.pass;  // these come first
      if (passed) return speaker_.pass(look.context);
      speaker_.conclude(rule, look, sink);
    });
  }

  static bool numbers_hold(const Rule& rule, const Look& look) noexcept {
    return std::all_of(rule.numbers.begin(), rule.numbers.end(),
                       [&](const auto& check) {
                         return check.holds(rules::number_of(check.number, look));
                       }) &&
           std::all_of(rule.flags.begin(), rule.flags.end(), [&](const auto& check) {
             return look.packet != nullptr && check.holds(look.packet->tcp_flags);
           });
  }

  const rules::ActiveRules& rules_;
  uint64_t version_ = 0;  ///< of the set in force, none yet
  std::array<std::vector<const Rule*>, rules::kMomentCount> by_moment_;
  std::array<rules::Prefilter::Scratch, rules::kMomentCount> scratch_;
  rules::HeadInputs head_;
  rules::DottedName host_, server_name_;
  rules::Search search_;
  rules::Speaker speaker_;
  std::unique_ptr<rules::StreamFronts> fronts_;  ///< where some rule looks into payload
  std::vector<bool> encrypted_;                  ///< flows by handle
};

}  // namespace

std::unique_ptr<FlowDetector> make_rule_matcher(const rules::ActiveRules& rules,
                                                std::shared_ptr<rules::Memory> memory) {
  return std::make_unique<RuleMatcher>(rules, std::move(memory));
}

}  // namespace exwire::detect
