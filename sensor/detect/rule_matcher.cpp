// SPDX-License-Identifier: BSD-3-Clause
// Runs loaded signatures over what dissectors publish: a request when its head is there, a response
// when its head is there, a TLS handshake when it is over. The alert says which rule matched and
// where, never what: rules may look for secrets.
#include <algorithm>

#include "sensor/base/siphash.hpp"
#include "sensor/detect/detector.hpp"
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

Buffers buffers_of(const HttpTransaction& transaction, Moment moment) noexcept {
  Buffers buffers{};
  const auto put = [&](Buffer buffer, HttpField field) {
    if (transaction.has(field)) buffers[static_cast<size_t>(buffer)] = transaction.text(field);
  };
  const bool response = moment == Moment::response;
  put(Buffer::http_method, HttpField::method);
  put(Buffer::http_uri, HttpField::uri);
  put(Buffer::http_uri_raw, HttpField::uri_raw);
  put(Buffer::http_host, HttpField::host);
  put(Buffer::http_user_agent, HttpField::user_agent);
  put(Buffer::http_referer, HttpField::referer);
  put(Buffer::http_content_type,
      response ? HttpField::response_content_type : HttpField::content_type);
  put(Buffer::http_protocol, response ? HttpField::response_protocol : HttpField::protocol);
  if (response) {
    put(Buffer::http_stat_code, HttpField::stat_code);
    put(Buffer::http_stat_msg, HttpField::stat_msg);
    put(Buffer::http_location, HttpField::location);
    put(Buffer::http_server, HttpField::server);
  }
  return buffers;
}

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
  explicit RuleMatcher(const rules::RuleSet& set) {
    for (const auto& rule : set.rules()) at(rule->moment).push_back(rule.get());
    // A bit is set before it is asked for, as Suricata orders rules.
    for (auto& all : by_moment_) {
      std::stable_partition(all.begin(), all.end(), [](const Rule* rule) {
        return std::none_of(rule->bits.begin(), rule->bits.end(),
                            [](const Bit& bit) { return bit.asks(); });
      });
    }
  }

  DetectorInfo info() const noexcept override {
    uint32_t interests = 0;
    if (!by_moment_[0].empty() || !by_moment_[1].empty()) interests |= kWantsHttp;
    if (!by_moment_[2].empty()) interests |= kWantsTls;
    return {"rules", interests};
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
    match(Moment::request, buffers_of(transaction, Moment::request), context, &transaction, sink);
  }
  void response_head(const FlowContext& context, HttpTransaction& transaction,
                     FindingSink& sink) override {
    match(Moment::response, buffers_of(transaction, Moment::response), context, &transaction, sink);
  }
  void tls_handshake(const FlowContext& context, inspect::TlsHandshake& handshake,
                     FindingSink& sink) override {
    const std::string ja3 = ja3_text(handshake), ja3s = ja3s_text(handshake);
    const std::string ja3_hash = inspect::md5_hex(ja3), ja3s_hash = inspect::md5_hex(ja3s);
    const std::string ja4_hash = ja4(handshake);
    Buffers buffers{};
    const auto put = [&](Buffer buffer, std::string_view text) {
      buffers[static_cast<size_t>(buffer)] = text;
    };
    if (handshake.has(inspect::TlsField::sni)) {
      put(Buffer::tls_sni, handshake.text(inspect::TlsField::sni));
    }
    if (!ja3.empty()) {
      put(Buffer::ja3_string, ja3);
      put(Buffer::ja3_hash, ja3_hash);
    }
    if (!ja3s.empty()) {
      put(Buffer::ja3s_string, ja3s);
      put(Buffer::ja3s_hash, ja3s_hash);
    }
    if (!ja4_hash.empty()) put(Buffer::ja4_hash, ja4_hash);
    match(Moment::handshake, buffers, context, nullptr, sink);
  }

 private:
  std::vector<const Rule*>& at(Moment moment) noexcept {
    return by_moment_[static_cast<size_t>(moment)];
  }

  void match(Moment moment, const Buffers& buffers, const FlowContext& context,
             const HttpTransaction* transaction, FindingSink& sink) {
    const flow::Flow& flow = context.flow;
    const uint8_t version = flow.key.ip_version;
    for (const Rule* rule : at(moment)) {
      const Ends ends = ends_of(flow, rule->to_client);
      const bool applies =
          covers(*rule, ends, version) ||
          (rule->both_ways && covers(*rule, ends_of(flow, !rule->to_client), version));
      if (!applies || !search_.matches(*rule, buffers) || !bits_allow(*rule, ends, context)) {
        continue;
      }
      change_bits(*rule, ends, context);
      if (!rule->silent && may_speak(*rule, ends, context.now)) {
        tell(*rule, context, transaction, sink);
      }
    }
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

  static void tell(const Rule& rule, const FlowContext& context, const HttpTransaction* transaction,
                   FindingSink& sink) {
    const flow::Flow& flow = context.flow;
    Finding finding;
    finding.signature = &rule.signature;
    finding.severity = rule.signature.severity;
    finding.when = finding.first_seen = finding.last_seen = context.now;
    finding.packet = context.packet;
    finding.http = transaction;
    finding.story = key_of(uint64_t{rule.group} << 32 | rule.sid, ends_of(flow, false), true, true);
    if (transaction != nullptr) {
      const std::string_view uri = transaction->text(HttpField::uri);
      finding.facts.add("url_path", uri.substr(0, uri.find('?')));
      finding.facts.add("method", transaction->text(HttpField::method));
      if (transaction->response_seen) finding.facts.add("status_code", transaction->status());
    }
    sink.found(context, finding);
  }

  std::array<std::vector<const Rule*>, 3> by_moment_;
  rules::Search search_;
  rules::Memory memory_;
};

}  // namespace

std::unique_ptr<FlowDetector> make_rule_matcher(const rules::RuleSet& rules) {
  return std::make_unique<RuleMatcher>(rules);
}

}  // namespace exwire::detect
