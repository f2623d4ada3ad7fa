// SPDX-License-Identifier: BSD-3-Clause
// The only door out: redacts, encodes, hands the line to the sink, and counts.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <variant>

#include "sensor/report/eve.hpp"
#include "sensor/report/event.hpp"
#include "sensor/report/sink.hpp"

namespace exwire::report {

class Reporter {
 public:
  Reporter(EveSettings settings, Sink& sink) : encoder_(std::move(settings)), sink_(sink) {}

  void write(const Event& event);
  void flush();
  void reopen() { sink_.reopen(); }
  uint64_t events() const noexcept { return events_; }
  uint64_t lost() const noexcept { return lost_; }
  const std::string& last_error() const { return sink_.last_error(); }

 private:
  inspect::HttpTransaction redacted(const inspect::HttpTransaction& transaction);

  EveEncoder encoder_;
  Sink& sink_;
  std::string scratch_;
  uint64_t events_ = 0, lost_ = 0;
};

}  // namespace exwire::report
