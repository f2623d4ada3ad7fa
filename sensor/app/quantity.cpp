// SPDX-License-Identifier: BSD-3-Clause
#include "sensor/app/quantity.hpp"

#include <array>
#include <charconv>

#include "sensor/base/time.hpp"

namespace exwire::app {
namespace {

template <class Number>
struct Unit {
  std::string_view name;
  Number factor;
};

constexpr std::array<Unit<uint64_t>, 4> kOctetUnits{
    {{"GiB", uint64_t{1} << 30}, {"MiB", uint64_t{1} << 20}, {"KiB", uint64_t{1} << 10}, {"", 1}}};
// "ms" before "m": the longer name must be tried first.
constexpr std::array<Unit<int64_t>, 5> kTimeUnits{{{"d", 86400 * kNanosPerSecond},
                                                   {"h", 3600 * kNanosPerSecond},
                                                   {"ms", kNanosPerMilli},
                                                   {"m", 60 * kNanosPerSecond},
                                                   {"s", kNanosPerSecond}}};

}  // namespace

std::optional<uint64_t> parse_octets(std::string_view text) {
  uint64_t number = 0;
  const auto [rest, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc{}) return std::nullopt;
  const std::string_view name(rest, static_cast<size_t>(text.data() + text.size() - rest));
  for (const auto& unit : kOctetUnits) {
    if (name == unit.name && number <= UINT64_MAX / unit.factor) return number * unit.factor;
  }
  return std::nullopt;
}

std::optional<int64_t> parse_duration(std::string_view text) {
  if (text.empty()) return std::nullopt;
  int64_t total = 0;
  int64_t last_factor = INT64_MAX;
  while (!text.empty()) {
    int64_t number = 0;
    const auto [rest, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (error != std::errc{} || number < 0) return std::nullopt;
    text.remove_prefix(static_cast<size_t>(rest - text.data()));
    const Unit<int64_t>* found = nullptr;
    for (const auto& unit : kTimeUnits) {
      if (found == nullptr && text.substr(0, unit.name.size()) == unit.name) found = &unit;
    }
    if (found == nullptr || found->factor >= last_factor) return std::nullopt;
    int64_t part = 0;
    if (__builtin_mul_overflow(number, found->factor, &part) ||
        __builtin_add_overflow(total, part, &total)) {
      return std::nullopt;
    }
    last_factor = found->factor;
    text.remove_prefix(found->name.size());
  }
  return total;
}

std::string octets_to_text(uint64_t octets) {
  for (const auto& unit : kOctetUnits) {
    if (octets >= unit.factor && octets % unit.factor == 0) {
      return std::to_string(octets / unit.factor) + std::string(unit.name);
    }
  }
  return "0";
}

std::string duration_to_text(int64_t ns) {
  constexpr std::array<Unit<int64_t>, 5> kDescending{
      {kTimeUnits[0], kTimeUnits[1], kTimeUnits[3], kTimeUnits[4], kTimeUnits[2]}};
  std::string text;
  for (const auto& unit : kDescending) {
    if (ns >= unit.factor) {
      text += std::to_string(ns / unit.factor) + std::string(unit.name);
      ns %= unit.factor;
    }
  }
  return text.empty() ? "0s" : text;
}

}  // namespace exwire::app
