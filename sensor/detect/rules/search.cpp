// SPDX-License-Identifier: BSD-3-Clause
#include "sensor/detect/rules/search.hpp"

#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>

#include <algorithm>
#include <new>

#include "sensor/base/bytes.hpp"

namespace exwire::detect::rules {
namespace {

constexpr size_t kNowhere = std::string_view::npos;

size_t find(std::string_view text, size_t from, const Check& check) noexcept {
  if (!check.nocase) return text.find(check.pattern, from);
  if (from > text.size()) return kNowhere;
  if (text.size() - from == check.pattern.size()) {  // startswith and the like: one place only
    return equal_ignoring_case(text.substr(from), check.pattern) ? from : kNowhere;
  }
  const auto at = std::search(
      text.begin() + static_cast<std::ptrdiff_t>(from), text.end(), check.pattern.begin(),
      check.pattern.end(), [](char octet, char wanted) noexcept { return lower(octet) == wanted; });
  const bool found = at != text.end() || check.pattern.empty();
  return found ? static_cast<size_t>(at - text.begin()) : kNowhere;
}

// What a variable holds is bounded, so that it can be added to places.
int64_t number(int32_t written, int8_t variable, const Values& values) noexcept {
  if (variable == kNoVariable) return written;
  return std::clamp<int64_t>(values[static_cast<size_t>(variable)], INT32_MIN, INT32_MAX);
}

struct Window {
  size_t first, last;  ///< octets [first, last) may be part of the match
};

bool moves_cursor(const Check& check) noexcept {
  switch (check.kind) {
    case Check::Kind::content:
    case Check::Kind::regex:
      return !check.negated;
    case Check::Kind::byte_jump:
    case Check::Kind::byte_extract:
      return true;
    default:
      return false;
  }
}

// A later place of this check can help others: the next one that has to do with places is relative
// to it, whatever stands between them.
bool others_depend(const Rule& rule, size_t index) noexcept {
  const Buffer buffer = rule.checks[index].buffer;
  for (size_t at = index + 1; at < rule.checks.size(); ++at) {
    const Check& check = rule.checks[at];
    if (check.buffer != buffer) return false;
    if (check.relative) return true;
    if (moves_cursor(check)) return false;
  }
  return false;
}

// Where the check may match, with `cursor` behind the match before it.
Window window_of(const Check& check, size_t size, size_t cursor, const Values& values) noexcept {
  const Check::Variables& from = check.variables;
  int64_t first = number(check.offset, from.offset, values);
  int64_t last = static_cast<int64_t>(size);
  if (check.relative) {
    first = static_cast<int64_t>(cursor) + number(check.distance, from.distance, values);
    const int64_t within = number(check.within, from.within, values);
    if (within >= 0) last = std::min<int64_t>(last, first + within);
  } else if (const int64_t depth = number(check.depth, from.depth, values); depth >= 0) {
    last = std::min<int64_t>(last, first + depth);
  }
  first = std::max<int64_t>(first, 0);
  if (check.at_start) {
    last = first > 0 ? 0 : std::min<int64_t>(last, static_cast<int64_t>(check.pattern.size()));
  }
  if (check.at_end) {
    first =
        std::max(first, static_cast<int64_t>(size) - static_cast<int64_t>(check.pattern.size()));
  }
  return {static_cast<size_t>(first), static_cast<size_t>(std::max<int64_t>(last, 0))};
}

}  // namespace

Search::Search()
    : found_(pcre2_match_data_create(1, nullptr)), limits_(pcre2_match_context_create(nullptr)) {
  if (found_ == nullptr || limits_ == nullptr) throw std::bad_alloc();
  pcre2_set_match_limit(limits_, kMatchLimit);
  pcre2_set_depth_limit(limits_, kDepthLimit);
}

Search::~Search() {
  pcre2_match_data_free(found_);
  pcre2_match_context_free(limits_);
}

bool Search::matches(const Rule& rule, const Buffers& buffers) noexcept {
  steps_ = 0;
  decoded_ = {};
  most_ = std::clamp(left_, kLeastSteps, kMostSteps);
  const bool found = from(rule, buffers, 0, 0);
  left_ -= std::min(left_, steps_);
  if (steps_ > most_) ++given_up_;
  return found && steps_ <= most_;
}

// True when the checks from `index` on hold, with `cursor` behind the last match.
bool Search::from(const Rule& rule, const Buffers& buffers, size_t index, size_t cursor) noexcept {
  if (index == rule.checks.size()) return true;
  if (++steps_ > most_) return false;
  const Check& check = rule.checks[index];
  const std::string_view text = text_of(buffers, check.buffer);
  if (text.data() == nullptr) return false;  // not there: not even a negation speaks of it
  switch (check.kind) {
    case Check::Kind::size: {
      const auto size = static_cast<int64_t>(text.size());
      return size >= check.least && size <= check.most && next(rule, buffers, index, cursor);
    }
    case Check::Kind::data_at: {
      // Relative, so many octets are wanted; otherwise one at this place (Suricata counts so).
      const int64_t count = number(check.offset, check.variables.offset, values_);
      const auto size = static_cast<int64_t>(text.size());
      const int64_t behind = static_cast<int64_t>(cursor);
      const bool there = check.relative ? behind + count <= size : count >= 0 && count < size;
      return there != check.negated && next(rule, buffers, index, cursor);
    }
    case Check::Kind::content:
      return content(rule, buffers, index, cursor);
    case Check::Kind::regex:
      return regex(rule, buffers, index, cursor);
    case Check::Kind::byte_test:
    case Check::Kind::byte_jump:
    case Check::Kind::byte_extract:
    case Check::Kind::decode_base64:
      return bytes(rule, buffers, index, cursor);
  }
  return false;
}

bool Search::bytes(const Rule& rule, const Buffers& buffers, size_t index, size_t cursor) noexcept {
  const Check& check = rule.checks[index];
  const std::string_view text = text_of(buffers, check.buffer);
  const int64_t at = number(check.offset, check.variables.offset, values_) +
                     static_cast<int64_t>(check.relative ? cursor : 0);
  if (check.kind == Check::Kind::decode_base64) {
    if (at >= static_cast<int64_t>(text.size())) return false;
    const auto most = check.depth < 0 ? std::string_view::npos : static_cast<size_t>(check.depth);
    decoded_ = decode_base64(text.substr(static_cast<size_t>(at), most), room_);
    charge(2 * decoded_.size());
    return !decoded_.empty() && next(rule, buffers, index, cursor);
  }
  if (check.kind == Check::Kind::byte_jump) {
    const auto to = jump(text, at, check.field);
    return to && next(rule, buffers, index, *to);
  }
  const auto found = extract(text, at, check.field);
  if (!found) return false;
  if (check.kind == Check::Kind::byte_test) {
    return compares(check.field, found->value, values_) != check.negated &&
           next(rule, buffers, index, cursor);
  }
  values_[static_cast<size_t>(check.field.into)] = scaled(check.field, found->value);
  return next(rule, buffers, index, static_cast<size_t>(at) + found->octets);
}

// The following buffer starts anew.
bool Search::next(const Rule& rule, const Buffers& buffers, size_t index, size_t cursor) noexcept {
  const bool other =
      index + 1 < rule.checks.size() && rule.checks[index + 1].buffer != rule.checks[index].buffer;
  return from(rule, buffers, index + 1, other ? 0 : cursor);
}

bool Search::content(const Rule& rule, const Buffers& buffers, size_t index,
                     size_t cursor) noexcept {
  const Check& check = rule.checks[index];
  const std::string_view text = text_of(buffers, check.buffer);
  const Window window = window_of(check, text.size(), cursor, values_);
  const std::string_view part = text.substr(0, window.last);
  size_t at = find(part, window.first, check);
  charge(std::min(at, part.size()) - std::min(window.first, part.size()));
  if (check.negated) return at == kNowhere && next(rule, buffers, index, cursor);
  while (at != kNowhere) {
    if (next(rule, buffers, index, at + check.pattern.size())) return true;
    charge(check.pattern.size());
    if (steps_ > most_) return false;
    if (!others_depend(rule, index)) return false;
    const size_t from = at + 1;
    at = find(part, from, check);
    charge(std::min(at, part.size()) - from);
  }
  return false;
}

bool Search::regex(const Rule& rule, const Buffers& buffers, size_t index, size_t cursor) noexcept {
  const Check& check = rule.checks[index];
  const std::string_view text = text_of(buffers, check.buffer);
  const size_t start = check.relative ? std::min(cursor, text.size()) : 0;
  // Relative: what stands before is not part of the subject, so that ^ means here.
  const std::string_view subject = text.substr(start);
  size_t at = 0;
  do {
    const int result =
        pcre2_match(check.regex.get(), reinterpret_cast<const unsigned char*>(subject.data()),
                    subject.size(), at, 0, found_, limits_);
    charge(subject.size() - at);
    if (result < 0 && result != PCRE2_ERROR_NOMATCH) {
      steps_ += kStepsOfLostExpression;
      ++given_up_;
      return false;
    }
    if (check.negated) return result < 0 && next(rule, buffers, index, cursor);
    if (result < 0) return false;
    // Taken before others match: they use the same memory. \K may begin a match anywhere.
    const size_t begin = pcre2_get_ovector_pointer(found_)[0];
    const size_t end = pcre2_get_ovector_pointer(found_)[1];
    if (next(rule, buffers, index, start + end)) return true;
    if (steps_ > most_) return false;
    at = std::max(at, begin) + 1;
  } while (at <= subject.size() && others_depend(rule, index));
  return false;
}

}  // namespace exwire::detect::rules
