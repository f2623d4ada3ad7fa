// SPDX-License-Identifier: BSD-3-Clause
// Which rules of a moment may match at all: one literal of each rule is searched for by Hyperscan,
// all rules of a buffer at once, and only the rules whose literal is there are looked at closely.
// Rules without a literal always are.
#pragma once

#include <algorithm>
#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "sensor/detect/rules/database_cache.hpp"
#include "sensor/detect/rules/rule.hpp"
#include "sensor/detect/rules/seen_texts.hpp"

struct hs_scratch;

namespace exwire::detect::rules {

class Prefilter {
 public:
  /// Working memory of one matcher.
  class Scratch {
   public:
    Scratch() = default;
    /// For this prefilter; throws std::bad_alloc.
    explicit Scratch(const Prefilter& prefilter);

   private:
    friend class Prefilter;
    struct Free {
      void operator()(hs_scratch* scratch) const noexcept;
    };
    std::unique_ptr<hs_scratch, Free> scratch_;
    std::vector<uint64_t> may_match_;
    std::vector<std::unique_ptr<SeenTexts>> seen_;  ///< by group, where texts come again
  };

  /// Rules are numbered by their place in the list. Throws SetupError when Hyperscan refuses.
  explicit Prefilter(const std::vector<const Rule*>& rules, const DatabaseCache& cache = {});

  /// Some rule has to be looked at whatever there is to search.
  bool always() const noexcept {
    return std::any_of(always_.begin(), always_.end(), [](uint64_t bits) { return bits != 0; });
  }
  /// Calls `look(number)`, in rising order, for each rule that may match one of these sets of
  /// buffers.
  template <class Look>
  void candidates(std::span<const Buffers> sets, Scratch& scratch, Look look) const {
    scan(sets, scratch);
    for (size_t word = 0; word < scratch.may_match_.size(); ++word) {
      for (uint64_t left = scratch.may_match_[word]; left != 0; left &= left - 1) {
        look(word * 64 + static_cast<size_t>(__builtin_ctzll(left)));
      }
    }
  }

 private:
  struct Group {
    Buffer buffer;
    Database database;
    std::vector<uint32_t> numbers;  ///< of rules, those of one literal together
    std::vector<uint32_t> ends;     ///< behind the last number of each literal
  };
  /// What Hyperscan hands back with each literal it found.
  struct Found {
    const Group& group;
    uint64_t* bits;
  };
  static int remember(unsigned literal, unsigned long long, unsigned long long, unsigned,
                      void* found);
  void scan(std::span<const Buffers> sets, Scratch& scratch) const;
  static void scan(const Group& group, std::string_view text, Scratch& scratch, uint64_t* bits);

  std::vector<Group> groups_;
  std::vector<uint64_t> always_;  ///< a bit per rule
};

/// The literal that tells most of a rule, null when it has none that can be searched for.
const Check* telling_literal(const Rule& rule) noexcept;

}  // namespace exwire::detect::rules
