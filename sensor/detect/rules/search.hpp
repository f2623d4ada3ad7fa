// SPDX-License-Identifier: BSD-3-Clause
// Whether the buffers of a moment are what a rule looks for. Every search has a bounded number of
// steps: contents that depend on each other are tried in all their positions, and an attacker must
// not choose how long that takes.
#pragma once

#include "sensor/detect/rules/rule.hpp"

struct pcre2_real_match_data_8;
struct pcre2_real_match_context_8;

namespace exwire::detect::rules {

class Search {
 public:
  static constexpr uint32_t kMostSteps = 4096;                        ///< of one rule at one moment
  static constexpr uint32_t kMatchLimit = 10000, kDepthLimit = 1000;  ///< of one expression

  Search();
  ~Search();
  Search(const Search&) = delete;
  Search& operator=(const Search&) = delete;

  bool matches(const Rule& rule, const Buffers& buffers) noexcept;
  /// Searches that ended without an answer, and count as none.
  uint64_t given_up() const noexcept { return given_up_; }

 private:
  bool from(const Rule& rule, const Buffers& buffers, size_t index, size_t cursor) noexcept;
  bool content(const Rule& rule, const Buffers& buffers, size_t index, size_t cursor) noexcept;
  bool regex(const Rule& rule, const Buffers& buffers, size_t index, size_t cursor) noexcept;
  bool next(const Rule& rule, const Buffers& buffers, size_t index, size_t cursor) noexcept;

  pcre2_real_match_data_8* found_;
  pcre2_real_match_context_8* limits_;
  uint32_t steps_ = 0;
  uint64_t given_up_ = 0;
};

}  // namespace exwire::detect::rules
