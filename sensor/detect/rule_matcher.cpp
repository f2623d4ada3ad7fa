// SPDX-License-Identifier: BSD-3-Clause
// Runs loaded signatures over what dissectors publish: a request when its head is there, a response
// when its head is there, a TLS handshake when it is over. The alert says which rule matched and
// where, never what: rules may look for secrets.
#include <algorithm>

#include "sensor/base/siphash.hpp"
#include "sensor/detect/rules/head_inputs.hpp"
#include "sensor/detect/rules/inputs.hpp"
#include "sensor/detect/rules/memory.hpp"
#include "sensor/detect/rules/rule_set.hpp"
#include "sensor/detect/rules/search.hpp"

namespace exwire::detect {
namespace {

using inspect::HttpField;
using inspect::HttpTransaction;
using rules::Bit;
using rules::Buffer;
using rules::Buffers;
using rules::Moment;
using rules::Rate;
using rules::Rule;

// A bit of a connection is worth nothing when it is over; the table forgets it after this time.
constexpr int64_t kFlowBitLifetimeNs = 7200 * kNanosPerSecond;

/// The ends of the conversation as the rule's direction sees them.
struct Ends {
  const wire::Address& source;
  const wire::Address& destination;
  uint16_t source_port, destination_port;
};

Ends ends_of(const flow::Flow& flow, bool to_client) noexcept {
  if (to_client) return {flow.server(), flow.client(), flow.server_port(), flow.client_port()};
  return {flow.client(), flow.server(), flow.client_port(), flow.server_port()};
}

bool covers(const Rule& rule, const Ends& ends, uint8_t version) noexcept {
  return rule.source_port.covers(ends.source_port) &&
         rule.destination_port.covers(ends.destination_port) &&
         rule.source.covers(ends.source, version) &&
         rule.destination.covers(ends.destination, version);
}

uint64_t key_of(uint64_t name, const Ends& ends, bool source, bool destination) noexcept {
  SipHash13 hash{HashKey{}};
  hash.word(name);
  if (source) hash.octets(ends.source.data(), ends.source.size());
  if (destination) hash.octets(ends.destination.data(), ends.destination.size());
  return hash.finish();
}

class RuleMatcher final : public FlowDetector {
 public:
  explicit RuleMatcher(const rules::ActiveRules& rules) : rules_(rules) { follow(); }

  // Whatever is loaded now, other rules may take its place.
  DetectorInfo info() const noexcept override { return {"rules", kWantsHttp | kWantsTls}; }
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
    if (at(Moment::handshake).empty()) return;
    const rules::TlsInputs inputs(handshake, rules_.set().index()->used());
    std::array<Buffers, 2> sides{inputs.buffers(false), inputs.buffers(true)};
    for (Buffers& buffers : sides) {
      server_name_.fill(buffers, Buffer::tls_sni, Buffer::tls_sni_dotted);
    }
    match({Moment::handshake, context, nullptr, &handshake}, sides, sink, [&](const Rule& rule) {
      Buffers buffers = sides[rule.client_certificate ? 1 : 0];
      return matches_names(rule, inputs, buffers, 0);
    });
  }

 private:
  // Takes over the set in force when it has changed.
  void follow() {
    if (version_ == rules_.version()) return;
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
  }

  std::vector<const Rule*>& at(Moment moment) noexcept {
    return by_moment_[static_cast<size_t>(moment)];
  }

  /// What is looked at: a message or a handshake, the other is null.
  struct Look {
    Moment moment;
    const FlowContext& context;
    const HttpTransaction* transaction;
    const inspect::TlsHandshake* handshake;
  };

  void match_http(Moment moment, const FlowContext& context, const HttpTransaction& transaction,
                  FindingSink& sink) {
    follow();
    if (at(moment).empty()) return;
    Buffers buffers = rules::buffers_of(transaction, moment);
    host_.fill(buffers, Buffer::http_host, Buffer::http_host_dotted);
    head_.fill(buffers, transaction.head, moment, rules_.set().index()->used());
    match({moment, context, &transaction, nullptr}, {&buffers, 1}, sink,
          [&](const Rule& rule) { return search_.matches(rule, buffers); });
  }

  // Of a list of names one must fit the rule, each looked at alone.
  bool matches_names(const Rule& rule, const rules::TlsInputs& inputs, Buffers& buffers,
                     size_t list) {
    static constexpr Buffer kLists[] = {Buffer::tls_alpn, Buffer::tls_subject_alt_name};
    if (list == std::size(kLists)) return search_.matches(rule, buffers);
    if (!rule.uses(kLists[list])) return matches_names(rule, inputs, buffers, list + 1);
    for (const std::string_view name : inputs.names(kLists[list], rule.client_certificate)) {
      buffers[static_cast<size_t>(kLists[list])] = name;
      if (matches_names(rule, inputs, buffers, list + 1)) return true;
    }
    return false;
  }

