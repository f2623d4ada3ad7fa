// SPDX-License-Identifier: BSD-3-Clause
// Whether the buffers of a moment are what a rule looks for. Every search has a bounded number of
// steps: contents that depend on each other are tried in all their positions, and an attacker must
// not choose how long that takes.
#pragma once

#include "sensor/detect/rules/byte_fields.hpp"
#include "sensor/detect/rules/rule.hpp"

struct pcre2_real_match_data_8;
struct pcre2_real_match_context_8;

namespace exwire::detect::rules {

class Search {
 public:
  static constexpr uint32_t kMostSteps = 4096;              ///< of one rule at one moment
  static constexpr uint32_t kMostStepsOfMoment = 131072;    ///< of all rules together
  static constexpr uint32_t kLeastSteps = 16;               ///< of each rule, also behind that
  static constexpr size_t kMostDecoded = 4096;              ///< octets base64_decode makes
  static constexpr uint32_t kStepsOfLostExpression = 1024;  ///< one that came to its limit
  static constexpr uint32_t kMatchLimit = 10000, kDepthLimit = 1000;  ///< of one expression

  Search();
  ~Search();
  Search(const Search&) = delete;
  Search& operator=(const Search&) = delete;

  /// Another moment begins, with all its steps before it.
  void begin() noexcept { left_ = kMostStepsOfMoment; }
  bool matches(const Rule& rule, const Buffers& buffers) noexcept;
  /// Searches that ended without an answer, and count as none.
  uint64_t given_up() const noexcept { return given_up_; }

 private:
  bool from(const Rule& rule, const Buffers& buffers, size_t index, size_t cursor) noexcept;
  bool content(const Rule& rule, const Buffers& buffers, size_t index, size_t cursor) noexcept;
  bool regex(const Rule& rule, const Buffers& buffers, size_t index, size_t cursor) noexcept;
  bool next(const Rule& rule, const Buffers& buffers, size_t index, size_t cursor) noexcept;
  bool bytes(const Rule& rule, const Buffers& buffers, size_t index, size_t cursor) noexcept;
  /// Steps are paid by octets as well: a search through a long body is more than one.
  void charge(size_t octets) noexcept { steps_ += 1 + static_cast<uint32_t>(octets / 64); }
  std::string_view text_of(const Buffers& buffers, Buffer buffer) const noexcept {
    return buffer == Buffer::decoded ? decoded_ : buffers[static_cast<size_t>(buffer)];
  }

  pcre2_real_match_data_8* found_;
  pcre2_real_match_context_8* limits_;
  Values values_{};  ///< what byte_extract found
  std::array<char, kMostDecoded> room_;
  std::string_view decoded_;
  uint32_t steps_ = 0, most_ = kMostSteps, left_ = kMostStepsOfMoment;
  uint64_t given_up_ = 0;
};

}  // namespace exwire::detect::rules
