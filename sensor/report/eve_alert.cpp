// SPDX-License-Identifier: BSD-3-Clause
#include "sensor/report/eve.hpp"
#include "sensor/report/event_uid.hpp"

namespace exwire::report {

void EveEncoder::alert(const Event& event, const AlertBody& body) {
  const detect::Finding& finding = *body.finding;
  const detect::Signature& signature = *finding.signature;
  const flow::Flow& flow = *event.flow;
  json_.object("alert");
  json_.text("action", "allowed").number("gid", 1);
  json_.number("signature_id", signature.sid).number("rev", signature.revision);
  json_.text("signature", signature.text).text("category", signature.category);
  json_.number("severity", finding.severity);
  json_.object("context").object("exchange");
  json_.text("uid", event_uid(settings_.uid_scope, flow, finding));
  if (finding.phase != detect::Phase::once) json_.text("state", to_text(finding.phase));
  for (uint32_t index = 0; index < finding.facts.size(); ++index) {
    const detect::Facts::Fact fact = finding.facts[index];
    if (fact.is_number) {
      json_.number(fact.name, fact.number);
    } else {
      json_.text(fact.name, fact.text);
    }
  }
  std::array<char, 40> time;
  json_.unsigned_number("occurrences", finding.occurrences);
  json_.text("first_seen", timestamp_text(finding.first_seen, time));
  json_.text("last_seen", timestamp_text(finding.last_seen, time));
  json_.text("advice", signature.advice);
  json_.object("quality");
  json_.boolean("midstream", flow.has(flow::kMidstream));
  json_.boolean("one_sided", flow.one_sided());
  json_.boolean("gap", flow.has(flow::kGapToServer | flow::kGapToClient));
  json_.close().close().close();
  json_.close();
  json_.text("direction", "to_server");
  if (finding.http != nullptr) {
    json_.unsigned_number("tx_id", finding.http->number);
    http_object(*finding.http);
  }
  json_.object("flow");
  flow_counters(flow);
  json_.close();
}

}  // namespace exwire::report
