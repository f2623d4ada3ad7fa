// SPDX-License-Identifier: BSD-3-Clause
// The rules of a set by the moment they look at, ready to be searched.
#pragma once

#include <array>
#include <memory>
#include <vector>

#include "sensor/detect/rules/prefilter.hpp"

namespace exwire::detect::rules {

class RuleIndex {
 public:
  RuleIndex(const std::vector<std::shared_ptr<const Rule>>& rules, const DatabaseCache& cache);

  struct OfMoment {
    std::vector<uint32_t> places;  ///< in the set; rules that set a bit before those that ask
    Prefilter prefilter;           ///< by place in `places`
    BufferSet used;                ///< buffers some of these rules look at
  };
  const OfMoment& at(Moment moment) const noexcept {
    return by_moment_[static_cast<size_t>(moment)];
  }
  /// Buffers some rule looks at, at any moment.
  const BufferSet& used() const noexcept { return used_; }
  /// Some rule of these is of the kind pass.
  bool passes() const noexcept { return passes_; }

 private:
  std::vector<OfMoment> by_moment_;
  BufferSet used_;
  bool passes_ = false;
};

}  // namespace exwire::detect::rules
