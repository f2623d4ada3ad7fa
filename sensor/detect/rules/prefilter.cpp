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

void set(uint64_t* bits, size_t number) noexcept {
  bits[number / 64] |= uint64_t{1} << (number % 64);
}

// A literal as Hyperscan is told of it, and the rules it may be of.
using Shared = std::map<std::pair<std::string_view, unsigned>, std::vector<uint32_t>>;

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
  std::map<Buffer, Shared> by_buffer;
  for (size_t number = 0; number < rules.size(); ++number) {
    const Check* literal = usable ? telling_literal(*rules[number]) : nullptr;
    if (literal == nullptr) {
      set(always_.data(), number);
      continue;
    }
    const auto octets = std::string_view(literal->pattern).substr(0, kLongest);
    const unsigned flags = HS_FLAG_SINGLEMATCH | (literal->nocase ? HS_FLAG_CASELESS : 0U);
    by_buffer[literal->buffer][{octets, flags}].push_back(static_cast<uint32_t>(number));
  }
  groups_.reserve(by_buffer.size());
  for (const auto& [buffer, shared] : by_buffer) {
    Group& group = groups_.emplace_back();
    group.buffer = buffer;
    Literals all;
    for (const auto& [literal, numbers] : shared) {
      all.octets.push_back(literal.first.data());
      all.sizes.push_back(literal.first.size());
      all.flags.push_back(literal.second);
      all.numbers.push_back(static_cast<unsigned>(group.ends.size()));
      group.numbers.insert(group.numbers.end(), numbers.begin(), numbers.end());
      group.ends.push_back(static_cast<uint32_t>(group.numbers.size()));
    }
    group.database = cache.get(all);
  }
}

int Prefilter::remember(unsigned literal, unsigned long long, unsigned long long, unsigned,
                        void* found) {
  const auto& [group, bits] = *static_cast<const Found*>(found);
  const uint32_t begin = literal == 0 ? 0 : group.ends[literal - 1];
  for (uint32_t at = begin; at < group.ends[literal]; ++at) set(bits, group.numbers[at]);
  return 0;
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
  for (const Group& group : prefilter.groups_) {
    seen_.push_back(comes_again(group.buffer) ? std::make_unique<SeenTexts>(may_match_.size())
                                              : nullptr);
  }
}

void Prefilter::scan(std::span<const Buffers> sets, Scratch& scratch) const {
  std::copy(always_.begin(), always_.end(), scratch.may_match_.begin());
  uint64_t* const may_match = scratch.may_match_.data();
  for (const Buffers& buffers : sets) {
    for (size_t number = 0; number < groups_.size(); ++number) {
      const Group& group = groups_[number];
      const std::string_view text = buffers[static_cast<size_t>(group.buffer)];
      if (text.empty()) continue;
      SeenTexts* seen = scratch.seen_[number].get();
      if (seen == nullptr || text.size() > SeenTexts::kLongest) {
        scan(group, text, scratch, may_match);
      } else {
        seen->add(text, may_match, [&](uint64_t* bits) { scan(group, text, scratch, bits); });
      }
    }
  }
}

void Prefilter::scan(const Group& group, std::string_view text, Scratch& scratch, uint64_t* bits) {
  Found found{group, bits};
  hs_scan(group.database.get(), text.data(), static_cast<unsigned>(text.size()), 0,
          scratch.scratch_.get(), remember, &found);
}

}  // namespace exwire::detect::rules
