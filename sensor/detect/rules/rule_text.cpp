// SPDX-License-Identifier: BSD-3-Clause
#include "sensor/detect/rules/rule_text.hpp"

#include <charconv>
#include <cstdint>

#include "sensor/base/hex_digit.hpp"

namespace exwire::detect::rules {
namespace {

constexpr std::string_view kBlanks = " \t\r\n";

// Where the option that starts at `at` ends: the next semicolon that is neither escaped nor quoted.
size_t end_of_option(std::string_view text, size_t at) {
  bool quoted = false;
  for (; at < text.size(); ++at) {
    if (text[at] == '\\') {
      ++at;
    } else if (text[at] == '"') {
      quoted = !quoted;
    } else if (text[at] == ';' && !quoted) {
      return at;
    }
  }
  throw RuleError(quoted ? "a quote is not closed" : "an option does not end with ';'");
}

Option read_option(std::string_view text) {
  Option option;
  const size_t colon = text.find(':');
  option.name = std::string(trimmed(text.substr(0, colon)));
  if (option.name.empty()) throw RuleError("an option has no name");
  if (colon == std::string_view::npos) return option;
  std::string_view value = trimmed(text.substr(colon + 1));
  if (!value.empty() && value[0] == '!' && value.find('"') != std::string_view::npos) {
    option.negated = true;
    value = trimmed(value.substr(1));
  }
  if (value.size() >= 2 && value.front() == '"' && value.back() == '"') {
    option.quoted = true;
    value = value.substr(1, value.size() - 2);
  }
  option.value = std::string(value);
  return option;
}

// Blanks within [...] belong to the list.
std::vector<std::string> split_head(std::string_view text) {
  std::vector<std::string> words;
  std::string word;
  int depth = 0;
  for (const char letter : text) {
    if (letter == '[') ++depth;
    if (letter == ']') --depth;
    if (kBlanks.find(letter) == std::string_view::npos) {
      word += letter;
    } else if (depth == 0 && !word.empty()) {
      words.push_back(std::move(word));
      word.clear();
    }
  }
  if (!word.empty()) words.push_back(word);
  return words;
}

}  // namespace

std::string_view trimmed(std::string_view text) noexcept {
  const size_t first = text.find_first_not_of(kBlanks);
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(kBlanks) - first + 1);
}

FirstWord first_word(std::string_view text) noexcept {
  const size_t blank = text.find_first_of(" \t");
  if (blank == std::string_view::npos) return {text, {}};
  return {text.substr(0, blank), trimmed(text.substr(blank))};
}

RuleText split_rule(std::string_view line) {
  const size_t open = line.find('(');
  const std::string_view whole = trimmed(line);
  if (open == std::string_view::npos || whole.back() != ')') {
    throw RuleError("a rule is HEAD (OPTIONS)");
  }
  RuleText rule;
  rule.head = split_head(line.substr(0, open));
  if (rule.head.size() != 7) {
    throw RuleError("a head is ACTION PROTOCOL SOURCE PORT -> DESTINATION PORT");
  }
  const std::string_view body = line.substr(open + 1, line.rfind(')') - open - 1);
  for (size_t at = 0; !trimmed(body.substr(at)).empty();) {
    const size_t end = end_of_option(body, at);
    rule.options.push_back(read_option(body.substr(at, end - at)));
    at = end + 1;
  }
  return rule;
}

std::string content_octets(std::string_view text) {
  std::string octets;
  bool hex = false;
  int high = -1;
  for (size_t at = 0; at < text.size(); ++at) {
    const char letter = text[at];
    if (letter == '|') {
      if (high >= 0) throw RuleError("hexadecimal octets have two digits");
      hex = !hex;
    } else if (hex) {
      if (letter == ' ') continue;
      const int digit = hex_digit(letter);
      if (digit < 0) throw RuleError(std::string("'") + letter + "' is no hexadecimal digit");
      if (high >= 0) octets += static_cast<char>(high * 16 + digit);
      high = high >= 0 ? -1 : digit;
    } else if (letter == '\\' && at + 1 < text.size()) {
      octets += text[++at];
    } else {
      octets += letter;
    }
  }
  if (hex) throw RuleError("a '|' is not closed");
  if (octets.empty()) throw RuleError("a content is empty");
  return octets;
}

std::string unescaped(std::string_view text) {
  std::string plain;
  for (size_t at = 0; at < text.size(); ++at) {
    const bool escape = text[at] == '\\' && at + 1 < text.size() &&
                        (text[at + 1] == '"' || text[at + 1] == ';' || text[at + 1] == '\\');
    if (escape) ++at;
    plain += text[at];
  }
  return plain;
}

std::vector<std::string> split_list(std::string_view text) {
  std::vector<std::string> parts;
  int depth = 0;
  size_t start = 0;
  for (size_t at = 0; at <= text.size(); ++at) {
    if (at < text.size() && text[at] == '[') ++depth;
    if (at < text.size() && text[at] == ']') --depth;
    if (at < text.size() && (text[at] != ',' || depth > 0)) continue;
    const std::string_view part = trimmed(text.substr(start, at - start));
    if (!part.empty()) parts.emplace_back(part);
    start = at + 1;
  }
  return parts;
}

uint64_t digits_to_number(std::string_view text, int base) {
  uint64_t value = 0;
  const auto [rest, error] = std::from_chars(text.data(), text.data() + text.size(), value, base);
  if (error != std::errc{} || rest != text.data() + text.size()) {
    throw RuleError("'" + std::string(text) + "' is no number");
  }
  return value;
}

int64_t whole_number(std::string_view text, int64_t least, int64_t most) {
  int64_t value = 0;
  const auto [rest, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || rest != text.data() + text.size() || value < least || value > most) {
    throw RuleError("'" + std::string(text) + "' is no whole number from " + std::to_string(least) +
                    " to " + std::to_string(most));
  }
  return value;
}

}  // namespace exwire::detect::rules
