// SPDX-License-Identifier: BSD-3-Clause
// The table a person sees at the end of a replay: one row per story, most severe first. Texts from
// the wire are made harmless for terminals.
#pragma once

#include <cstdint>
#include <map>
#include <string>

#include "sensor/detect/finding.hpp"

namespace exwire::app {

class Summary {
 public:
  /// A finding that left; a later one of the same story replaces the earlier.
  void add(const flow::Flow& flow, const detect::Finding& finding);
  /// Empty when there is nothing to tell.
  std::string table() const;
  size_t stories() const noexcept { return rows_.size(); }

 private:
  struct Row {
    uint8_t severity;
    uint32_t sid;
    uint64_t occurrences;
    std::string what, between, details;
  };
  static constexpr size_t kMostRows = 1000;
  std::map<uint64_t, Row> rows_;
  uint64_t left_out_ = 0;
};

}  // namespace exwire::app
