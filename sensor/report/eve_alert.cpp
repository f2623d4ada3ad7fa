// SPDX-License-Identifier: BSD-3-Clause
#include "sensor/report/eve.hpp"
#include "sensor/report/event_uid.hpp"

namespace exwire::report {
namespace {

void notes_of(JsonWriter& json, const detect::SignatureNotes& notes) {
  if (!notes.metadata.empty()) {
    json.object("metadata");
    for (const auto& [key, values] : notes.metadata) {
      json.array(key.c_str());
      for (const std::string& value : values) json.element(value);
      json.close();
    }
    json.close();
  }
  if (!notes.references.empty()) {
    json.array("references");
    for (const std::string& reference : notes.references) json.element(reference);
    json.close();
  }
}

}  // namespace

void EveEncoder::alert(const Event& event, const AlertBody& body) {
  const detect::Finding& finding = *body.finding;
  const detect::Signature& signature = *finding.signature;
  const flow::Flow& flow = *event.flow;
  json_.object("alert");
  json_.plain("action", "allowed").number("gid", signature.group);
  json_.number("signature_id", signature.sid).number("rev", signature.revision);
  json_.text("signature", signature.text).text("category", signature.category);
  json_.number("severity", finding.severity);
  if (signature.notes != nullptr) notes_of(json_, *signature.notes);
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
  json_.unsigned_number("occurrences", finding.occurrences);
  json_.time("first_seen", time_, finding.first_seen);
  json_.time("last_seen", time_, finding.last_seen);
  json_.text("advice", signature.advice);
  json_.object("quality");
  json_.boolean("midstream", flow.has(flow::kMidstream));
  json_.boolean("one_sided", flow.one_sided());
  json_.boolean("gap", flow.has(flow::kGapToServer | flow::kGapToClient));
  if (event.quality != nullptr) {
    const CaptureQuality& point = *event.quality;
    const auto share = [](uint64_t part, uint64_t whole, uint64_t scale) {
      return whole == 0 ? 0 : part * scale / whole;
    };
    json_.object("capture");
    json_.unsigned_number("packets", point.packets);
    json_.unsigned_number("duplicates", point.duplicates);
    json_.unsigned_number("lost_ppm",
                          share(point.lost_octets, point.octets + point.lost_octets, 1'000'000));
    json_.unsigned_number("connections", point.connections);
    json_.unsigned_number("one_sided_percent", share(point.one_sided, point.connections, 100));
    json_.close();
  }
  json_.close().close().close();
  json_.close();
  json_.plain("direction", "to_server");
  if (finding.http != nullptr) {
    json_.unsigned_number("tx_id", finding.http->number);
    http_object(*finding.http);
  }
  if (finding.tls != nullptr) tls_object(*finding.tls);
  json_.object("flow");
  flow_counters(flow);
  json_.close();
}

}  // namespace exwire::report
