// SPDX-License-Identifier: BSD-3-Clause
#include "tests/support/dissector_harness.hpp"

#include <algorithm>
#include <cstring>
#include <utility>

namespace exwire::test {
namespace {

// The real host offers pending octets again after so many new ones.
constexpr size_t kStep = 2048;

uint32_t count(const char* const* names) {
  uint32_t number = 0;
  while (names[number] != nullptr) ++number;
  return number;
}

}  // namespace

std::string escaped(std::string_view octets) {
  static constexpr char kHex[] = "0123456789abcdef";
  std::string text;
  for (const char octet : octets) {
    const auto code = static_cast<uint8_t>(octet);
    if (octet == '\r') {
      text += "\\r";
    } else if (octet == '\n') {
      text += "\\n";
    } else if (octet == '\t') {
      text += "\\t";
    } else if (octet == '\\') {
      text += "\\\\";
    } else if (code < 0x20 || code > 0x7e) {
      text += "\\x";
      text += kHex[code >> 4];
      text += kHex[code & 15];
    } else {
      text += octet;
    }
  }
  return text;
}

DissectorHarness::DissectorHarness(const ExwireDissectorApi& api, Options options)
    : api_(api),
      services_{sizeof(ExwireHostApi), on_field,  on_message, on_anomaly,
                on_handshake,          on_record, on_shed},
      options_(options),
      fields_(count(api.fields)),
      anomalies_(count(api.anomalies)) {
  state_.fill(0xa5);  // nobody may count on zeroes
  api_.create(state_.data());
}

DissectorHarness::~DissectorHarness() {
  api_.destroy(state_.data());
}

void DissectorHarness::feed(Direction direction, Bytes octets) {
  Stream& stream = streams_[static_cast<size_t>(direction)];
  while (!octets.empty() && !stream.stopped && !taken_off_) {
    if (stream.skip > 0) {
      const auto passed = static_cast<uint32_t>(std::min<uint64_t>(stream.skip, octets.size));
      stream.skip -= passed;
      octets = octets.from(passed);
      continue;
    }
    if (options_.sleepy) sleep_and_wake();
    if (stream.pending.empty()) {
      ExwireProgress progress{};
      const bool again = offer(direction, octets, progress);
      octets = octets.from(progress.consumed);
      if (again) continue;
      if (!stream.stopped && !taken_off_) {
        stream.pending.assign(octets.begin(), octets.end());
        if (stream.pending.size() > api_.max_pending) violation("too much pending");
      }
      return;
    }
    const size_t have = stream.pending.size(), most = api_.max_pending;
    const size_t step = have < most ? std::min(kStep, most - have) : kStep;
    const auto wanted = static_cast<uint32_t>(stream.need > have ? stream.need - have : step);
    const Bytes part = octets.first(wanted);
    octets = octets.from(part.size);
    stream.pending.insert(stream.pending.end(), part.begin(), part.end());
    if (stream.pending.size() > api_.max_pending) violation("too much pending");
    read_pending(direction);
  }
}

void DissectorHarness::read_pending(Direction direction) {
  Stream& stream = streams_[static_cast<size_t>(direction)];
  size_t at = 0;
  while (at < stream.pending.size() && !stream.stopped && !taken_off_) {
    const size_t left = stream.pending.size() - at;
    if (stream.skip > 0) {
      const size_t passed = std::min<uint64_t>(stream.skip, left);
      stream.skip -= passed;
      at += passed;
      continue;
    }
    if (left < stream.need) break;
    ExwireProgress progress{};
    const bool again =
        offer(direction, {stream.pending.data() + at, static_cast<uint32_t>(left)}, progress);
    at += progress.consumed;
    if (!again) break;
  }
  if (stream.stopped || taken_off_) at = stream.pending.size();
  stream.pending.erase(stream.pending.begin(), stream.pending.begin() + static_cast<long>(at));
}

// True while there is more to be read at once.
bool DissectorHarness::offer(Direction direction, Bytes octets, ExwireProgress& progress) {
  Stream& stream = streams_[static_cast<size_t>(direction)];
  const ExwireFlowView flow = view(direction);
  // A copy of exactly this size: a sanitizer sees a read past its end.
  const auto copy = std::make_unique<uint8_t[]>(octets.size);
  std::memcpy(copy.get(), octets.data, octets.size);
  ++calls;
  offered += octets.size;
  progress = api_.data(state_.data(), &services_, this, &flow, {copy.get(), octets.size});
  check(octets, progress);
  stream.status = progress.status;
  if (progress.status == kExwireBothAtRest) {
    for (Stream& either : streams_) either.status = kExwireAtRest;
  }
  stream.need = progress.need;
  stream.skip = progress.skip;
  if (progress.status == kExwireDone) stream.stopped = true;
  if (progress.status == kExwireNotMine || progress.status == kExwireBroken) taken_off_ = true;
  return !stream.stopped && !taken_off_ && (progress.consumed > 0 || progress.skip > 0);
}

void DissectorHarness::check(Bytes octets, const ExwireProgress& progress) {
  if (progress.consumed > octets.size) violation("consumed more than offered");
  if (progress.need > api_.max_pending) violation("needs more than it may keep");
  if (progress.status > kExwireBothAtRest) violation("unknown status");
  const uint32_t left = octets.size - progress.consumed;
  const bool rests = progress.status == kExwireAtRest || progress.status == kExwireBothAtRest;
  if (rests && progress.skip < left) violation("rests on pending octets");
}

void DissectorHarness::gap(Direction direction, uint64_t missing) {
  Stream& stream = streams_[static_cast<size_t>(direction)];
  const uint64_t unread = std::min(missing, stream.skip);
  stream.skip -= unread;
  if (unread == missing || stream.stopped || taken_off_) return;
  if (!stream.pending.empty()) {
    before_gap_ = true;
    ExwireProgress progress{};
    const std::vector<uint8_t> last = std::exchange(stream.pending, {});
    offer(direction, {last.data(), static_cast<uint32_t>(last.size())}, progress);
    before_gap_ = false;
    if (stream.stopped || taken_off_) return;
    stream.skip = 0;
  }
  stream.need = 0;
  stream.status = kExwireMore;  // api.hpp: only `data` answers at_rest
  const ExwireFlowView flow = view(direction);
  if (api_.gap(state_.data(), &services_, this, &flow, missing - unread) == 0) {
    stream.stopped = true;
  }
}

void DissectorHarness::end(Direction direction) {
  if (taken_off_) return;
  if (options_.sleepy) sleep_and_wake();
  const ExwireFlowView flow = view(direction);
  api_.end(state_.data(), &services_, this, &flow);
  streams_[static_cast<size_t>(direction)].stopped = true;
}

bool DissectorHarness::sleep_and_wake() {
  if (!at_rest() || taken_off_) return false;
  std::array<uint8_t, 16> parked;
  parked.fill(0x5a);
  api_.sleep(state_.data(), parked.data());
  api_.destroy(state_.data());
  state_.fill(0x5a);
  api_.create(state_.data());
  api_.wake(state_.data(), parked.data());
  ++sleeps;
  return true;
}

void DissectorHarness::violation(const std::string& what) {
  violated_ = true;
  taken_off_ = true;
  line("violation " + what);
}

void DissectorHarness::line(const std::string& text) {
  ++lines;
  if (!options_.quiet) log_ += text + "\n";
}

ExwireFlowView DissectorHarness::view(Direction direction) const noexcept {
  ExwireFlowView flow{};
  flow.size = sizeof flow;
  flow.flags = (options_.midstream ? uint32_t{kExwireFlowMidstream} : 0U) |
               (before_gap_ ? uint32_t{kExwireFlowBeforeGap} : 0U);
  flow.client_port = 50000;
  flow.server_port = 80;
  flow.direction = static_cast<uint8_t>(direction);
  return flow;
}

void DissectorHarness::on_field(void* host, uint32_t index, Bytes value) {
  auto& self = *static_cast<DissectorHarness*>(host);
  if (index >= self.fields_) return self.violation("unknown field");
  const std::string_view name = self.api_.fields[index];
  // They repeat what the cases send; rules that look at them have cases of their own.
  if (name == "http.start_line" || name == "http.header_line" || name == "http.body") return;
  if (self.options_.quiet) return self.line({});
  self.line(std::string(self.api_.fields[index]) + "=" + escaped(value.text()));
}

void DissectorHarness::on_message(void* host, const ExwireMessage* message) {
  static constexpr const char* kMoments[] = {"none",          "request_head", "request_end",
                                             "response_head", "response_end", "request_body",
                                             "response_body"};
  auto& self = *static_cast<DissectorHarness*>(host);
  if (message->moment < 1 || message->moment > 6) return self.violation("unknown moment");
  const bool end = message->moment == kExwireRequestEnd || message->moment == kExwireResponseEnd;
  self.line(std::string("moment ") + kMoments[message->moment] + " " +
            std::to_string(message->transaction) +
            (end ? " body " + std::to_string(message->body_octets) : ""));
}

void DissectorHarness::on_handshake(void* host, const ExwireHandshake* handshake) {
  auto& self = *static_cast<DissectorHarness*>(host);
  if (handshake->size != sizeof(ExwireHandshake)) return self.violation("size of a handshake");
  self.line("handshake flags " + std::to_string(handshake->flags) + " hellos " +
            std::to_string(handshake->hellos) + " alert " + std::to_string(handshake->alert));
}

void DissectorHarness::on_record(void* host, const ExwireRecord* record) {
  auto& self = *static_cast<DissectorHarness*>(host);
  if (record->size != sizeof(ExwireRecord)) return self.violation("size of a record");
  self.line("record " + std::to_string(record->content_type) + " version " +
            std::to_string(record->version) + " length " + std::to_string(record->length));
}

void DissectorHarness::on_shed(void* host) {
  static_cast<DissectorHarness*>(host)->line("shed");
}

void DissectorHarness::on_anomaly(void* host, uint32_t index) {
  auto& self = *static_cast<DissectorHarness*>(host);
  if (index >= self.anomalies_) return self.violation("unknown anomaly");
  self.line(std::string("anomaly ") + self.api_.anomalies[index]);
}

}  // namespace exwire::test
