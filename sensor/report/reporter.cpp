// SPDX-License-Identifier: BSD-3-Clause
#include "sensor/report/reporter.hpp"

#include <utility>

#include "sensor/report/redact.hpp"

namespace exwire::report {
namespace {

using inspect::HttpField;

constexpr std::array kAddresses{HttpField::uri_raw, HttpField::uri, HttpField::referer,
                                HttpField::location};

}  // namespace

// A copy with clean addresses. Made only when there is something to clean, which is rare.
inspect::HttpTransaction Reporter::redacted(const inspect::HttpTransaction& transaction) {
  inspect::HttpTransaction clean;
  for (const HttpField field : kAddresses) {
    if (transaction.has(field)) {
      clean.set(field, as_bytes(redact_uri(transaction.text(field), scratch_)));
    }
  }
  clean.merge(transaction);  // the fields already set stay as they are
  clean.copy_facts(transaction);
  return clean;
}

detect::Finding Reporter::shown(const detect::Finding& finding) const {
  detect::Finding shown = finding;
  shown.http = nullptr;
  if (!privacy_.all_clear()) shown.facts = privacy_.facts(finding.facts);
  return shown;
}

void Reporter::write(const Event& event, std::string_view source) {
  if (privacy_.all_clear()) return write_redacted(event, source);
  Event shown_event = event;
  if (const auto* alert = std::get_if<AlertBody>(&event.body)) {
    detect::Finding finding = shown(*alert->finding);
    shown_event.body = AlertBody{&finding};
    if (alert->finding->http == nullptr) return write_redacted(shown_event, source);
    const inspect::HttpTransaction transaction = privacy_.transaction(*alert->finding->http);
    finding.http = &transaction;
    return write_redacted(shown_event, source);
  }
  if (const auto* http = std::get_if<HttpBody>(&event.body)) {
    const inspect::HttpTransaction transaction = privacy_.transaction(*http->transaction);
    shown_event.body = HttpBody{&transaction};
    return write_redacted(shown_event, source);
  }
  write_redacted(event, source);
}

void Reporter::write_redacted(const Event& event, std::string_view source) {
  const inspect::HttpTransaction* transaction = nullptr;
  const auto* alert = std::get_if<AlertBody>(&event.body);
  if (alert != nullptr) transaction = alert->finding->http;
  if (const auto* http = std::get_if<HttpBody>(&event.body)) transaction = http->transaction;
  bool secret = false;
  if (transaction != nullptr) {
    std::string_view last;
    for (const HttpField field : kAddresses) {
      const std::string_view text = transaction->text(field);
      if (text == std::exchange(last, text)) continue;  // mostly the URI is as it was sent
      secret |= redact_uri(text, scratch_).data() != text.data();
    }
  }
  ++events_;
  if (!secret) {
    sink_.write(encoder_.encode(event, source));
    return;
  }
  const inspect::HttpTransaction clean = redacted(*transaction);
  Event safe = event;
  if (alert != nullptr) {
    detect::Finding finding = *alert->finding;
    finding.http = &clean;
    safe.body = AlertBody{&finding};
    sink_.write(encoder_.encode(safe, source));
  } else {
    safe.body = HttpBody{&clean};
    sink_.write(encoder_.encode(safe, source));
  }
}

void Reporter::flush() {
  sink_.flush();
  lost_ += sink_.take_lost();
}

}  // namespace exwire::report