  template <class Matches>
  void match(const Look& look, std::span<const Buffers> sets, FindingSink& sink, Matches matches) {
    const FlowContext& context = look.context;
    const uint8_t version = context.flow.key.ip_version;
    const auto moment = static_cast<size_t>(look.moment);
    const rules::Prefilter& prefilter = rules_.set().index()->at(look.moment).prefilter;
    prefilter.candidates(sets, scratch_[moment], [&](size_t number) {
      const Rule& rule = *by_moment_[moment][number];
      const Ends ends = ends_of(context.flow, rule.to_client);
      const bool applies =
          covers(rule, ends, version) ||
          (rule.both_ways && covers(rule, ends_of(context.flow, !rule.to_client), version));
      if (!applies || !numbers_hold(rule, look) || !matches(rule) ||
          !bits_allow(rule, ends, context)) {
        return;
      }
      change_bits(rule, ends, context);
      if (!rule.silent && may_speak(rule, ends, context.now)) tell(rule, look, sink);
    });
  }

  static bool numbers_hold(const Rule& rule, const Look& look) noexcept {
    return std::all_of(rule.numbers.begin(), rule.numbers.end(), [&](const auto& check) {
      return check.holds(rules::number_of(check.number, look.context, look.handshake));
    });
  }
  static uint64_t key_of_bit(const Bit& bit, const Ends& ends, const flow::Flow& flow) noexcept {
    if (bit.scope == Bit::Scope::flow) {
      SipHash13 hash{HashKey{}};
      hash.word(bit.name);
      hash.word(flow_id(flow));
      return hash.finish();
    }
    return key_of(bit.name, ends, bit.scope != Bit::Scope::destination,
                  bit.scope != Bit::Scope::source);
  }
  bool bits_allow(const Rule& rule, const Ends& ends, const FlowContext& context) const noexcept {
    return std::all_of(rule.bits.begin(), rule.bits.end(), [&](const Bit& bit) {
      if (!bit.asks()) return true;
      const bool is_set = memory_.is_set(key_of_bit(bit, ends, context.flow), context.now);
      return is_set == (bit.action == Bit::Action::isset);
    });
  }
  void change_bits(const Rule& rule, const Ends& ends, const FlowContext& context) noexcept {
    for (const Bit& bit : rule.bits) {
      if (bit.asks()) continue;
      const uint64_t key = key_of_bit(bit, ends, context.flow);
      const bool clear = bit.action == Bit::Action::unset ||
                         (bit.action == Bit::Action::toggle && memory_.is_set(key, context.now));
      if (clear) {
        memory_.unset(key);
      } else {
        memory_.set(key, bit.scope == Bit::Scope::flow ? kFlowBitLifetimeNs : bit.lifetime_ns,
                    context.now);
      }
    }
  }
  bool may_speak(const Rule& rule, const Ends& ends, Timestamp now) noexcept {
    if (rule.rate.kind == Rate::Kind::none) return true;
    const Rate::Track track = rule.rate.track;
    const bool source = track == Rate::Track::by_src || track == Rate::Track::by_both;
    const bool destination = track == Rate::Track::by_dst || track == Rate::Track::by_both;
    const uint64_t name = uint64_t{rule.group} << 32 | rule.sid;
    return memory_.may_speak(rule.rate, key_of(name, ends, source, destination), now);
  }

  static void tell(const Rule& rule, const Look& look, FindingSink& sink) {
    const FlowContext& context = look.context;
    const HttpTransaction* transaction = look.transaction;
    const flow::Flow& flow = context.flow;
    Finding finding;
    finding.signature = &rule.signature;
    finding.severity = rule.signature.severity;
    finding.when = finding.first_seen = finding.last_seen = context.now;
    finding.packet = context.packet;
    finding.http = transaction;
    finding.tls = look.handshake;
    finding.story = key_of(uint64_t{rule.group} << 32 | rule.sid, ends_of(flow, false), true, true);
    if (transaction != nullptr) {
      const std::string_view uri = transaction->text(HttpField::uri);
      finding.facts.add("url_path", uri.substr(0, uri.find('?')));
      finding.facts.add("method", transaction->text(HttpField::method));
      if (transaction->response_seen) finding.facts.add("status_code", transaction->status());
    }
    sink.found(context, finding);
  }

  const rules::ActiveRules& rules_;
  uint64_t version_ = 0;  ///< of the set in force, none yet
  std::array<std::vector<const Rule*>, rules::kMomentCount> by_moment_;
  std::array<rules::Prefilter::Scratch, rules::kMomentCount> scratch_;
  rules::HeadInputs head_;
  rules::DottedName host_, server_name_;
  rules::Search search_;
  rules::Memory memory_;
};

}  // namespace

std::unique_ptr<FlowDetector> make_rule_matcher(const rules::ActiveRules& rules) {
  return std::make_unique<RuleMatcher>(rules);
}

}  // namespace exwire::detect
