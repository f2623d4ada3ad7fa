// SPDX-License-Identifier: BSD-3-Clause
#include "sensor/detect/rules/prefilter.hpp"

#include <hs.h>

#include <algorithm>
#include <map>
#include <new>

namespace exwire::detect::rules {
namespace {

// More of a literal tells hardly more and makes databases large.
constexpr size_t kLongest = 64;

// Names of a list come one after the other, and what is decoded comes out of a rule: they are not
// there when buffers are scanned.
bool searchable(const Check& check) noexcept {
  return check.kind == Check::Kind::content && !check.negated && check.buffer != Buffer::none &&
         check.buffer != Buffer::tls_alpn && check.buffer != Buffer::tls_subject_alt_name &&
         check.buffer != Buffer::decoded;
}

int remember(unsigned number, unsigned long long, unsigned long long, unsigned, void* bits) {
  static_cast<uint64_t*>(bits)[number / 64] |= uint64_t{1} << (number % 64);
  return 0;
}

}  // namespace

const Check* telling_literal(const Rule& rule) noexcept {
  const Check* best = nullptr;
  for (const Check& check : rule.checks) {
    if (!searchable(check)) continue;
    if (check.fast) return &check;  // its author knows best
    if (best == nullptr || check.pattern.size() > best->pattern.size()) best = &check;
  }
  return best;
}

Prefilter::Prefilter(const std::vector<const Rule*>& rules, const DatabaseCache& cache)
    : always_((rules.size() + 63) / 64) {
  // On a processor without what Hyperscan needs every rule is looked at.
  const bool usable = hs_valid_platform() == HS_SUCCESS;
  std::map<Buffer, Literals> by_buffer;
  for (size_t number = 0; number < rules.size(); ++number) {
    const Check* literal = usable ? telling_literal(*rules[number]) : nullptr;
    if (literal == nullptr) {
      always_[number / 64] |= uint64_t{1} << (number % 64);
      continue;
    }
    Literals& all = by_buffer[literal->buffer];
    all.octets.push_back(literal->pattern.data());
    all.sizes.push_back(std::min(literal->pattern.size(), kLongest));
    all.flags.push_back(HS_FLAG_SINGLEMATCH | (literal->nocase ? HS_FLAG_CASELESS : 0U));
    all.numbers.push_back(static_cast<unsigned>(number));
  }
  groups_.reserve(by_buffer.size());
  for (const auto& [buffer, literals] : by_buffer) {
    groups_.push_back({buffer, cache.get(literals)});
  }
}

void Prefilter::Scratch::Free::operator()(hs_scratch* scratch) const noexcept {
  hs_free_scratch(scratch);
}

Prefilter::Scratch::Scratch(const Prefilter& prefilter) : may_match_(prefilter.always_.size()) {
  hs_scratch* scratch = nullptr;
  for (const Group& group : prefilter.groups_) {
    if (hs_alloc_scratch(group.database.get(), &scratch) != HS_SUCCESS) {
      hs_free_scratch(scratch);
      throw std::bad_alloc();
    }
  }
  scratch_.reset(scratch);
}

void Prefilter::scan(std::span<const Buffers> sets, Scratch& scratch) const {
  std::copy(always_.begin(), always_.end(), scratch.may_match_.begin());
  for (const Buffers& buffers : sets) {
    for (const Group& group : groups_) {
      const std::string_view text = buffers[static_cast<size_t>(group.buffer)];
      if (text.empty()) continue;
      hs_scan(group.database.get(), text.data(), static_cast<unsigned>(text.size()), 0,
              scratch.scratch_.get(), remember, scratch.may_match_.data());
    }
  }
}

}  // namespace exwire::detect::rules
