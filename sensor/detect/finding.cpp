// SPDX-License-Identifier: BSD-3-Clause
#include "sensor/detect/finding.hpp"

#include <algorithm>
#include <cstring>

namespace exwire::detect {

const char* to_text(Phase phase) noexcept {
  switch (phase) {
    case Phase::once:
      return "once";
    case Phase::opened:
      return "opened";
    case Phase::updated:
      return "updated";
    case Phase::closed:
      return "closed";
  }
  return "once";
}

Finding Finding::told() const {
  Finding finding = *this;
  if (source != nullptr) source->add_to(finding.facts);
  finding.source = nullptr;
  return finding;
}

void Facts::add(const char* name, std::string_view text) noexcept {
  if (count_ == kMost) return;
  const size_t kept = std::min<size_t>(text.size(), kArena - used_);
  std::memcpy(arena_.data() + used_, text.data(), kept);
  entries_[count_++] = {name, 0, static_cast<uint16_t>(used_), static_cast<uint16_t>(kept), false};
  used_ += static_cast<uint32_t>(kept);
}

void Facts::add(const char* name, int64_t number) noexcept {
  if (count_ == kMost) return;
  entries_[count_++] = {name, number, 0, 0, true};
}

Facts::Fact Facts::operator[](uint32_t index) const noexcept {
  const Entry& entry = entries_[index];
  return {entry.name, entry.is_number, entry.number, {arena_.data() + entry.offset, entry.size}};
}

}  // namespace exwire::detect
