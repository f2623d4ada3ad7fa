// SPDX-License-Identifier: BSD-3-Clause
// How a row of the option table is made: each maker takes what a person reads (key, default,
// meaning) and `at(...)`, the way to the value in Config, and gives the two functions of the row.
#pragma once

#include <charconv>
#include <functional>
#include <limits>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "sensor/app/options.hpp"
#include "sensor/app/quantity.hpp"

namespace exwire::app {

using Words = std::vector<std::string>;

/// The way from Config to a value: `at(&Config::flow, &FlowSettings::most_flows)`.
template <class... Members>
auto at(Members... members) {
  return [=](auto& config) -> auto& {
    return (config.*....*members);
  };
}

template <class Number>
std::optional<Number> parse_number(const std::string& text, Number least, Number most) {
  Number value{};
  const auto [rest, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || rest != text.data() + text.size()) return std::nullopt;
  if (value < least || value > most) return std::nullopt;
  return value;
}

template <class Way, class Number>
Option number(const char* key, const char* standard, const char* meaning, Way way, Number least,
              Number most) {
  return {key, standard, meaning,
          [=](Config& config, const Words& words) -> Complaint {
            const auto value = parse_number<Number>(words[0], least, most);
            if (!value) {
              return "a whole number from " + std::to_string(least) + " to " +
                     std::to_string(most) + " is wanted";
            }
            way(config) = *value;
            return {};
          },
          [=](const Config& config) { return std::to_string(way(config)); }};
}

/// Nanoseconds, from `least` to `most`.
template <class Way>
Option duration(const char* key, const char* standard, const char* meaning, Way way,
                int64_t least = 1, int64_t most = std::numeric_limits<int64_t>::max()) {
  return {key, standard, meaning,
          [=](Config& config, const Words& words) -> Complaint {
            const auto value = parse_duration(words[0]);
            if (!value || *value < least || *value > most) {
              std::string wanted = "a time with its unit is wanted, e.g. 90s or 2h10m";
              if (least > 1) wanted += ", at least " + duration_to_text(least);
              if (most < std::numeric_limits<int64_t>::max()) {
                wanted += ", at most " + duration_to_text(most);
              }
              return wanted;
            }
            way(config) = *value;
            return {};
          },
          [=](const Config& config) { return duration_to_text(way(config)); }};
}

template <class Way>
Option octets(const char* key, const char* standard, const char* meaning, Way way, uint64_t least) {
  return {key, standard, meaning,
          [=](Config& config, const Words& words) -> Complaint {
            const auto value = parse_octets(words[0]);
            if (!value || *value < least) {
              return "a size of at least " + octets_to_text(least) + " is wanted, e.g. 768MiB";
            }
            way(config) = *value;
            return {};
          },
          [=](const Config& config) { return octets_to_text(way(config)); }};
}

template <class Way>
Option text(const char* key, const char* meaning, Way way, size_t most_octets) {
  return {key, "\"\"", meaning,
          [=](Config& config, const Words& words) -> Complaint {
            if (words[0].size() > most_octets) {
              return "at most " + std::to_string(most_octets) + " octets are wanted";
            }
            way(config) = words[0];
            return {};
          },
          [=](const Config& config) { return '"' + way(config) + '"'; }};
}

/// One word of several, each with its value.
template <class Value, class Way>
Option one_of(const char* key, const char* standard, const char* meaning,
              std::vector<std::pair<const char*, Value>> values, Way way) {
  return {key, standard, meaning,
          [=](Config& config, const Words& words) -> Complaint {
            std::string wanted;
            for (const auto& [word, value] : values) {
              if (words[0] == word) {
                way(config) = value;
                return {};
              }
              const bool last = &word == &values.back().first;
              wanted += (wanted.empty() ? "" : last ? " or " : ", ") + std::string(word);
            }
            return wanted + " is wanted";
          },
          [=](const Config& config) -> std::string {
            for (const auto& [word, value] : values) {
              if (way(config) == value) return word;
            }
            return {};
          }};
}

template <class Way>
Option yes_or_no(const char* key, const char* standard, const char* meaning, Way way) {
  return one_of<bool>(key, standard, meaning, {{"yes", true}, {"no", false}}, way);
}

/// "[a, b]".
inline std::string bracketed(const Words& words) {
  std::string text = "[";
  for (const std::string& word : words) {
    if (text.size() > 1) text += ", ";
    text += word;
  }
  return text + "]";
}

/// Words, each of which `parse` turns into an optional item and `write` back into YAML; `refused`
/// is what is said after a word that is none: "is no address or prefix".
template <class Way, class Parse, class Write>
Option list(const char* key, const char* meaning, Way way, Parse parse, Write write,
            const char* refused) {
  Option option{key, "[]", meaning,
                [=](Config& config, const Words& words) -> Complaint {
                  std::remove_reference_t<decltype(way(config))> items;
                  for (const std::string& word : words) {
                    auto item = parse(word);
                    if (!item) return "'" + word + "' " + refused;
                    items.push_back(std::move(*item));
                  }
                  way(config) = std::move(items);
                  return {};
                },
                [=](const Config& config) {
                  Words words;
                  for (const auto& item : way(config)) words.push_back(write(item));
                  return bracketed(words);
                }};
  option.list = true;
  return option;
}

/// Words as they are.
template <class Way>
Option texts(const char* key, const char* meaning, Way way) {
  return list(
      key, meaning, way, [](const std::string& word) { return std::optional(word); },
      [](const std::string& word) { return '"' + word + '"'; }, "");
}

}  // namespace exwire::app
