// SPDX-License-Identifier: BSD-3-Clause
// The only door out: redacts, encodes, hands the line to the sink, and counts.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <variant>

#include "sensor/report/eve.hpp"
#include "sensor/report/event.hpp"
#include "sensor/report/privacy.hpp"
#include "sensor/report/sink.hpp"

namespace exwire::report {

class Reporter {
 public:
  Reporter(EveSettings settings, Sink& sink, PrivacySettings privacy = {})
      : encoder_(std::move(settings)), privacy_(std::move(privacy)), sink_(sink) {}

  /// One that tells the same to another place: for another thread.
  Reporter(const Reporter& like, Sink& sink)
      : encoder_(like.encoder_), privacy_(like.privacy_), sink_(sink) {}

  /// `source`: the name of the interface or file that the packets come from.
  void write(const Event& event, std::string_view source = {});
  /// A line that another one has made.
  void pass_on(std::string_view line) {
    ++events_;
    sink_.write(line);
  }
  /// What of a finding may be told to people; without its transaction.
  detect::Finding shown(const detect::Finding& finding) const;
  void flush();
  void reopen() { sink_.reopen(); }
  uint64_t events() const noexcept { return events_; }
  uint64_t lost() const noexcept { return lost_; }
  const std::string& last_error() const { return sink_.last_error(); }

 private:
  void write_redacted(const Event& event, std::string_view source);
  inspect::HttpTransaction redacted(const inspect::HttpTransaction& transaction);

  EveEncoder encoder_;
  Privacy privacy_;
  Sink& sink_;
  std::string scratch_;
  uint64_t events_ = 0, lost_ = 0;
};

}  // namespace exwire::report
